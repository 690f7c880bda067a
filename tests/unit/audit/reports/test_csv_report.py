"""CSV of an audit: one row for each artifact, and no formula in it."""

import csv
import io
from typing import Any

import pytest

from notarykit.audit.record import ArtifactRecord, SignatureOutcome, SignatureRecord
from notarykit.audit.reports.csv_report import write_csv
from tests.support.records import make_record, make_signature


def _rows(*records: ArtifactRecord) -> list[dict[str, str]]:
    file = io.StringIO(newline="")
    write_csv(records, file)
    return [*csv.DictReader(io.StringIO(file.getvalue(), newline=""))]


def test_row_of_an_artifact() -> None:
    """The columns are the record's members, and those of the signature that decided."""
    (row,) = _rows(make_record(tags=("v1", "latest")))
    record, signature = make_record(), make_signature()
    assert row == {
        "registry": record.registry,
        "repository": record.repository,
        "digest": record.digest,
        "tags": "v1 latest",
        "platform": "",
        "parent": "",
        "mediaType": record.media_type,
        "artifactType": record.artifact_type,
        "size": "942",
        "verdict": "verified",
        "policy": "wabbit-networks",
        "level": "strict",
        "reason": "",
        "advice": "",
        "ends": "2027-01-01T00:00:00Z",
        "endsBy": "certificate",
        "auditedAt": "2026-06-01T12:00:00Z",
        "signatures": "1",
        "signature.outcome": "accepted",
        "signature.signer": signature.signer,
        "signature.issuer": signature.issuer,
        "signature.thumbprint": signature.thumbprint,
        "signature.mediaType": "application/jose+json",
        "signature.signedAt": "2026-01-01T00:00:00Z",
        "signature.expiry": "",
        "signature.chainEnds": "2027-01-01T00:00:00Z",
        "signature.timestamp": "",
        "signature.timestampEnds": "",
        "signature.revocation": "good",
    }


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "  =1",
        "\uff1d1",
        "=cmd|' /C calc'!A0",
        '=HYPERLINK("http://x.test")',
        "\r=1",
    ],
)
@pytest.mark.parametrize("column", ["repository", "reason", "policy", "advice"])
def test_no_cell_is_a_formula(column: str, text: str) -> None:
    """What spreadsheets take for a formula has an apostrophe before it, or an escape in the place of its control."""
    changes: dict[str, Any] = {column: text}
    (row,) = _rows(make_record(**changes))
    assert row[column][0] in "'\\"
    assert row[column].lstrip("'").replace("\\t", "\t").replace("\\r", "\r") == text


def test_tags_and_signers_are_no_formulas() -> None:
    """Texts of signatures and joined texts are guarded, too."""
    (row,) = _rows(make_record(tags=("-1",), signatures=(make_signature(signer="=1", issuer="@x"),)))
    assert (row["tags"], row["signature.signer"], row["signature.issuer"]) == ("'-1", "'=1", "'@x")


@pytest.mark.parametrize(("text", "cell"), [("a;=1;b", "a;'=1;b"), (";; @x", ";; '@x"), ("a; b-c;d", "a; b-c;d")])
def test_part_behind_a_semicolon_is_no_formula(text: str, cell: str) -> None:
    """Spreadsheets split cells at semicolons where commas stand in numbers, and each part could be a formula."""
    (row,) = _rows(make_record(reason=text))
    assert row["reason"] == cell


def test_control_characters_are_escaped() -> None:
    """Line ends, terminal sequences and changes of direction do no harm, and separators are quoted."""
    (row,) = _rows(make_record(reason='a\nb\x1b[31m\u202ec,"d";e'))
    assert row["reason"] == 'a\\nb\\x1b[31m\\u202ec,"d";e'


def test_signature_that_decided() -> None:
    """The first that was accepted counts, then the first that was let pass, otherwise the first."""
    refused = make_signature(1, signer="refused", outcome=SignatureOutcome.REFUSED)
    audited = make_signature(2, signer="audited", outcome=SignatureOutcome.AUDITED)
    accepted = make_signature(3, signer="accepted")
    rows = _rows(
        make_record(signatures=(refused, audited, accepted)),
        make_record(signatures=(refused, audited)),
        make_record(signatures=(refused, SignatureRecord("x"))),
        make_record(signatures=()),
    )
    assert [row["signature.signer"] for row in rows] == ["accepted", "audited", "refused", ""]
    assert [row["signatures"] for row in rows] == ["3", "2", "2", "0"]
