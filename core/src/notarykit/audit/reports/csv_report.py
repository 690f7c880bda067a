"""CSV of an audit (RFC 4180): a row for each artifact, with the signature that decided its verdict."""

import csv
import re
from collections.abc import Iterable
from typing import Any, TextIO

from notarykit._internal.printable import printable
from notarykit.audit.record import ArtifactRecord, SignatureOutcome, SignatureRecord

_ARTIFACT = (
    "registry", "repository", "digest", "tags", "platform", "parent", "mediaType", "artifactType", "size", "verdict",
    "policy", "level", "reason", "advice", "ends", "endsBy", "auditedAt",
)  # fmt: skip
_SIGNATURE = (
    "outcome", "signer", "issuer", "thumbprint", "mediaType", "signedAt", "expiry", "chainEnds", "timestamp",
    "timestampEnds", "revocation",
)  # fmt: skip
# Spreadsheets take a cell that begins with one of these for a formula, those of full width and a tab included.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t")
# Where the decimal separator is a comma, spreadsheets take a semicolon for the end of a cell, whatever the quotes.
_INNER_FORMULA = re.compile(rf"(;\s*)(?=[{re.escape(''.join(_FORMULA))}])")
_ACCEPTED = (SignatureOutcome.ACCEPTED, SignatureOutcome.AUDITED)


def write_csv(records: Iterable[ArtifactRecord], file: TextIO) -> None:
    """Writes a header and a row for each record.

    Text that spreadsheets take for a formula has an apostrophe before it; control characters are escaped.

    Args:
        records: Records of the audit.
        file: Where the rows go, in UTF-8 and without translation of line ends.
    """
    writer = csv.writer(file)
    writer.writerow([*_ARTIFACT, "signatures", *(f"signature.{member}" for member in _SIGNATURE)])
    for record in records:
        artifact, signature = record.to_json(), _decisive(record).to_json() if record.signatures else {}
        row = [artifact[member] for member in _ARTIFACT]
        row += [len(record.signatures), *(signature.get(member) for member in _SIGNATURE)]
        writer.writerow(map(_cell, row))


def _decisive(record: ArtifactRecord) -> SignatureRecord:
    """Returns the first signature that was accepted, otherwise the first."""
    accepted = [signature for kind in _ACCEPTED for signature in record.signatures if signature.outcome is kind]
    return (accepted or list(record.signatures))[0]


def _cell(value: Any) -> str | int:
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    text = _INNER_FORMULA.sub(r"\1'", printable(" ".join(value) if isinstance(value, list) else value))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
