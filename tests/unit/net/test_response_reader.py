"""Response reader: framing, what parsers read differently, and connections that are used again."""

import contextlib
import signal
import ssl
import threading

import pytest

from notarykit.errors import NetworkError
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.pool import ConnectionPool
from notarykit.net.response_reader import HeaderFields
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.http_server import Connection, Reply
from tests.unit.net.conftest import Start
from tests.unit.net.server import Answer, Browser, raw

_HEAD = b"HTTP/1.1 200 OK\r\n"
_ONE = _HEAD + b"Content-Length: 1\r\n\r\nx"


def _kept(data: bytes) -> Answer:
    """Sends bytes as they are and leaves the connection open."""
    return lambda connection: connection.part(data)


def test_header_names_are_case_insensitive() -> None:
    """A field is found by its name in any case; values lose the blanks around them, and bytes are Latin-1."""
    fields = HeaderFields([(b"ETag", b"a \t"), (b"link", b"1"), (b"Link", b"\xe9")])
    assert (fields.get("etag"), fields.get("X"), fields.get("X", "none")) == ("a", "", "none")
    assert fields.get_all("LINK") == ["1", "é"]
    assert fields.items() == [("ETag", "a"), ("link", "1"), ("Link", "é")]


@pytest.mark.parametrize(
    "data",
    [
        _ONE,
        b"\r\n" + _ONE,
        b"HTTP/1.1 200 OK\nContent-Length: 1\n\nx",
        _HEAD + b"X: a\r\n b\r\nContent-Length: 1\r\n\r\nx",
        _HEAD + b"X: \xe9\r\nContent-Length: 1\r\n\r\nx",
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n",
        _HEAD + b"Content-Length: " + b"0" * 5000 + b"1\r\n\r\nx",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
    ],
    ids=["plain", "leading line", "bare line feeds", "folded", "Latin-1", "padded size", "padded length", "HTTP/1.0"],
)
def test_unusual_response_is_read(data: bytes, browser: Browser, start: Start) -> None:
    """Forms that Go's client reads are read, and the connection is used again."""
    server = start(_kept(data))
    assert [browser.get(server).body for _ in range(2)] == [b"x", b"x"]
    assert server.connections[0] is server.connections[1]


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/2.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        _HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
        _HEAD + b"Content-Length: -1\r\n\r\n",
        _HEAD + b"Content-Length: 1, 1\r\n\r\nx",
        _HEAD + b"no field\r\n\r\n",
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n",
    ],
    ids=["HTTP/2", "two lengths", "negative", "list", "no colon", "negative chunk"],
)
def test_ambiguous_response_is_refused(data: bytes, browser: Browser, start: Start) -> None:
    """Where a response has no one meaning, it is an error."""
    with pytest.raises(NetworkError, match="the response is not HTTP: "):
        browser.get(start(raw(data)))


@pytest.mark.parametrize(
    "ending",
    [
        b"\r\n",
        b"Transfer-Encoding: gzip\r\n\r\n",
        b"Content-Length: 9\r\n\r\n",
        b"Content-Length : 9\r\n\r\n",
        b"Transfer-Encoding : gzip\r\n\r\n",
    ],
)
def test_end_of_connection_ends_content_without_length(ending: bytes, browser: Browser, start: Start) -> None:
    """RFC 9112, section 6.3: content that announces neither length nor encoding ends with its connection."""
    server = start(raw(_HEAD + ending + b"abc"))
    if ending == b"\r\n":
        assert browser.get(server).body == b"abc"
    else:
        with pytest.raises(NetworkError, match="closed before the response was complete"):
            browser.get(server)


