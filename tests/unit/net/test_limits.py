"""Answers that break a limit, or that are none; each ends in a message that repeats nothing of the server's."""

import socket
import threading
import time

import pytest

from notarykit.errors import NetworkError
from notarykit.net.budget import Budget
from tests.servers.registry.http_server import Reply
from tests.unit.net.conftest import Start
from tests.unit.net.server import Browser, cut, dripping, raw

_HEAD = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("size", [0, 999, 1000])
def test_response_within_the_limit_is_read(size: int, browser: Browser, start: Start) -> None:
    """An answer may be as long as the limit."""
    assert browser.get(start(Reply(200, (), b"x" * size))).body == b"x" * size


def test_declared_length_beyond_the_limit_is_refused(browser: Browser, start: Start) -> None:
    """A length that is too large is believed, and nothing is read."""
    with pytest.raises(NetworkError, match="the response has 1001 bytes, more than the limit of 1000"):
        browser.get(start(Reply(200, (), b"x" * 1001)), "/a?secret")
    with pytest.raises(NetworkError, match="the response is not HTTP: Content-Length overflow"):
        browser.get(start(raw(_HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n")))


@pytest.mark.parametrize(
    "data", [_HEAD + b"\r\n" + b"x" * 1001, _CHUNKED + b"3E9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n"]
)
def test_undeclared_length_beyond_the_limit_is_refused(data: bytes, browser: Browser, start: Start) -> None:
    """Where no length is given the bytes are counted, in whatever pieces they come."""
    with pytest.raises(NetworkError, match="the response exceeds the limit of 1000 bytes"):
        browser.get(start(raw(data)))
    assert browser.pauses == []


def test_content_length_of_head_is_no_limit(browser: Browser, start: Start) -> None:
    """The answer to HEAD tells the length of what it does not carry."""
    response = browser.get(start(Reply(200, (("Content-Length", "5000"),))), method="HEAD")
    assert (response.body, response.header("Content-Length")) == (b"", "5000")


def test_chunked_response_is_read(browser: Browser, start: Start) -> None:
    """Content in chunks is put together, and its connection kept."""
    server = start(lambda connection: connection.part(_CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: y\r\n\r\n"))
    assert [browser.get(server).body for _ in range(2)] == [b"abcde"] * 2
    assert server.connections[0] is server.connections[1]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "identity, gzip", "secret"])
def test_compressed_response_is_refused(encoding: str, browser: Browser, start: Start) -> None:
    """Compressed content is refused before any of it is read, and not asked for again."""
    server = start(Reply(200, (("Content-Encoding", encoding),), b"x" * 100_000))
    with pytest.raises(NetworkError, match="the response is compressed, which was not requested") as caught:
        browser.get(server, "/a?signature=secret")
    assert "secret" not in caught.value.one_line()
    assert len(server.seen) == 1


@pytest.mark.parametrize("encoding", ["identity", "Identity"])
def test_identity_encoding_is_accepted(encoding: str, browser: Browser, start: Start) -> None:
    """`identity` is what was asked for."""
    assert browser.get(start(Reply(200, (("Content-Encoding", encoding),), b"x"))).body == b"x"


@pytest.mark.parametrize(
    "broken",
    [
        cut,
        raw(b"HTTP/1.1 200"),
        raw(_HEAD + b"Content-Length: 10\r\n\r\n"),
        raw(_HEAD + b"Content-Length: 10\r\n\r\nabc"),
        raw(_CHUNKED + b"3\r\nab"),
        raw(_CHUNKED + b"3\r\nabc\r\n"),
    ],
    ids=["at once", "in the status", "before the body", "in the body", "in a chunk", "between chunks"],
)  # fmt: skip
def test_truncated_response_is_an_error(broken: object, browser: Browser, start: Start) -> None:
    """Wherever an answer is cut off, the request is sent again; five times, and then the message says why."""
    assert browser.get(start(broken, broken, Reply(200, (), b"x"))).body == b"x"
    server = start(broken)
    with pytest.raises(NetworkError) as caught:
        browser.get(server, "/a?signature=secret")
    assert caught.value.message.startswith(f"GET {server.url}/a: ")
    assert caught.value.advice == "check the address and the network"
    assert "secret" not in caught.value.one_line()
    assert len(server.seen) == 5


@pytest.mark.parametrize(
    "data",
    [
        b"secret\r\n\r\n",
        b"HTTP/9.9 200 secret\r\n\r\n",
        b"HTTP/1.1 secret\r\n\r\n",
        b"HTTP/1.1 200 " + b"secret" * 20_000 + b"\r\n\r\n",
        _HEAD + b"X: secret\r\n" * 200 + b"\r\n",
        _CHUNKED + b"secret\r\n",
    ],
    ids=["no HTTP", "another version", "no status", "long line", "many fields", "no chunk"],
)
def test_response_that_is_not_http_is_an_error(data: bytes, browser: Browser, start: Start) -> None:
    """What is no answer is told by its kind; what the server wrote is not repeated."""
    with pytest.raises(NetworkError) as caught:
        browser.get(start(raw(data)))
    assert "secret" not in caught.value.one_line()
    assert "GET http" in caught.value.message


def test_refused_connection_is_an_error(browser: Browser, start: Start) -> None:
    """A port where nobody listens is told as that, at the first try."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(NetworkError, match="connection refused"):
        browser.get(start(), url=f"http://127.0.0.1:{port}/")
    assert browser.pauses == []


def test_unknown_host_is_an_error(browser: Browser, start: Start) -> None:
    """A name that leads nowhere is told as that."""
    with pytest.raises(NetworkError, match=r"GET http://nobody\.invalid/: its name cannot be resolved"):
        browser.get(start(), url="http://nobody.invalid/")


def test_budget_of_bytes_spans_responses(browser: Browser, start: Start) -> None:
    """Bytes are counted over all requests; what is beyond them is not asked for again."""
    server = start(Reply(200, (), b"x" * 600))
    budget = Budget(2100)
    for _ in range(3):
        browser.get(server, budget=budget)
    with pytest.raises(NetworkError, match="exceed the size limit"):
        browser.get(server, budget=budget)
    assert len(server.seen) == 4
    assert browser.pauses == []


def test_header_fields_are_charged_to_the_budget(browser: Browser, start: Start) -> None:
    """Header fields are bytes too."""
    server = start(Reply(200, (("X", "y" * 3000),)))
    with pytest.raises(NetworkError, match="exceed the size limit"):
        browser.get(server, budget=Budget(2000))


@pytest.mark.parametrize(
    ("start_of", "piece"),
    [
        (_HEAD + b"Content-Length: 900\r\n\r\n", b"x"),
        (_HEAD + b"Connection: close\r\n\r\n", b"x"),
        (_CHUNKED, b"0"),
        (_CHUNKED + b"0\r\n", b"X: y\r\n"),
        (_HEAD + b"X: ", b"y"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 ", b"x"),
    ],
    ids=["body", "body without a length", "size of a chunk", "trailers", "header", "continue", "status"],
)
def test_budget_of_seconds_spans_a_slow_response(
    start_of: bytes, piece: bytes, browser: Browser, start: Start, stop: threading.Event
) -> None:
    """An answer that comes in drops ends with the seconds that it may take, in whatever part of it the drops are."""
    server = start(dripping(piece, start_of, stop))
    with pytest.raises(NetworkError, match=r"no response within the time limit of 0\.3 seconds"):
        browser.get(server, budget=Budget(seconds=0.3))


def test_silent_server_times_out(browser: Browser, start: Start, stop: threading.Event) -> None:
    """A server that says nothing is not waited for longer than allowed."""
    server = start(lambda _: stop.wait())
    with pytest.raises(NetworkError, match=r"no response within the time limit of 0\.2 seconds"):
        browser.get(server, budget=Budget(seconds=0.2))
    stop.set()


def test_pause_ends_with_the_budget(browser: Browser, start: Start) -> None:
    """A pause takes no longer than what is left."""
    with pytest.raises(NetworkError, match="time limit"):
        browser.get(start(Reply(503)), budget=Budget(seconds=0))
    browser.get(start(Reply(503)), budget=Budget(seconds=1))
    assert max(browser.pauses) <= 1


_LONG = b"a, " * 20_000


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 " + _LONG + b"x" * 6000,
        _HEAD + b"WWW-Authenticate: " + _LONG + b"\r\nX: " + _LONG + b"\r\n",
        _HEAD + (b"WWW-Authenticate: " + _LONG + b"\r\n") * 90,
        _HEAD + b"X: y\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3000,
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2000,
        b"HTTP/1.1 102 Processing\r\n\r\n" * 3000,
        _CHUNKED + b"1;x=" + b"y" * 140_000,
        _CHUNKED + b"1\r\nx\r\n0\r\n" + b"X: y\r\n" * 20_000,
    ],
    ids=["status", "two fields", "90 fields", "101 fields", "100", "103", "102", "size of a chunk", "trailers"],
)
def test_header_section_is_bounded(data: bytes, browser: Browser, start: Start) -> None:
    """All lines of an answer together are bounded; where they are more, nothing is asked for again."""
    server = start(raw(data))
    begin = time.process_time()
    with pytest.raises(NetworkError) as caught:
        browser.get(server)
    assert "the response's header section exceeds 65536 bytes or 100 fields" in caught.value.message
    assert (len(server.seen), browser.pauses) == (1, [])
    assert time.process_time() - begin < 2


def test_header_section_below_the_bound_is_read(browser: Browser, start: Start) -> None:
    """A head of nearly 64 KiB is read, and so are many small pieces of content and what is announced beforehand."""
    assert browser.get(start(Reply(200, (("X", "y" * 65_000),), b"x"))).body == b"x"
    pieces = b"1\r\nx\r\n" * 900
    assert browser.get(start(raw(_CHUNKED + pieces + b"0\r\nX: y\r\n\r\n"))).body == b"x" * 900
    many = b"1;" + b"y" * 2000 + b"\r\nx\r\n"
    assert browser.get(start(raw(_CHUNKED + many * 100 + b"0\r\n\r\n"))).body == b"x" * 100


@pytest.mark.parametrize("status", [b"100 Continue", b"102 Processing", b"103 Early Hints"])
def test_interim_responses_are_skipped(status: bytes, browser: Browser, start: Start) -> None:
    """RFC 9110, section 15.2: an answer of 1xx is followed by the one that counts, on the same connection."""
    first = b"HTTP/1.1 " + status + b"\r\nLink: </a>\r\nContent-Length: 7\r\n\r\n"
    server = start(lambda connection: connection.part(first + _HEAD + b"Content-Length: 1\r\n\r\nx"))
    for _ in range(2):
        response = browser.get(server)
        assert (response.status, response.body, response.header("Link")) == (200, b"x", "")
    assert server.connections[0] is server.connections[1]
