"""Limits that requests lacks: the end of the call, since its own limits are for one read each, and an answer's size."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from requests import Response
from requests.exceptions import RequestException, Timeout

from notarykit.plugin.deadline import seconds_left
from notarykit.plugin.service import timeout

LARGEST_ANSWER = 4 * 1024 * 1024

Result = TypeVar("Result")


class TooLongError(RequestException):
    """An answer is longer than any of Vault's about a key."""


def in_time(work: Callable[[], Result]) -> Result:
    """What the work returns; at the end of the call, work that still goes on is left to itself.

    Raises:
        Timeout: The end of the call has come.
    """
    try:
        return timeout.in_time(work)
    except timeout.OutOfTimeError:
        raise Timeout from None


def bounded(response: Response, **_more: Any) -> None:
    """A hook of requests that reads the body: an answer that is too long or too slow is given up."""
    response.raw = _Bounded(response.raw)
    _ = response.content  # at once, so that the connection is free whatever requests fails with before it reads


class _Bounded:
    """What urllib3 reads from, with limits; they count for what was unpacked."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, *arguments: Any, **named: Any) -> Iterator[bytes]:
        size = 0
        for part in self._raw.stream(*arguments, **named):
            size += len(part)
            if size > LARGEST_ANSWER or seconds_left() <= 0:
                self._raw.close()
                raise TooLongError if size > LARGEST_ANSWER else Timeout
            yield part
