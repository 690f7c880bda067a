"""Content that passes through piece by piece: responses into a sink, requests out of a file."""

from collections.abc import Iterator

import pytest

from notarykit.errors import NetworkError
from tests.servers.registry.http_server import Reply
from tests.unit.net.conftest import Start
from tests.unit.net.server import Browser, raw

_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


class _Pieces:
    """Content that counts how often it was begun."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.begun = 0

    def __len__(self) -> int:
        return sum(map(len, self._pieces))

    def pieces(self) -> Iterator[bytes]:
        """Yields it."""
        self.begun += 1
        return iter(self._pieces)


def test_response_goes_into_the_sink(browser: Browser, start: Start) -> None:
    """The content of a response goes to the sink in pieces, and is not kept."""
    content = bytes(range(256)) * 4096
    pieces: list[bytes] = []
    response = browser.get(start(Reply(200, (), content)), limit=len(content), sink=pieces.append)
    assert (response.body, response.sunk) == (b"", len(content))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= 65537


def test_chunks_go_into_the_sink(browser: Browser, start: Start) -> None:
    """So does content without a length."""
    pieces: list[bytes] = []
    assert browser.get(start(raw(_CHUNKED)), sink=pieces.append).sunk == 5
    assert b"".join(pieces) == b"abcde"


@pytest.mark.parametrize("status", [401, 404, 500])
def test_other_responses_do_not(browser: Browser, start: Start, status: int) -> None:
    """What comes with another status than 200 is a response like any other."""
    pieces: list[bytes] = []
    response = browser.get(start(Reply(status, (), b"no")), sink=pieces.append, is_repeatable=False)
    assert (response.status, response.body, pieces) == (status, b"no", [])


def test_redirect_leads_to_the_content(browser: Browser, start: Start) -> None:
    """A redirect's own content does not reach the sink."""
    pieces: list[bytes] = []
    server = start(Reply(307, (("Location", "/there"),), b"look there"), Reply(200, (), b"content"))
    browser.get(server, sink=pieces.append)
    assert pieces == [b"content"]


def test_limit_holds(browser: Browser, start: Start) -> None:
    """The limit holds for content that goes to a sink."""
    data = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000
    pieces: list[bytes] = []
    with pytest.raises(NetworkError, match="exceeds the limit of 100000 bytes"):
        browser.get(start(raw(data)), sink=pieces.append, limit=100_000, is_repeatable=False)
    assert sum(map(len, pieces)) <= 100_000


def test_error_of_the_sink_is_its_own(browser: Browser, start: Start) -> None:
    """What a sink raises comes through as it is, and the connection is not used again."""

    def refuse(_: bytes) -> None:
        raise ZeroDivisionError

    server = start(Reply(200, (), b"content"))
    with pytest.raises(ZeroDivisionError):
        browser.get(server, sink=refuse)
    assert browser.get(server).body == b"content"
    assert server.connections[0] is not server.connections[1]


def test_request_out_of_pieces(browser: Browser, start: Start) -> None:
    """Content that comes in pieces has its length and its bytes in the request."""
    server, content = start(Reply(201)), _Pieces(b"a" * 100_000, b"b", b"c" * 70_000)
    assert browser.get(server, method="PUT", body=content).status == 201
    assert server.seen[0].body == b"a" * 100_000 + b"b" + b"c" * 70_000
    assert content.begun == 1


def test_pieces_begin_anew_behind_a_redirect(browser: Browser, start: Start) -> None:
    """A redirect that keeps the content gets it from the beginning."""
    content = _Pieces(b"a", b"b")
    server = start(Reply(307, (("Location", "/there"),)), Reply(201))
    assert browser.get(server, method="PUT", body=content).status == 201
    assert [seen.body for seen in server.seen] == [b"ab", b"ab"]


def test_empty_content(browser: Browser, start: Start) -> None:
    """Content without any bytes has the length 0."""
    server = start(Reply(201))
    browser.get(server, method="PUT", body=_Pieces())
    assert dict(server.seen[0].headers)["Content-Length"] == "0"
