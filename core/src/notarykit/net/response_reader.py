"""Response reader: llhttp parses (RFC 9112); every byte is charged to a budget, and header sections are bounded."""

import socket
from collections.abc import Callable, Sequence

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser

from notarykit.net.budget import Budget

MAX_HEAD_BYTES = 64 * 1024
MAX_HEADER_FIELDS = 100
_SWITCHING_PROTOCOLS = 101
# The first bytes of a TLS alert, the reply of TLS servers to anything else (RFC 8446, section 5.1).
_ALERT = b"\x15\x03"


class ResponseError(Exception):
    """There is no response that can be used."""


class HeadTooLargeError(ResponseError):
    """The status line, header fields or trailers of a response are too many or too long."""


class BodyTooLargeError(Exception):
    """The content of a response exceeds its limit."""


class TruncatedResponseError(ResponseError):
    """The connection was closed before the response was complete."""


class MalformedResponseError(ResponseError):
    """The response is not HTTP/1; the text, llhttp's reason, repeats nothing of the server's."""


class UnexpectedTLSError(ResponseError):
    """The server sent a TLS alert in place of a response."""


class HeaderFields:
    """Header fields in their order; names are case-insensitive."""

    def __init__(self, fields: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self._fields = fields
        self._first = {name.lower(): value for name, value in reversed(fields)}

    def get(self, name: str, default: str = "") -> str:
        """Returns the value of the first field of a name, or the default."""
        value = self._first.get(name.lower().encode("latin-1"))
        return default if value is None else value.decode("latin-1").strip(" \t")

    def get_all(self, name: str) -> list[str]:
        """Returns the values of all fields of a name."""
        key = name.lower().encode("latin-1")
        return [value.decode("latin-1").strip(" \t") for field, value in self._fields if field.lower() == key]

    def items(self) -> list[tuple[str, str]]:
        """Returns all fields."""
        return [(name.decode("latin-1"), value.decode("latin-1").strip(" \t")) for name, value in self._fields]


class ResponseReader:
    """Reads the responses on a connected socket: the head of each, then its content. The parser calls `on_` methods.

    Attributes:
        has_begun: True once a byte of the response has arrived.
        status: The status code; 0 until the header section is complete. Interim responses are skipped.
        size: Bytes of content that have arrived.
        persists: True if the connection can be used again once the response was read to its end.
    """

    def __init__(self, connected: socket.socket) -> None:
        """Takes the socket, TLS included; reads nothing yet."""
        self._socket = connected
        self._is_fresh = False

    def begin(self, method: str, budget: Budget, seconds: float) -> None:
        """Begins with the next response.

        Args:
            method: The method of the request; responses to HEAD and CONNECT have no content.
            budget: Charged with the bytes; its seconds bound each wait.
            seconds: Longest wait for the next byte.
        """
        if not self._is_fresh:  # a response to HEAD leaves a parser waiting for content
            self._parser = _new_parser(self)
        self._is_head_only = method in ("HEAD", "CONNECT")
        self._is_fresh = not self._is_head_only
        self._budget = budget
        self._seconds = seconds
        self._fields: list[tuple[bytes, bytes]] = []
        self._trailers = 0
        self._parts: list[bytes] = []
        self.size = 0
        self._unbroken = 0  # bytes since the last piece of content
        self._is_complete = False
        self.has_begun = False
        self.status = 0
        self.persists = False

    def read_head(self) -> HeaderFields:
        """Reads up to the end of the header section.

        Raises:
            OSError: The connection is broken.
            TruncatedResponseError: It ends within the header section.
            MalformedResponseError: The response is not HTTP/1.
        """
        while not self.status:
            self._receive()
        if not self._parser.get_http_version().startswith("1."):
            raise MalformedResponseError("unknown version")
        return HeaderFields(self._fields)

    def read_body(self, limit: int, sink: Callable[[bytes], object] | None = None) -> bytes:
        """Reads the content.

        Args:
            limit: Its largest size.
            sink: Function that takes it piece by piece, as it comes; the content that is returned is empty then.

        Raises:
            BodyTooLargeError: It exceeds the limit.
            TruncatedResponseError: The connection ends before it.
        """
        while True:
            if self.size > limit:
                raise BodyTooLargeError
            if sink is not None:
                parts, self._parts = self._parts, []
                for part in parts:
                    sink(part)
            if self._is_complete:
                return b"".join(self._parts)
            self._receive()

    def _receive(self) -> None:
        set_timeout(self._socket, self._budget.seconds(self._seconds))
        data = self._socket.recv(MAX_HEAD_BYTES + 1 - self._unbroken)
        self._budget.spend(len(data))
        if not data:
            return self._end()
        self._unbroken += len(data)
        self._parse(data)
        if self._unbroken > MAX_HEAD_BYTES or max(len(self._fields), self._trailers) > MAX_HEADER_FIELDS:
            raise HeadTooLargeError
        return None

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self.persists = False
        except HttpParserCallbackError as error:  # an interrupt of the program that came during a callback
            raise error.__context__ or error from None
        except HttpParserError as error:
            self.persists = False
            if not self.has_begun and data.startswith(_ALERT):
                raise UnexpectedTLSError from None
            if not self._is_complete:
                raise MalformedResponseError(str(error)) from None
        self.has_begun = True

    def _end(self) -> None:
        """Ends a response by the end of the connection, which ends content without a length (RFC 9112, 6.3)."""
        headers = HeaderFields(self._fields)
        if not self.status or headers.get_all("Content-Length") or headers.get_all("Transfer-Encoding"):
            raise TruncatedResponseError
        self._is_complete = True

    def on_message_begin(self) -> None:
        """Notes bytes behind the response, after which the connection is not used again."""
        if self._is_complete:
            self.persists = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keeps a field; trailers are counted and dropped."""
        if self.status:
            self._trailers += 1
        else:
            self._fields.append((name.rstrip(), value))  # llhttp reads a length with blanks before its colon

    def on_headers_complete(self) -> None:
        """Ends the header section, unless it is an interim response's (RFC 9110, section 15.2)."""
        status = self._parser.get_status_code()
        if self.status:
            return
        if 100 <= status < 200 and status != _SWITCHING_PROTOCOLS:  # noqa: PLR2004
            self._fields = []
            return
        self.status = status
        self.persists = (self._parser.should_keep_alive() or self._is_persistent_head()) and not self._is_ambiguous()
        self._is_complete = self._is_head_only

    def _is_ambiguous(self) -> bool:
        """Returns True for two framings, which may be read differently on the way (RFC 9112, section 6.3)."""
        names = {name.lower() for name, _ in self._fields}
        return {b"content-length", b"transfer-encoding"} <= names

    def _is_persistent_head(self) -> bool:
        """Returns True for a response to HEAD that leaves the connection open; llhttp expects content of it."""
        options = HeaderFields(self._fields).get("Connection").lower()
        return self._is_head_only and self._parser.get_http_version() == "1.1" and "close" not in options

    def on_body(self, part: bytes) -> None:
        """Keeps a piece of content."""
        if self._is_complete:  # behind a response that has none
            self.persists = False
            return
        self._parts.append(part)
        self.size += len(part)
        self._unbroken = 0

    def on_message_complete(self) -> None:
        """Ends the response, unless it is an interim one."""
        self._is_complete = bool(self.status)


def set_timeout(connected: socket.socket, seconds: float) -> None:
    """Sets the timeout of a socket if it is another one, since that is a system call."""
    if connected.gettimeout() != seconds:
        connected.settimeout(seconds)


def _new_parser(reader: ResponseReader) -> HttpResponseParser:
    parser = HttpResponseParser(reader)
    parser.set_dangerous_leniencies(  # as Go: folded fields, bare line feeds, padded sizes
        lenient_headers=True,
        lenient_chunked_length=True,
        lenient_optional_cr_before_lf=True,
        lenient_spaces_after_chunk_size=True,
    )
    return parser
