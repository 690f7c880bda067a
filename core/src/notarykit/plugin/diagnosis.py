"""Findings of `notarykit plugin doctor` about a key that does not sign."""

from __future__ import annotations

from notarykit._internal.light_namedtuple import LightNamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from notarykit.errors import NotarykitError

OK, WARNING, FAILED = "ok", "warning", "FAILED"


class Finding(LightNamedTuple):
    """Result of one step on the way to a signature.

    Attributes:
        step: The step, such as `token`.
        result: `ok`; `warning`, where a signature may be possible nevertheless; `FAILED`.
        detail: One line about the result.
        advice: What to do next, or an empty string.
    """

    step: str
    result: str
    detail: str
    advice: str = ""

    @classmethod
    def of_error(cls, step: str, error: NotarykitError) -> Self:
        """Returns the finding of a step that failed with an error."""
        return cls(step, FAILED, error.message, error.advice or "")
