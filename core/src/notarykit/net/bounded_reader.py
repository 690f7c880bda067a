"""Bounded reader: every byte of a response, header fields included, is charged to a budget."""

import http.client
import io
import socket
from typing import Any

from notarykit.net.budget import Budget

MAX_HEAD_BYTES = 64 * 1024
MAX_HEADER_FIELDS = 100  # the limit of http.client


class HeadTooLargeError(http.client.HTTPException):
    """The status line, header fields or trailers of a response are too many or too long."""


class _MeteredStream(io.RawIOBase):
    """Raw stream of a socket that takes its timeouts from a budget and charges its bytes to it."""

    def __init__(self, connected: socket.socket, budget: Budget, seconds: float) -> None:
        super().__init__()
        self._socket = connected
        self._file = connected.makefile("rb", buffering=0)
        self._budget = budget
        self._seconds = seconds
        self.has_ended = False
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._socket.settimeout(self._budget.seconds(self._seconds))
        count = self._file.readinto(buffer) or 0
        self._budget.spend(count)
        self.count += count
        self.has_ended = not count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _HeadLimitedReader(io.BufferedReader):
    """Buffered reader that bounds consecutive lines: status line and header fields, 1xx responses, trailers.

    http.client bounds each line and the fields of one header section, which allows a hundred times as much, and
    neither the number of 1xx responses nor that of trailers.
    """

    def __init__(self, stream: _MeteredStream) -> None:
        super().__init__(stream)
        self._left = MAX_HEAD_BYTES

    def readline(self, size: int | None = -1, /) -> bytes:
        limit = self._left + 1
        line = super().readline(limit if size is None or size < 0 else min(size, limit))
        self._left -= len(line)
        if self._left < 0:
            raise HeadTooLargeError
        return line

    def read1(self, size: int = -1, /) -> bytes:
        self._left = MAX_HEAD_BYTES
        return super().read1(size)

    def read(self, size: int | None = -1, /) -> bytes:
        self._left = MAX_HEAD_BYTES
        return super().read(size)


class _ResponseSocket:
    """The part of a socket's interface that http.client.HTTPResponse uses."""

    def __init__(self, connected: socket.socket, budget: Budget, seconds: float) -> None:
        self._arguments = (connected, budget, seconds)

    def makefile(self, _: str) -> io.BufferedReader:
        return _HeadLimitedReader(_MeteredStream(*self._arguments))


class MeteredResponse(http.client.HTTPResponse):
    """HTTP response whose header section must be complete; http.client accepts one cut off by the end of the stream."""

    def begin(self) -> None:
        """Reads the header section, after any interim responses (RFC 9110, section 15.2)."""
        super().begin()
        while 100 < self.status < 200 and self.status != 101:  # noqa: PLR2004
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()
        if self.stream.has_ended:
            raise http.client.IncompleteRead(b"")

    @property
    def stream(self) -> _MeteredStream:
        """The metered stream."""
        assert isinstance(self.fp, _HeadLimitedReader)
        assert isinstance(self.fp.raw, _MeteredStream)
        return self.fp.raw


def meter_responses(connection: http.client.HTTPConnection, budget: Budget, seconds: float) -> None:
    """Charges everything that is read from a connection to a budget.

    Args:
        connection: The connection, before a request is sent.
        budget: The budget.
        seconds: Longest wait for the next byte.
    """

    def response(connected: socket.socket, **options: Any) -> http.client.HTTPResponse:
        return metered_response(connected, budget, seconds, **options)

    connection.response_class = response  # type: ignore[assignment]


def metered_response(connected: socket.socket, budget: Budget, seconds: float, **options: Any) -> MeteredResponse:
    """Returns the next response on a socket; `begin` reads its header section."""
    return MeteredResponse(_ResponseSocket(connected, budget, seconds), **options)  # type: ignore[arg-type]
