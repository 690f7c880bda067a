"""Limits for bodies of responses that `requests` reads: their size, and the end of the call.

The timeouts of `requests` are for one read each: a server that sends a byte now and then is never too slow for them.
"""

from __future__ import annotations

from notarykit.plugin.time_limit import seconds_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

LARGEST_BODY = 4 * 1024 * 1024


def limit_body(
    response: Any,
    *,
    on_excess: Callable[[], Exception],
    on_timeout: Callable[[], Exception],
    largest: int = LARGEST_BODY,
) -> None:
    """Limits what reading a response's body may take, in bytes and by `seconds_left`.

    Call it in a response hook of a `requests.Session`, which runs before the body is read.

    Args:
        response: The `requests.Response`.
        on_excess: Makes the exception for a body that is too large; one of `requests`, for SDKs that catch those.
        on_timeout: Makes the exception for a body that has not ended with the call.
        largest: How many bytes are read at most, after decompression.
    """
    response.raw = _LimitedStream(response.raw, largest, on_excess, on_timeout)


class _LimitedStream:
    """Stands in front of the `urllib3.HTTPResponse` that `requests` reads from."""

    def __init__(
        self, raw: Any, largest: int, on_excess: Callable[[], Exception], on_timeout: Callable[[], Exception]
    ) -> None:
        self._raw = raw
        self._largest = largest
        self._on_excess = on_excess
        self._on_timeout = on_timeout

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, *arguments: Any, **named: Any) -> Iterator[bytes]:
        size = 0
        for part in self._raw.stream(*arguments, **named):
            size += len(part)
            if size > self._largest or seconds_left() <= 0:
                self._raw.close()
                raise self._on_excess() if size > self._largest else self._on_timeout()
            yield part
