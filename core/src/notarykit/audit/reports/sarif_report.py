"""SARIF of an audit (OASIS, Static Analysis Results Interchange Format 2.1.0): a result for each finding."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TextIO
from urllib.parse import quote

from notarykit._internal.printable import printable
from notarykit._internal.rfc3339 import format_rfc3339
from notarykit._internal.strict_json import dumps
from notarykit._internal.version import __version__
from notarykit.audit.counts import PART, Counts
from notarykit.audit.header import AuditHeader
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/notarykit/notarykit"


class _Rule(NamedTuple):
    """Rule of the tool; its id never changes."""

    id: str
    level: str
    text: str
    help: str


_ENDING = _Rule(
    "verdict-ends",
    "warning",
    "The verdict on the artifact ends soon.",
    "Sign the artifact again before the end, with a timestamp, which outlasts the certificates.",
)
_RULES = {
    ArtifactVerdict.FAILED: _Rule(
        "signature-not-accepted",
        "error",
        "No signature of the artifact is accepted under the trust policy.",
        "The reason names the step that failed. Do not use the artifact before it is signed again.",
    ),
    ArtifactVerdict.UNSIGNED: _Rule(
        "artifact-unsigned", "error", "The artifact has no signature.", "Sign it, or remove it from the registry."
    ),
    ArtifactVerdict.NO_POLICY: _Rule(
        "no-trust-policy",
        "error",
        "No trust policy statement applies to the repository.",
        "Add the repository to the registryScopes of a statement.",
    ),
    ArtifactVerdict.UNKNOWN: _Rule(
        "artifact-not-read",
        "warning",
        "The artifact or its signatures could not be read.",
        "Correct the cause that the reason names, and audit again.",
    ),
    ArtifactVerdict.AUDITED: _Rule(
        "signer-not-trusted",
        "note",
        "The signer is not trusted, and the level audit of the trust policy lets the signature pass.",
        "Add the signer's root to a trust store, or have the artifact signed by a trusted signer.",
    ),
}


def write_sarif(records: Iterable[ArtifactRecord], header: AuditHeader, file: TextIO) -> None:
    """Writes one run, whose results are streamed.

    Args:
        records: Records of the audit, in its order.
        header: Header of the audit.
        file: Where the log goes, in UTF-8.
    """
    rules = [_rule_json(rule) for rule in (*_RULES.values(), _ENDING)]
    driver = {"name": "notarykit", "version": __version__, "informationUri": _HOME, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"notarykit-audit/{format_rfc3339(header.started_at)}"},
        "properties": {"audit": header.to_json()},
    }
    # Everything but the results, which are put before the last three brackets: of the run, of the runs, of the log.
    frame = dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}).decode()
    file.write(frame[:-3] + ',"results":[')
    separator = ""
    for result in _results(records, header):
        file.write(f"{separator}\n{dumps(result).decode()}")
        separator = ","
    file.write("]" + frame[-3:] + "\n")


def _rule_json(rule: _Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.text},
        "help": {"text": rule.help},
        "helpUri": f"{_HOME}/blob/main/docs/audit.md",
        "defaultConfiguration": {"level": rule.level},
    }


def _results(records: Iterable[ArtifactRecord], header: AuditHeader) -> Iterator[dict[str, Any]]:
    counts = Counts(header)
    for record in records:
        status = counts.add(record)
        if status != PART and (rule := _RULES.get(record.verdict)) is not None:
            yield _result(record, rule, record.reason or rule.text)
        if counts.is_ending(record):
            assert record.ends is not None
            yield _result(record, _ENDING, f"the verdict ends on {format_rfc3339(record.ends)} by {record.ends_by}")


def _result(record: ArtifactRecord, rule: _Rule, reason: str) -> dict[str, Any]:
    name = printable(record.reference)
    advice = f" {printable(record.advice)}." if record.advice else ""
    return {
        "ruleId": rule.id,
        "level": rule.level,
        "message": {"text": f"{name}: {printable(reason)}.{advice}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": f"oci://{quote(record.reference, safe='/:@[]')}"}},
                "logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"artifact/v1": f"{name} {rule.id}"},
        "properties": {"tags": [printable(tag) for tag in record.tags], "verdict": record.verdict.value},
    }
