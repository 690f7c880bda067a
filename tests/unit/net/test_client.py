"""Client: requests, retries and connections."""

import email.utils
import time

import pytest

from notarykit.errors import NetworkError
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.messages import Request
from notarykit.net.pool import ConnectionPool
from notarykit.net.urls import origin_of
from tests.servers.registry.http_server import Connection, Reply
from tests.unit.net.conftest import Start
from tests.unit.net.server import Browser, cut, raw


def test_request_headers_are_complete(browser: Browser, start: Start) -> None:
    """A request carries the host, who asks, and that nothing is to be compressed."""
    server = start(Reply(200, (("X-Thing", "yes"),), b"content"))
    response = browser.get(server, "/a?b=c", headers={"Accept": "text/plain"})
    assert (response.status, response.body, response.header("x-thing")) == (200, b"content", "yes")
    assert response.url == f"{server.url}/a?b=c"
    (seen,) = server.seen
    assert (seen.method, seen.target, seen.body) == ("GET", "/a?b=c", b"")
    assert seen.headers["Host"] == server.address
    assert seen.headers["Accept-Encoding"] == "identity"
    assert seen.headers["User-Agent"].startswith("notarykit/")
    assert seen.headers["Accept"] == "text/plain"


def test_request_body_is_sent(browser: Browser, start: Start) -> None:
    """Content goes with its length, and an empty answer is an empty body."""
    server = start(Reply(201))
    response = browser.get(server, method="PUT", body=b"abc")
    assert (response.status, response.body, response.header("Location")) == (201, b"", "")
    assert (server.seen[0].body, server.seen[0].headers["Content-Length"]) == (b"abc", "3")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_transient_fault_is_retried(status: int, browser: Browser, start: Start) -> None:
    """Statuses that another try may not get are tried again, with pauses that grow and differ."""
    server = start(*[Reply(status)] * 4, Reply(200, (), b"at last"))
    assert browser.get(server).body == b"at last"
    assert len(server.seen) == 5
    for pause, longest in zip(browser.pauses, (0.25, 0.5, 1.0, 2.0), strict=True):
        assert longest / 2 <= pause <= longest


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 403, 404, 405, 416, 501])
def test_other_statuses_are_not_retried(status: int, browser: Browser, start: Start) -> None:
    """Every other status is the answer, whatever it means."""
    server = start(Reply(status))
    assert browser.get(server).status == status
    assert (len(server.seen), browser.pauses) == (1, [])


def test_fifth_response_is_final(browser: Browser, start: Start) -> None:
    """After five tries the last answer is handed on."""
    server = start(Reply(503))
    assert browser.get(server).status == 503
    assert (len(server.seen), len(browser.pauses)) == (5, 4)


def test_backoff_has_jitter(browser: Browser, start: Start) -> None:
    """Two clients that meet the same fault do not come back at the same time."""
    server = start(Reply(503))
    for _ in range(5):
        browser.get(server)
    assert len(set(browser.pauses)) == 20


@pytest.mark.parametrize("again", [True, False])
def test_request_that_is_not_repeatable_is_sent_once(again: bool, browser: Browser, start: Start) -> None:
    """A request that may do harm when it is sent again is sent once, whatever the answer."""
    server = start(Reply(503), Reply(201))
    assert browser.get(server, method="PUT", body=b"x", is_repeatable=again).status == (201 if again else 503)
    assert len(server.seen) == (2 if again else 1)
    server = start(cut, Reply(201))
    if again:
        assert browser.get(server, method="PUT", body=b"x").status == 201
    else:
        with pytest.raises(NetworkError, match="the connection was closed before the response was complete"):
            browser.get(server, method="PUT", body=b"x", is_repeatable=False)
    assert len(server.seen) == (2 if again else 1)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("value", ["7", " 7 ", "date"])
def test_retry_after_is_honoured(status: int, value: str, browser: Browser, start: Start) -> None:
    """A server that says how long to wait, in seconds or as a date, is obeyed."""
    text = email.utils.formatdate(time.time() + 7, usegmt=True) if value == "date" else value
    server = start(Reply(status, (("Retry-After", text),)), Reply(200))
    assert browser.get(server).status == 200
    (pause,) = browser.pauses
    assert 5.5 < pause <= 7


