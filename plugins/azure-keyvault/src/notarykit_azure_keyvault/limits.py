"""Limits that requests lacks: the end of the call, and the size of a response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from notarykit.plugin import seconds_left
from notarykit.plugin.service import timeout
from notarykit_azure_keyvault.errors import CALL_TIMED_OUT, TOO_LARGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import Response

Result = TypeVar("Result")

LARGEST_RESPONSE = 4 * 1024 * 1024


def in_time(work: Callable[[], Result]) -> Result:
    """What the work returns; at the end of the call, work that still goes on is left to itself.

    Raises:
        ServiceRequestTimeoutError: The end of the call has come.
    """
    from azure.core.exceptions import ServiceRequestTimeoutError

    try:
        return timeout.in_time(work)
    except timeout.OutOfTimeError:
        raise ServiceRequestTimeoutError(CALL_TIMED_OUT) from None


def bounded(response: Response, **_: Any) -> None:
    """A hook of requests, before it reads the body: an answer that is too long or too slow is given up."""
    response.raw = _Bounded(response.raw)


class _Bounded:
    """What urllib3 reads from, with limits; they count for what was unpacked."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, *arguments: Any, **named: Any) -> Iterator[bytes]:
        from requests.exceptions import ReadTimeout, RequestException

        size = 0
        for part in self._raw.stream(*arguments, **named):
            size += len(part)
            if size > LARGEST_RESPONSE or seconds_left() <= 0:
                self._raw.close()
                raise RequestException(TOO_LARGE) if size > LARGEST_RESPONSE else ReadTimeout(CALL_TIMED_OUT)
            yield part
