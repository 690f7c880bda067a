"""What a plugin finds when it looks around for somebody whose key does not sign."""

from __future__ import annotations

from notarykit._internal.light_namedtuple import LightNamedTuple
from notarykit.errors import NotarykitError

OK, WARNING, FAILED = "ok", "warning", "FAILED"


class Finding(LightNamedTuple):
    """One step on the way to a signature.

    Attributes:
        step: What was looked at.
        result: `ok`; `warning`, where a signature may be possible nevertheless; `FAILED`.
        detail: What was found.
        advice: What to do about it.
    """

    step: str
    result: str
    detail: str
    advice: str = ""


def failure(step: str, error: NotarykitError) -> Finding:
    """A step that ended with an error."""
    return Finding(step, FAILED, error.message, error.advice or "")
