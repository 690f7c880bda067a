"""Documents of decisions: what `notarykit verify --output json` prints for an image, without its reference."""

import json
from typing import Any

import msgspec

import notarykit
from notarykit import NotarykitError, VerifiedArtifact


def document_of(outcome: VerifiedArtifact | NotarykitError) -> bytes:
    """Returns the document of a verification in JSON, without the member `reference`, since several may lead to it.

    Args:
        outcome: The image that was accepted, or the error.
    """
    document = notarykit.verdict_document("", outcome)
    del document["reference"]
    for part in (document, *document.get("notAccepted", ())):
        _without_flags(part.get("error"))
    try:
        return msgspec.json.encode(document, enc_hook=_plain)
    except UnicodeEncodeError:  # half of a surrogate pair, out of foreign bytes
        return json.dumps(document, separators=(",", ":")).encode("ascii")


def _plain(value: object) -> str:
    """Returns a digest as text, of which it is a kind that msgspec does not know."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _without_flags(error: dict[str, Any] | None) -> None:
    """Leaves out advice on flags, which is for users of the command line."""
    if error is not None and "--" in error["advice"]:
        error["advice"] = ""
