"""Token servers: requests, lifetimes, identity tokens and failures."""

import base64
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from notarykit.errors import AccessError, NetworkError, NotarykitError
from notarykit.net.budget import Budget
from notarykit.oci.registry.auth import Credentials
from tests.servers.registry.http_server import Connection, Reply
from tests.unit.oci.registry.authenticators import IDENTITY, KNOWN, PULL, Make, Start, bearer_challenge, token_response


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How many seconds have passed, beside those that really pass."""
    passed = [0.0]
    from time import monotonic

    monkeypatch.setattr("notarykit.oci.registry.auth.time.monotonic", lambda: monotonic() + passed[0])
    return passed


@pytest.mark.parametrize("known", [None, KNOWN])
def test_token_request_has_the_scope(known: Credentials | None, make: Make, start: Start) -> None:
    """A token is asked for with the service and the scope; with name and password only where there are any."""
    server = start(token_response())
    assert make(known).respond(bearer_challenge(server, PULL), PULL, Budget()) == {"Authorization": "Bearer t1"}
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("GET", "/token")
    account = {"account": ["tester"]} if known else {}
    assert seen.query == {"service": ["registry"], "scope": [PULL], **account}
    assert (seen.authorization is not None) is (known is not None)


@pytest.mark.parametrize(
    ("own", "asked", "wanted"),
    [
        ("repository:a:pull,push", "repository:a:pull,push", ["repository:a:pull,push"]),
        ("repository:a:pull,push", "repository:a:push,pull", ["repository:a:pull,push"]),
        ("repository:a:pull,push", "repository:a:pull", ["repository:a:pull,push"]),
        ("repository:a:pull", "repository:a:pull,push", ["repository:a:pull", "repository:a:pull,push"]),
        ("repository:a:pull", "repository:b:pull", ["repository:a:pull", "repository:b:pull"]),
        (
            "repository:a:pull,push",
            "repository:a:push repository:b:pull",
            ["repository:a:pull,push", "repository:b:pull"],
        ),
        ("", "registry:catalog:*", ["registry:catalog:*"]),
        ("repository:a:pull", "", ["repository:a:pull"]),
        ("", "", []),
    ],
)
def test_further_scopes_of_the_challenge_are_requested(
    own: str, asked: str, wanted: list[str], make: Make, start: Start
) -> None:
    """What the registry asks for is added where our own scope does not have it already, and nothing is asked twice."""
    server = start(token_response())
    make().respond(bearer_challenge(server, asked), own, Budget())
    assert server.seen[0].query.get("scope", []) == wanted


def test_tokens_are_cached_per_scope(make: Make, start: Start, now: list[float]) -> None:
    """Each scope has a token of its own, which is kept until shortly before its end."""
    server = start(*[token_response(f"t{number}", expires_in=300) for number in range(5)])
    authenticator = make()
    authenticator.respond(bearer_challenge(server, PULL), PULL, Budget())
    assert authenticator.headers(PULL, Budget()) == {"Authorization": "Bearer t0"}
    assert authenticator.headers("repository:a/b:pull,push", Budget()) == {"Authorization": "Bearer t1"}
    assert authenticator.headers(PULL, Budget()) == {"Authorization": "Bearer t0"}
    now[0] += 280
    assert authenticator.headers(PULL, Budget()) == {"Authorization": "Bearer t0"}
    now[0] += 15
    assert authenticator.headers(PULL, Budget()) == {"Authorization": "Bearer t2"}
    assert [seen.query["scope"] for seen in server.seen] == [[PULL], ["repository:a/b:pull,push"], [PULL]]


@pytest.mark.parametrize("life", [None, 0, "300", True, 12.5, [], 60])
def test_token_without_expires_in_lives_60_seconds(life: Any, make: Make, start: Start, now: list[float]) -> None:
    """Without a number of seconds a token is good for a minute, as the specification has it."""
    server = start(token_response("t1", expires_in=life), token_response("t2"))
    authenticator = make()
    authenticator.respond(bearer_challenge(server), PULL, Budget())
    now[0] += 45
    assert authenticator.headers(PULL, Budget()) == {"Authorization": "Bearer t1"}
    now[0] += 10
    assert authenticator.headers(PULL, Budget()) == {"Authorization": "Bearer t2"}


def test_token_lifetime_is_bounded(make: Make, start: Start, now: list[float]) -> None:
    """A number of seconds that no clock counts is no reason to fail; the token is renewed after a day."""
    server = start(token_response("t1", expires_in=10**400), token_response("t2"))
    authenticator = make()
    authenticator.respond(bearer_challenge(server), PULL, Budget())
    assert authenticator.headers(PULL, Budget()) == {"Authorization": "Bearer t1"}
    now[0] += 24 * 3600
    assert authenticator.headers(PULL, Budget()) == {"Authorization": "Bearer t2"}


@pytest.mark.parametrize("life", [-5, 1, 9])
def test_expired_token_is_renewed(life: int, make: Make, start: Start) -> None:
    """A token whose end is near is used once and not kept."""
    server = start(token_response("t1", expires_in=life), token_response("t2", expires_in=life))
    authenticator = make()
    assert authenticator.respond(bearer_challenge(server), PULL, Budget()) == {"Authorization": "Bearer t1"}
    assert authenticator.headers(PULL, Budget()) == {"Authorization": "Bearer t2"}


def test_refused_token_is_replaced(make: Make, start: Start) -> None:
    """A registry that refuses a token that was kept gets a new one."""
    server = start(token_response("t1", expires_in=300), token_response("t2", expires_in=300))
    authenticator = make()
    refused = authenticator.respond(bearer_challenge(server), PULL, Budget())
    renewed = authenticator.respond(bearer_challenge(server), PULL, Budget(), refused)
    assert renewed == {"Authorization": "Bearer t2"}
    assert authenticator.respond(bearer_challenge(server), PULL, Budget(), refused) == renewed  # of another thread
    assert authenticator.headers(PULL, Budget()) == {"Authorization": "Bearer t2"}


def test_identity_token_is_exchanged_by_post(make: Make, start: Start) -> None:
    """An identity token goes in the body of a POST, never in an address."""
    server = start(token_response(), Reply(200, (), b'{"access_token": "t2", "expires_in": 300}'))
    authenticator = make(IDENTITY)
    assert authenticator.respond(bearer_challenge(server, PULL), PULL, Budget()) == {"Authorization": "Bearer t1"}
    assert authenticator.headers("other", Budget()) == {"Authorization": "Bearer t2"}
    seen = server.seen[0]
    assert (seen.method, seen.target, seen.authorization) == ("POST", "/token", None)
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert seen.form == {
        "grant_type": ["refresh_token"], "service": ["registry"], "client_id": ["notarykit"], "scope": [PULL],
        "refresh_token": ["identity+/=&"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "realm", ["", "token", "/token", "ftp://host/", "https://me:secret@host/", "https://[", "https://host:x/", "\u00e9"]
)
@pytest.mark.parametrize("known", [KNOWN, IDENTITY])
def test_malformed_realm_is_refused(realm: str, known: Credentials, make: Make) -> None:
    """A realm that is no address is refused like any other address."""
    with pytest.raises(NetworkError, match="is not a URL of the form"):
        make(known).respond(f'Bearer realm="{realm}"', PULL, Budget())


@pytest.mark.parametrize("known", [None, KNOWN, IDENTITY])
def test_realm_without_tls_is_refused(known: Credentials | None, make: Make, start: Start) -> None:
    """A token server that may not be without TLS does not get a single byte."""
    server = start(token_response())
    with pytest.raises(NetworkError, match=f"plain HTTP to {server.address} is not permitted"):
        make(known, plain=False).respond(bearer_challenge(server), PULL, Budget())
    assert server.connections == []


def test_redirect_of_the_token_server_drops_credentials(make: Make, start: Start) -> None:
    """Credentials do not go where a token server redirects."""
    other = start(token_response())
    server = start(Reply(307, (("Location", f"{other.url}/token"),)))
    make(KNOWN).respond(bearer_challenge(server), PULL, Budget())
    assert [seen.authorization for seen in other.seen] == [None]
    with pytest.raises(NetworkError, match=f"{server.address} redirects confidential content to {other.address}"):
        make(IDENTITY).respond(bearer_challenge(server), PULL, Budget())
    assert len(other.seen) == 1


@pytest.mark.parametrize("status", [307, 308])
def test_redirect_of_the_token_server_within_its_origin_is_followed(status: int, make: Make, start: Start) -> None:
    """Within one origin an identity token goes on to where the token server leads."""
    server = start(Reply(status, (("Location", "/elsewhere"),)), token_response())
    wanted = {"Authorization": "Bearer t1"}
    assert make(IDENTITY).respond(bearer_challenge(server), PULL, Budget()) == wanted
    assert [(seen.target, seen.form["refresh_token"]) for seen in server.seen] == [
        ("/token", [IDENTITY.identity_token]),
        ("/elsewhere", [IDENTITY.identity_token]),
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
@pytest.mark.parametrize(
    ("known", "text"),
    [
        (None, "requires credentials"),
        (KNOWN, "does not accept the credentials"),
        (IDENTITY, "does not accept the credentials"),
    ],
)
def test_denial_of_the_token_server_is_an_error(
    status: int, known: Credentials | None, text: str, make: Make, start: Start
) -> None:
    """The message tells whether credentials were shown; the server's own words are left out."""
    server = start(Reply(status, (), b'{"error_description": "server text"}'))
    with pytest.raises(AccessError) as caught:
        make(known).respond(bearer_challenge(server), PULL, Budget())
    assert caught.value.message == f"token server of registry.test {text} (status {status})"
    check = "check the user name and the password, and whether they may do this"
    assert caught.value.advice == ("knock" if known is None else check)
    _shows_no_secret(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"secret", b"[]", b"{}", b'{"token": null}', b'{"token": 1}', b'{"access_token": ""}',
        b'{"token": "a\\nb"}', b'{"token": "\xc3\xa9"}', b'{"token": ["a"]}', b'{"token": "a\\u0000"}',
        b'{"token": "a", "token": "b"}',
    ],
)  # fmt: skip
def test_response_without_a_token_is_an_error(answer: bytes, make: Make, start: Start) -> None:
    """Whatever stands in a token's place, nothing but visible characters gets into a request."""
    with pytest.raises(AccessError, match=r"token server of registry\.test") as caught:
        make(KNOWN).respond(bearer_challenge(start(Reply(200, (), answer))), PULL, Budget())
    assert "secret" not in caught.value.one_line()


