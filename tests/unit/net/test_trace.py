"""What is said over HTTP, as whoever watches sees it."""

import threading

import pytest

from notarykit.errors import NetworkError
from notarykit.net.redaction import HIDDEN, redact_fields, redact_urls_in
from notarykit.net.trace import Exchange, Note, is_observed, note, observed
from tests.servers.registry.http_server import Reply
from tests.unit.net.conftest import Start
from tests.unit.net.server import Browser, cut

_S = "s3cr3t"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("https://host/a", "https://host/a"),
        (f"https://host/a?X-Amz-Signature={_S}&n=1", "https://host/a?X-Amz-Signature=…&n=1"),
        (f"https://host/a?digest=sha256:x&_state={_S}#{_S}", "https://host/a?digest=sha256:x&_state=…"),
        (f"https://me:{_S}@host/a", "https://host/a"),
        (f"/v2/uploads/1?{_S}", "/v2/uploads/1?…"),
        (f'</v2/x?n=1&last=b&token={_S}>; rel="next"', '</v2/x?n=1&last=b&token=…>; rel="next"'),
    ],
)
def test_urls_are_redacted(text: str, wanted: str) -> None:
    """Of a query what is known to hold no secret is shown, of everything else the name at most."""
    assert redact_urls_in(text) == wanted


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("Content-Type", "text/plain", "text/plain"),
        ("content-length", "5", "5"),
        ("Docker-Content-Digest", "sha256:a", "sha256:a"),
        ("Location", f"https://s3.test/x?X-Amz-Credential={_S}", "https://s3.test/x?X-Amz-Credential=…"),
        ("WWW-Authenticate", f'Basic realm="http://a/?x={_S}",service="r"', 'Basic realm="http://a/?x=…" service="r"'),
        ("WWW-Authenticate", f"Negotiate {_S}", HIDDEN),
        *[
            (name, f"Basic {_S}", HIDDEN)
            for name in ("Authorization", "PROXY-AUTHORIZATION", "Cookie", "Set-Cookie", "X-Amz-Security-Token",
                         "X-Registry-Auth", "Docker-Upload-UUID", "Whatever")
        ],
    ],
)  # fmt: skip
def test_header_fields_are_redacted(name: str, value: str, wanted: str) -> None:
    """Only fields that are known to hold no secret are shown."""
    assert redact_fields({name: value}) == ((name, wanted),)


def test_no_trace_without_observers() -> None:
    """Unless somebody asks, nothing is said to anybody, and afterwards neither."""
    seen: list[Exchange | Note] = []
    note("before")
    with observed(seen.append):
        note("meanwhile")
        assert is_observed()
    note("after")
    assert not is_observed()
    assert seen == [Note("meanwhile")]


def test_every_observer_gets_each_event() -> None:
    """One who goes away takes nobody along, and a thread of its own is watched like every other."""
    first: list[Exchange | Note] = []
    second: list[Exchange | Note] = []
    with observed(first.append):
        with observed(second.append):
            thread = threading.Thread(target=note, args=("both",))
            thread.start()
            thread.join()
        note("first")
    assert (first, second) == ([Note("both"), Note("first")], [Note("both")])


def _watched(browser: Browser, server: object, **options: object) -> list[Exchange | Note]:
    seen: list[Exchange | Note] = []
    with observed(seen.append):
        try:
            browser.get(server, **options)  # type: ignore[arg-type]
        except NetworkError:
            seen.append(Note("failed"))
    return seen


def test_exchange_is_traced(browser: Browser, start: Start) -> None:
    """Method, redact_urls_in, fields, sizes and time, and whether the connection was there already."""
    server = start(Reply(200, (("Set-Cookie", _S), ("ETag", "x")), b"abc"))
    headers = {"Authorization": f"Basic {_S}", "Accept": "text/plain"}
    for is_reused in (False, True):
        (found,) = _watched(browser, server, method="PUT", target=f"/a?sig={_S}&n=1", body=b"12345", headers=headers)
        assert isinstance(found, Exchange)
        assert (found.method, found.url) == ("PUT", f"{server.url}/a?sig=…&n=1")
        assert {("Authorization", HIDDEN), ("Accept", "text/plain"), ("Host", server.address)} <= set(found.sent)
        assert {("Set-Cookie", HIDDEN), ("ETag", "x"), ("Content-Length", "3")} <= set(found.received)
        assert (found.status, found.sent_bytes, found.received_bytes) == (200, 5, 3)
        assert (found.attempt, found.proxy, found.error, found.is_reused) == (1, "", "", is_reused)
        assert 0 < found.seconds < 20
        assert _S not in str(found)


def test_attempts_and_pauses_are_traced(browser: Browser, start: Start) -> None:
    """Every try is seen, what became of it, and how long was waited before the next."""
    server = start(Reply(503, (("Connection", "close"),)), cut, Reply(200, (), b"x"))
    first, pause, second, another, third = _watched(browser, server)
    assert isinstance(first, Exchange)
    assert isinstance(second, Exchange)
    assert isinstance(third, Exchange)
    assert [(each.attempt, each.status) for each in (first, second, third)] == [(1, 503), (2, 0), (3, 200)]
    assert second.error == "the connection was closed before the response was complete"
    assert pause == Note(f"pause of {browser.pauses[0]:.2f} seconds before try 2")
    assert another == Note(f"pause of {browser.pauses[1]:.2f} seconds before try 3")


def test_redirects_are_traced(browser: Browser, start: Start) -> None:
    """Each step of a redirect is seen, without what its address holds in confidence."""
    other = start(Reply(200, (), b"x"))
    server = start(Reply(307, (("Location", f"{other.url}/b?X-Amz-Signature={_S}"),)))
    first, second = _watched(browser, server, headers={"Authorization": _S})
    assert isinstance(first, Exchange)
    assert isinstance(second, Exchange)
    assert ("Location", f"{other.url}/b?X-Amz-Signature=…") in first.received
    assert second.url == f"{other.url}/b?X-Amz-Signature=…"
    assert "Authorization" not in dict(second.sent)


def test_failed_connection_is_traced(browser: Browser, start: Start) -> None:
    """Where there is no connection, the request is seen with the reason, and what breaks a limit as well."""
    found, failed = _watched(browser, start(), url="http://nobody.invalid/")
    assert isinstance(found, Exchange)
    assert (found.status, found.error) == (0, "its name cannot be resolved")
    assert failed == Note("failed")
    found, failed = _watched(browser, start(Reply(200, (), b"x" * 2000)))
    assert isinstance(found, Exchange)
    assert "more than the limit of 1000" in found.error


def test_replaced_idle_connection_is_traced(browser: Browser, start: Start) -> None:
    """That a server ends a kept connection over a request is a note, and no try."""
    server = start(Reply(200, (), b"first"), cut, Reply(200, (), b"second"))
    browser.get(server)
    told, found = _watched(browser, server)
    assert told == Note(f"{server.address} closed the idle connection: a new one is opened")
    assert isinstance(found, Exchange)
    assert (found.attempt, found.is_reused, found.received_bytes) == (1, False, 6)


def test_dropped_idle_connection_is_traced(browser: Browser, start: Start) -> None:
    """That bytes came on a kept connection which no request asked for is a note."""
    server = start(Reply(200, (), b"first"), Reply(200, (), b"second"))
    browser.get(server)
    server.connections[0].part(b"x")
    told, found = _watched(browser, server)
    text = f"{server.address} ended the idle connection, or sent what was not requested: it is dropped"
    assert told == Note(text)
    assert isinstance(found, Exchange)
    assert (found.attempt, found.is_reused, found.received_bytes) == (1, False, 6)
