"""Records of an audit, and their form in JSON."""

from typing import Any

import pytest

from notarykit._internal.strict_json import DocumentError, Members, dumps, loads
from notarykit.audit.record import (
    ArtifactRecord,
    ArtifactVerdict,
    EndsBy,
    RevocationOutcome,
    SignatureOutcome,
    SignatureRecord,
)
from tests.support.records import AUDITED_AT, ENDS, make_record, make_signature

_DIGEST = f"sha256:{1:064x}"


def _parse(value: Any) -> ArtifactRecord:
    return ArtifactRecord.from_json(Members(value, "line 1"))


@pytest.mark.parametrize(
    "record",
    [
        make_record(),
        make_record(ends=None, ends_by=EndsBy.NOTHING, platform="linux/arm64/v8", parent=_DIGEST, tags=()),
        make_record(verdict=ArtifactVerdict.NO_POLICY, signatures=(SignatureRecord(_DIGEST),), reason="no policy"),
        make_record(signatures=(make_signature(timestamp=AUDITED_AT, timestamp_ends=ENDS, expiry=ENDS),)),
        make_record(signatures=(make_signature(outcome=SignatureOutcome.REFUSED, reason="\u202e\n<b>"),)),
        make_record(signatures=(make_signature(revocation=RevocationOutcome.NOT_CHECKED),), tags=("a", "b")),
    ],
)
def test_record_survives_json(record: ArtifactRecord) -> None:
    """A record that is written and read again is the same."""
    assert _parse(loads(dumps(record.to_json()))) == record


def test_json_has_camel_case_and_rfc_3339() -> None:
    """Members have the names and times the form of the other JSON outputs."""
    members = make_record(tags=("v1", "latest")).to_json()
    assert members["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert members["tags"] == ["v1", "latest"]
    assert (members["ends"], members["endsBy"]) == ("2027-01-01T00:00:00Z", "certificate")
    assert members["auditedAt"] == "2026-06-01T12:00:00Z"
    (signature,) = members["signatures"]
    assert (signature["signedAt"], signature["expiry"]) == ("2026-01-01T00:00:00Z", None)
    assert (signature["chainEnds"], signature["revocation"]) == ("2027-01-01T00:00:00Z", "good")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"verdict": "good"}, "'verdict': 'good' is not a valid"),
        ({"tags": [1]}, "'tags' must hold only strings"),
        ({"size": "942"}, "'size' must be an integer"),
        ({"ends": "tomorrow"}, "'ends': not a time"),
        ({"ends": 5}, "'ends' must be a string"),
        ({"auditedAt": None}, "'auditedAt' must not be null"),
        ({"digest": None}, "'digest' must be a string, not null"),
        ({"signatures": [{}]}, "signature has no member 'digest'"),
        ({"signatures": [None]}, "signature must be an object"),
        ({"colour": "red"}, "unknown member 'colour'"),
        *(({"digest": text}, "digest '") for text in ("x", "sha256:zz", "sha256:", f"sha256:{'_' * 64}")),
    ],
)
def test_malformed_record_is_refused(change: dict[str, Any], message: str) -> None:
    """The message names the line and the member."""
    with pytest.raises(DocumentError, match=f"^line 1.*{message}"):
        _parse({**make_record().to_json(), **change})


def test_absent_member_is_refused() -> None:
    """A record that lacks a member is not filled up."""
    members = make_record().to_json()
    del members["verdict"]
    with pytest.raises(DocumentError, match="no member 'verdict'"):
        _parse(members)


@pytest.mark.parametrize(
    ("changes", "reference"),
    [
        ({}, f"registry.example.com/software/net-monitor@{_DIGEST}"),
        ({"digest": ""}, "registry.example.com/software/net-monitor:v1"),
        ({"digest": "", "tags": ()}, "registry.example.com/software/net-monitor"),
    ],
)
def test_reference_names_what_is_known(changes: dict[str, Any], reference: str) -> None:
    """Where there is no digest, the tag or the repository is named."""
    assert make_record(**changes).reference == reference


@pytest.mark.parametrize(
    ("parent", "tags", "is_part"), [("", (), False), (_DIGEST, (), True), (_DIGEST, ("v",), False)]
)
def test_part_of_an_index_has_no_tag(parent: str, tags: tuple[str, ...], is_part: bool) -> None:
    """What is pulled by its own tag stands for itself, although an index lists it."""
    assert make_record(parent=parent, tags=tags).is_part is is_part