def test_token_response_is_bounded(make: Make, start: Start) -> None:
    """The answer of a token server has a limit of its own."""
    with pytest.raises(NetworkError, match="more than the limit of 131072"):
        make().respond(bearer_challenge(start(token_response("x" * 200_000))), PULL, Budget())


def _shows_no_secret(error: NotarykitError) -> None:
    text = "".join(traceback.format_exception(error)) + repr(error) + error.one_line()
    basic = base64.b64encode(f"{KNOWN.username}:{KNOWN.password}".encode()).decode()
    for secret in (KNOWN.password, IDENTITY.identity_token, basic):
        assert secret not in text


def test_slow_token_request_delays_its_own_scope_alone(make: Make, start: Start) -> None:
    """While the token for one repository is on its way, another's is requested, and one that is present is used."""
    arrived, released = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        arrived.set()
        released.wait(20)
        connection.reply(token_response("slow", expires_in=300))

    server = start(token_response("present", expires_in=300), slow, token_response("other", expires_in=300))
    authenticator = make()
    authenticator.respond(bearer_challenge(server), PULL, Budget())
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(authenticator.headers, "repository:slow:pull", Budget())
        assert arrived.wait(20)
        assert authenticator.headers(PULL, Budget()) == {"Authorization": "Bearer present"}
        assert authenticator.headers("repository:other:pull", Budget()) == {"Authorization": "Bearer other"}
        assert not waiting.done()
        released.set()
        assert waiting.result() == {"Authorization": "Bearer slow"}


def test_threads_request_one_token_for_a_scope(make: Make, start: Start) -> None:
    """Threads that need a token for one scope at the same time share one request."""
    server = start(token_response("first", expires_in=300), token_response("t", expires_in=300))
    authenticator = make()
    authenticator.respond(bearer_challenge(server), PULL, Budget())
    with ThreadPoolExecutor(8) as pool:
        headers = list(pool.map(lambda _: authenticator.headers("repository:c/d:pull", Budget()), range(8)))
    assert headers == [{"Authorization": "Bearer t"}] * 8
    assert len(server.seen) == 2