@pytest.mark.parametrize(
    ("method", "data"),
    [
        ("GET", _ONE + b"y"),
        ("GET", _ONE + _ONE),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\nx"),
        ("HEAD", _ONE),
        ("GET", _HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
        ("GET", _HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
        ("HEAD", _HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
        ("GET", _HEAD + b"Connection: close\r\nContent-Length: 1\r\n\r\nxy"),
        ("GET", b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nxyz"),
    ],
    ids=["a byte", "a response", "content of 204", "content of HEAD", "two", "reversed", "of HEAD", "close", "101"],
)
def test_connection_after_a_response_without_a_clear_end_is_not_used_again(
    method: str, data: bytes, browser: Browser, start: Start
) -> None:
    """Bytes behind a response are never taken for the next one, however its end is read."""
    server = start(_kept(data), Reply(200, (), b"second"))
    assert len(browser.get(server, method=method).body) <= 1
    assert browser.get(server).body == b"second"
    assert server.connections[0] is not server.connections[1]


@pytest.mark.parametrize("data", [_ONE, b"x"], ids=["a response", "a byte"])
@pytest.mark.parametrize("is_tls", [False, True])
def test_bytes_that_arrive_between_two_requests_are_no_response(
    data: bytes, is_tls: bool, start: Start, ca: RegistryCA
) -> None:
    """What a server sends before it is asked is not taken for the response to the next request."""
    certificate = ca.server(["127.0.0.1"]) if is_tls else None
    is_read, is_sent = threading.Event(), threading.Event()

    def first(connection: Connection) -> None:
        connection.reply(Reply(200, (), b"first"))
        assert is_read.wait(60)
        connection.part(data)
        is_sent.set()

    server = start(first, Reply(200, (), b"second"), certificate=certificate)
    pool = ConnectionPool(lambda _: ssl.create_default_context(cafile=ca.ca_file))
    browser = Browser(lambda pause: HttpClient(pool, Destinations(plain=None), pause))
    with contextlib.closing(browser.client):
        assert browser.get(server).body == b"first"
        is_read.set()
        assert is_sent.wait(60)
        assert browser.get(server).body == b"second"
    assert server.connections[0] is not server.connections[1]


@pytest.mark.parametrize(
    ("fields", "is_kept"),
    [
        (b"Content-Length: 5000\r\n", True),
        (b"Transfer-Encoding: chunked\r\n", True),
        (b"", True),
        (b"Connection: Close\r\n", False),
    ],
)
def test_head_response_keeps_the_connection(fields: bytes, is_kept: bool, browser: Browser, start: Start) -> None:
    """A response to HEAD ends with its header section, and its connection is used again unless the server closes it."""
    server = start(_kept(_HEAD + fields + b"\r\n"))
    for _ in range(2):
        assert browser.get(server, method="HEAD").body == b""
    assert (server.connections[0] is server.connections[1]) is is_kept


def test_length_in_a_head_response_is_returned(browser: Browser, start: Start) -> None:
    """The fields of a response to HEAD are those of the content that it does not have."""
    response = browser.get(start(_kept(_HEAD + b"Content-Length: 5000\r\n\r\n")), method="HEAD")
    assert response.header("Content-Length") == "5000"


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\0"])
def test_control_character_is_not_sent(value: str, browser: Browser, start: Start) -> None:
    """A field with a line end would become two; nothing is sent."""
    server = start()
    with pytest.raises(ValueError, match="control characters"):
        browser.get(server, headers={"If-Match": value})
    assert server.seen == []


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "GET", "DELETE"])
def test_absent_content_has_a_length_where_methods_define_content(method: str, browser: Browser, start: Start) -> None:
    """RFC 9110, section 8.6: `Content-Length: 0` goes with methods that define content."""
    server = start()
    browser.get(server, method=method)
    assert server.seen[0].headers["Content-Length"] == (None if method in ("GET", "DELETE") else "0")


@pytest.mark.parametrize("size", [16 * 1024 - 1, 16 * 1024, 3_000_000])
def test_large_content_is_sent_whole(size: int, browser: Browser, start: Start) -> None:
    """Content of any size arrives as it is."""
    server = start(Reply(201))
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert browser.get(server, method="PUT", body=body).status == 201
    assert server.seen[0].body == body


def test_interrupt_while_reading_is_not_lost(browser: Browser, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt that arrives while the parser calls back ends the request as itself."""

    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("notarykit.net.response_reader.ResponseReader.on_header", interrupt)
    with pytest.raises(KeyboardInterrupt):
        browser.get(start())


def test_response_in_single_bytes_is_read(browser: Browser, start: Start) -> None:
    """A response in single bytes is read as one in a piece."""

    def answer(connection: Connection) -> None:
        for value in _HEAD + b"X: abc\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n":
            connection.part(bytes([value]))

    server = start(answer)
    response = browser.get(server)
    assert (response.header("X"), response.body) == ("abc", b"abc")
