"""Reading from a connection as far as a budget goes: every byte of an answer counts, its header fields' too."""

import http.client
import io
import socket
from typing import Any

from notarykit.net.budget import Budget


class _Meter(io.RawIOBase):
    """What comes in on a socket; before each read the time that is left is set, behind it the bytes are taken."""

    def __init__(self, connected: socket.socket, budget: Budget, seconds: float) -> None:
        super().__init__()
        self._socket = connected
        self._file = connected.makefile("rb", buffering=0)
        self._budget = budget
        self._seconds = seconds
        self.has_ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._socket.settimeout(self._budget.seconds(self._seconds))
        count = self._file.readinto(buffer) or 0
        self._budget.spend(count)
        self.has_ended = not count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _Socket:
    """A socket as far as http.client asks one for an answer."""

    def __init__(self, connected: socket.socket, budget: Budget, seconds: float) -> None:
        self._arguments = (connected, budget, seconds)

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_Meter(*self._arguments))


class _Answer(http.client.HTTPResponse):
    """An answer whose head must be whole; http.client takes the end of the connection for the end of the head."""

    def begin(self) -> None:
        super().begin()
        if isinstance(self.fp.raw, _Meter) and self.fp.raw.has_ended:
            raise http.client.IncompleteRead(b"")


def meter(connection: http.client.HTTPConnection, budget: Budget, seconds: float) -> None:
    """Has all that is read from a connection, a proxy's answer included, taken from a budget.

    Args:
        connection: The connection, before a request is sent.
        budget: What may be spent.
        seconds: How long to wait for the next byte at most.
    """

    def response(connected: socket.socket, **options: Any) -> http.client.HTTPResponse:
        return _Answer(_Socket(connected, budget, seconds), **options)  # type: ignore[arg-type]

    connection.response_class = response  # type: ignore[assignment]