@pytest.mark.parametrize(
    "value",
    ["", "0", "soon", "-5", "1.5", "Wed, 21 Oct 2015 07:28:00 GMT", "Mon, 99999999999999999999 Jan 2000 00:00:00 GMT",
     "Mon, 01 Jan 2000 00:00:00 +99999999999999999999", "\u0661", "1e9"],
)  # fmt: skip
def test_malformed_retry_after_is_ignored(value: str, browser: Browser, start: Start) -> None:
    """A value that is malformed or lies in the past leaves the pause as it would be without it."""
    answer = raw(f"HTTP/1.1 503 x\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n".encode())
    assert browser.get(start(answer, Reply(200))).status == 200
    (pause,) = browser.pauses
    assert 0.125 <= pause <= 0.25


@pytest.mark.parametrize("value", ["21", "3600", "9" * 50])
def test_retry_after_beyond_the_budget_is_an_error(value: str, browser: Browser, start: Start) -> None:
    """A pause that is longer than what is left is not begun, and the message says who asked for it."""
    server = start(Reply(429, (("Retry-After", value),)))
    with pytest.raises(NetworkError, match=r"^127\.0\.0\.1:\d+ asks for a pause \(Retry-After: \S+\), and"):
        browser.get(server)
    assert (len(server.seen), browser.pauses) == (1, [])


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_connection_is_reused(method: str, browser: Browser, start: Start) -> None:
    """Requests that follow each other use one connection."""
    server = start(Reply(200, (), b"x"), Reply(404), Reply(204), Reply(200, (), b"y" * 999))
    for _ in range(6):
        browser.get(server, method=method)
    browser.get(server, method="HEAD")
    assert len({id(each) for each in server.connections}) == 1


def test_connection_close_is_honoured(browser: Browser, start: Start) -> None:
    """After `Connection: close` the next request has a new connection."""
    server = start(Reply(200, (("Connection", "close"),), b"x"))
    assert [browser.get(server).body for _ in range(2)] == [b"x", b"x"]
    assert server.connections[0] is not server.connections[1]


@pytest.mark.parametrize("again", [True, False])
def test_closed_idle_connection_is_replaced(again: bool, browser: Browser, start: Start) -> None:
    """That the other side has closed a connection that was kept says nothing about the request: it is sent anew."""

    def answer_and_close(connection: Connection) -> None:
        connection.reply(Reply(200, (), b"first"))
        connection.cut()

    server = start(answer_and_close, Reply(200, (), b"second"))
    assert browser.get(server).body == b"first"
    server.connections[0].connection.close()
    assert browser.get(server, is_repeatable=again).body == b"second"
    assert browser.pauses == []


def test_closed_client_keeps_no_connection(browser: Browser, start: Start) -> None:
    """Closing ends the connections, and the client can be used after it all the same."""
    server = start()
    browser.get(server)
    browser.client.close()
    browser.get(server)
    assert server.connections[0] is not server.connections[1]


def test_plain_http_is_refused(start: Start) -> None:
    """An origin that is not allowed to be without TLS is not even connected to, neither first nor by a redirect."""
    allowed = start()
    forbidden = start()
    allowed._answers[:] = [Reply(307, (("Location", forbidden.url),))]
    client = HttpClient(
        ConnectionPool(pytest.fail),
        Destinations(plain=frozenset([origin_of(allowed.url)]), allow_plain="use --insecure-registry"),
    )
    for url in (allowed.url, forbidden.url):
        with pytest.raises(NetworkError) as caught:
            client.send(Request("GET", url, Budget(), 1000))
        assert caught.value.message == f"plain HTTP to {forbidden.address} is not permitted"
        assert "--insecure-registry" in caught.value.advice
    assert (len(allowed.seen), forbidden.seen) == (1, [])
    client.close()


_SAYS = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
        _SAYS + b"<center>The plain HTTP request was sent to HTTPS port</center>",
        _SAYS + b"Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"\x15\x03\x03\x00\x02\x02\x0a",
    ],
    ids=["Go", "nginx", "Apache", "alert of TLS 1.0", "alert of TLS 1.2"],
)
def test_plain_http_to_a_tls_server_is_explained(data: bytes, start: Start) -> None:
    """A server that speaks TLS and nothing else is told as that, whichever way it says so, and not asked again."""
    server = start(raw(data))
    client = HttpClient(ConnectionPool(pytest.fail), Destinations(plain=None, use_tls="leave out the flag"))
    with pytest.raises(NetworkError) as caught:
        client.send(Request("GET", server.url, Budget(), 1000))
    assert caught.value.message == f"GET {server.url}: it speaks TLS, not plain HTTP"
    assert caught.value.advice == "leave out the flag"
    assert len(server.seen) == 1


def test_other_bad_request_is_returned(browser: Browser, start: Start) -> None:
    """Other answers of 400 are answers."""
    assert browser.get(start(Reply(400, (), b"no"))).status == 400
