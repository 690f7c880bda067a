"""Reading from a connection as far as a budget goes: every byte of an answer counts, its header fields' too."""

import http.client
import io
import socket
from typing import Any

from notarykit.net.budget import Budget

LARGEST_HEAD = 64 * 1024
MOST_FIELDS = 100  # http.client's own bound


class HeadTooLargeError(http.client.HTTPException):
    """The lines of an answer that are not its content are too many or too long."""


class _Meter(io.RawIOBase):
    """What comes in on a socket; before each read the time that is left is set, behind it the bytes are taken."""

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


class _Reader(io.BufferedReader):
    """Lines and content; lines without content between them are a head, however many heads they are.

    That is the status line with the fields, all of them where answers of 1xx come first, and the trailers: http.client
    bounds each line and the lines of one head, which is a hundred times as much, and neither heads nor trailers.
    """

    def __init__(self, meter: _Meter) -> None:
        super().__init__(meter)
        self._left = LARGEST_HEAD

    def readline(self, size: int | None = -1, /) -> bytes:
        most = self._left + 1
        line = super().readline(most if size is None or size < 0 else min(size, most))
        self._left -= len(line)
        if self._left < 0:
            raise HeadTooLargeError
        return line

    def read1(self, size: int = -1, /) -> bytes:
        self._left = LARGEST_HEAD
        return super().read1(size)

    def read(self, size: int | None = -1, /) -> bytes:
        self._left = LARGEST_HEAD
        return super().read(size)


class _Socket:
    """A socket as far as http.client asks one for an answer."""

    def __init__(self, connected: socket.socket, budget: Budget, seconds: float) -> None:
        self._arguments = (connected, budget, seconds)

    def makefile(self, _: str) -> io.BufferedReader:
        return _Reader(_Meter(*self._arguments))


class Answer(http.client.HTTPResponse):
    """An answer whose head must be whole; http.client takes the end of the connection for the end of the head."""

    def begin(self) -> None:
        """Reads the head, beyond those of answers that announce another (RFC 9110, section 15.2)."""
        super().begin()
        while 100 < self.status < 200 and self.status != 101:  # noqa: PLR2004
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()
        if self.meter.has_ended:
            raise http.client.IncompleteRead(b"")

    @property
    def meter(self) -> _Meter:
        """What has been read."""
        assert isinstance(self.fp, _Reader)
        assert isinstance(self.fp.raw, _Meter)
        return self.fp.raw


def meter(connection: http.client.HTTPConnection, budget: Budget, seconds: float) -> None:
    """Has all that is read from a connection taken from a budget.

    Args:
        connection: The connection, before a request is sent.
        budget: What may be spent.
        seconds: How long to wait for the next byte at most.
    """

    def response(connected: socket.socket, **options: Any) -> http.client.HTTPResponse:
        return answer_on(connected, budget, seconds, **options)

    connection.response_class = response  # type: ignore[assignment]


def answer_on(connected: socket.socket, budget: Budget, seconds: float, **options: Any) -> Answer:
    """The answer that comes next on a socket; `begin` reads its head."""
    return Answer(_Socket(connected, budget, seconds), **options)  # type: ignore[arg-type]
