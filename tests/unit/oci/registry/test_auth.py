"""Who is asking: basic credentials, tokens and identity tokens."""

import base64
import json
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from notarykit.errors import AccessError, NetworkError, NotarykitError
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.pool import ConnectionPool
from notarykit.oci.registry.auth import Authenticator, Credentials
from tests.servers.registry.http_server import Reply
from tests.unit.net.server import Server

Start = Callable[..., Server]
Make = Callable[..., Authenticator]

_PULL = "repository:a/b:pull"
_KNOWN = Credentials("tester", "pass:word \u00fc")
_IDENTITY = Credentials(identity_token="identity+/=&")


def _token(text: Any = "t1", **more: Any) -> Reply:
    return Reply(200, (("Content-Type", "application/json"),), json.dumps({"token": text, **more}).encode())


def _challenge(server: Server, scope: str = "", service: str = "registry") -> str:
    return f'Bearer realm="{server.url}/token",service="{service}"' + f',scope="{scope}"' * bool(scope)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How many seconds have passed, beside those that really pass."""
    passed = [0.0]
    from time import monotonic

    monkeypatch.setattr("notarykit.oci.registry.auth.time.monotonic", lambda: monotonic() + passed[0])
    return passed


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes authenticators of the registry `registry.test`, whose token server may be without TLS."""
    clients = []

    def made(known: Credentials | None = None, *, plain: bool = True) -> Authenticator:
        clients.append(
            HttpClient(ConnectionPool(pytest.fail), Destinations(None if plain else frozenset()), lambda _: None)
        )
        return Authenticator("registry.test", "http://registry.test/v2/", clients[-1], lambda _: known, lambda: "knock")

    yield made
    for client in clients:
        client.close()


def test_no_credentials_before_a_challenge(make: Make) -> None:
    """Before a registry has asked, neither credentials nor anything else is sent."""
    assert make(_KNOWN).headers(_PULL, Budget()) == {}


def test_basic_challenge_is_met(make: Make) -> None:
    """Name and password go in UTF-8, at once and with every request from then on."""
    authenticator = make(_KNOWN)
    pair = "tester:pass:word \u00fc".encode()
    wanted = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    assert authenticator.respond('Basic realm="x"', _PULL, Budget()) == wanted
    assert authenticator.headers("another", Budget()) == wanted


@pytest.mark.parametrize("header", ['Basic realm="x"', "Bearer"])
def test_credentials_that_are_not_utf_8_are_sent_unchanged(header: str, make: Make, start: Start) -> None:
    """What was no UTF-8 in a variable or a file is sent byte by byte, as Go's programs send it."""
    server = start(_token())
    known = Credentials("m\udce9", "pass\udcff")
    found = make(known).respond(_challenge(server) if header == "Bearer" else header, _PULL, Budget())
    sent = server.seen[0].authorization if header == "Bearer" else found["Authorization"]
    assert sent == f"Basic {base64.b64encode(bytes([*b'm', 0xE9, *b':pass', 0xFF])).decode()}"


@pytest.mark.parametrize("known", [None, _IDENTITY])
def test_basic_challenge_without_credentials_is_an_error(known: Credentials | None, make: Make) -> None:
    """Where there is no name to give, the message says what to do."""
    with pytest.raises(AccessError) as caught:
        make(known).respond('Basic realm="x"', _PULL, Budget())
    assert caught.value.message == "registry.test requires a user name and a password"
    assert caught.value.advice == "knock"
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("header", ["", "Negotiate", "Digest realm=x, NTLM", "\x00"])
def test_unsupported_scheme_is_an_error(header: str, make: Make) -> None:
    """A kind of authentication that is not supported is told."""
    with pytest.raises(AccessError, match=r"registry\.test requires an unsupported authentication scheme"):
        make(_KNOWN).respond(header, _PULL, Budget())


def test_credentials_are_looked_up_once_on_first_use() -> None:
    """A helper is asked when the registry asks, and not again."""
    asked = []

    def look_up(repository: str) -> Credentials:
        asked.append(repository)
        return _KNOWN

    client = HttpClient(ConnectionPool(pytest.fail), Destinations())
    authenticator = Authenticator("registry.test", "https://registry.test/v2/", client, look_up, lambda: "")
    assert asked == []
    for _ in range(3):
        authenticator.respond("Basic realm=x", _PULL, Budget())
    assert asked == ["registry.test/a/b"]


def test_credentials_are_per_repository() -> None:
    """Each repository is shown its own credentials, and one without any is shown nobody's."""
    known = {"registry.test/a/b": Credentials("ab", "x"), "registry.test": Credentials("all", "x")}
    client = HttpClient(ConnectionPool(pytest.fail), Destinations())
    authenticator = Authenticator("registry.test", "https://registry.test/v2/", client, known.get, lambda: "")
    wanted = {
        _PULL: _basic("ab"), "repository:a/b:pull,push": _basic("ab"), "": _basic("all"), "repository:a/c:pull": {},
    }  # fmt: skip
    authenticator.respond("Basic realm=x", _PULL, Budget())
    assert {scope: authenticator.headers(scope, Budget()) for scope in wanted} == wanted
    assert authenticator.has_credentials(_PULL)
    assert not authenticator.has_credentials("repository:a/c:pull")


def _basic(name: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:x'.encode()).decode()}"}


def test_registry_token_needs_no_token_server(make: Make, start: Start) -> None:
    """A token of the user's for the registry is shown as it is, where tokens are asked for, and to nobody else."""
    server = start(_token())
    authenticator = make(Credentials("me", "x", "identity", "bearer"))
    assert authenticator.headers(_PULL, Budget()) == {}
    assert authenticator.respond(_challenge(server), _PULL, Budget()) == {"Authorization": "Bearer bearer"}
    assert authenticator.headers("repository:c:pull", Budget()) == {"Authorization": "Bearer bearer"}
    assert server.seen == []
    with pytest.raises(AccessError, match=r"have a malformed token$"):
        make(Credentials(registry_token="a\nb: c")).respond(_challenge(server), _PULL, Budget())


@pytest.mark.parametrize("header", ["Basic realm=x, {}", "{}, Basic realm=x", "Negotiate, {}"])
def test_bearer_is_preferred_to_basic(header: str, make: Make, start: Start) -> None:
    """Of several kinds the one that sends the password to fewer is taken."""
    server = start(_token())
    found = make(_KNOWN).respond(header.format(_challenge(server)), _PULL, Budget())
    assert found == {"Authorization": "Bearer t1"}


@pytest.mark.parametrize("known", [None, _KNOWN])
def test_token_request_has_the_scope(known: Credentials | None, make: Make, start: Start) -> None:
    """A token is asked for with the service and the scope; with name and password only where there are any."""
    server = start(_token())
    assert make(known).respond(_challenge(server, _PULL), _PULL, Budget()) == {"Authorization": "Bearer t1"}
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("GET", "/token")
    account = {"account": ["tester"]} if known else {}
    assert seen.query == {"service": ["registry"], "scope": [_PULL], **account}
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
    server = start(_token())
    make().respond(_challenge(server, asked), own, Budget())
    assert server.seen[0].query.get("scope", []) == wanted


def test_tokens_are_cached_per_scope(make: Make, start: Start, now: list[float]) -> None:
    """Each scope has a token of its own, which is kept until shortly before its end."""
    server = start(*[_token(f"t{number}", expires_in=300) for number in range(5)])
    authenticator = make()
    authenticator.respond(_challenge(server, _PULL), _PULL, Budget())
    assert authenticator.headers(_PULL, Budget()) == {"Authorization": "Bearer t0"}
    assert authenticator.headers("repository:a/b:pull,push", Budget()) == {"Authorization": "Bearer t1"}
    assert authenticator.headers(_PULL, Budget()) == {"Authorization": "Bearer t0"}
    now[0] += 280
    assert authenticator.headers(_PULL, Budget()) == {"Authorization": "Bearer t0"}
    now[0] += 15
    assert authenticator.headers(_PULL, Budget()) == {"Authorization": "Bearer t2"}
    assert [seen.query["scope"] for seen in server.seen] == [[_PULL], ["repository:a/b:pull,push"], [_PULL]]


@pytest.mark.parametrize("life", [None, 0, "300", True, 12.5, [], 60])
def test_token_without_expires_in_lives_60_seconds(life: Any, make: Make, start: Start, now: list[float]) -> None:
    """Without a number of seconds a token is good for a minute, as the specification has it."""
    server = start(_token("t1", expires_in=life), _token("t2"))
    authenticator = make()
    authenticator.respond(_challenge(server), _PULL, Budget())
    now[0] += 45
    assert authenticator.headers(_PULL, Budget()) == {"Authorization": "Bearer t1"}
    now[0] += 10
    assert authenticator.headers(_PULL, Budget()) == {"Authorization": "Bearer t2"}


def test_token_lifetime_is_bounded(make: Make, start: Start, now: list[float]) -> None:
    """A number of seconds that no clock counts is no reason to fail; the token is renewed after a day."""
    server = start(_token("t1", expires_in=10**400), _token("t2"))
    authenticator = make()
    authenticator.respond(_challenge(server), _PULL, Budget())
    assert authenticator.headers(_PULL, Budget()) == {"Authorization": "Bearer t1"}
    now[0] += 24 * 3600
    assert authenticator.headers(_PULL, Budget()) == {"Authorization": "Bearer t2"}


@pytest.mark.parametrize("life", [-5, 1, 9])
def test_expired_token_is_renewed(life: int, make: Make, start: Start) -> None:
    """A token whose end is near is used once and not kept."""
    server = start(_token("t1", expires_in=life), _token("t2", expires_in=life))
    authenticator = make()
    assert authenticator.respond(_challenge(server), _PULL, Budget()) == {"Authorization": "Bearer t1"}
    assert authenticator.headers(_PULL, Budget()) == {"Authorization": "Bearer t2"}


def test_refused_token_is_replaced(make: Make, start: Start) -> None:
    """A registry that refuses a token that was kept gets a new one."""
    server = start(_token("t1", expires_in=300), _token("t2", expires_in=300))
    authenticator = make()
    authenticator.respond(_challenge(server), _PULL, Budget())
    assert authenticator.respond(_challenge(server), _PULL, Budget()) == {"Authorization": "Bearer t2"}
    assert authenticator.headers(_PULL, Budget()) == {"Authorization": "Bearer t2"}


def test_identity_token_is_exchanged_by_post(make: Make, start: Start) -> None:
    """An identity token goes in the body of a POST, never in an address."""
    server = start(_token(), Reply(200, (), b'{"access_token": "t2", "expires_in": 300}'))
    authenticator = make(_IDENTITY)
    assert authenticator.respond(_challenge(server, _PULL), _PULL, Budget()) == {"Authorization": "Bearer t1"}
    assert authenticator.headers("other", Budget()) == {"Authorization": "Bearer t2"}
    seen = server.seen[0]
    assert (seen.method, seen.target, seen.authorization) == ("POST", "/token", None)
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert seen.form == {
        "grant_type": ["refresh_token"], "service": ["registry"], "client_id": ["notarykit"], "scope": [_PULL],
        "refresh_token": ["identity+/=&"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "realm", ["", "token", "/token", "ftp://host/", "https://me:secret@host/", "https://[", "https://host:x/", "\u00e9"]
)
@pytest.mark.parametrize("known", [_KNOWN, _IDENTITY])
def test_malformed_realm_is_refused(realm: str, known: Credentials, make: Make) -> None:
    """A realm that is no address is refused like any other address."""
    with pytest.raises(NetworkError, match="is not a URL of the form"):
        make(known).respond(f'Bearer realm="{realm}"', _PULL, Budget())


@pytest.mark.parametrize("known", [None, _KNOWN, _IDENTITY])
def test_realm_without_tls_is_refused(known: Credentials | None, make: Make, start: Start) -> None:
    """A token server that may not be without TLS does not get a single byte."""
    server = start(_token())
    with pytest.raises(NetworkError, match=f"plain HTTP to {server.address} is not permitted"):
        make(known, plain=False).respond(_challenge(server), _PULL, Budget())
    assert server.connections == []


def test_redirect_of_the_token_server_drops_credentials(make: Make, start: Start) -> None:
    """Credentials do not go where a token server redirects."""
    other = start(_token())
    server = start(Reply(307, (("Location", f"{other.url}/token"),)))
    make(_KNOWN).respond(_challenge(server), _PULL, Budget())
    assert [seen.authorization for seen in other.seen] == [None]
    with pytest.raises(NetworkError, match=f"{server.address} redirects confidential content to {other.address}"):
        make(_IDENTITY).respond(_challenge(server), _PULL, Budget())
    assert len(other.seen) == 1


@pytest.mark.parametrize("status", [307, 308])
def test_redirect_of_the_token_server_within_its_origin_is_followed(status: int, make: Make, start: Start) -> None:
    """Within one origin an identity token goes on to where the token server leads."""
    server = start(Reply(status, (("Location", "/elsewhere"),)), _token())
    wanted = {"Authorization": "Bearer t1"}
    assert make(_IDENTITY).respond(_challenge(server), _PULL, Budget()) == wanted
    assert [(seen.target, seen.form["refresh_token"]) for seen in server.seen] == [
        ("/token", [_IDENTITY.identity_token]),
        ("/elsewhere", [_IDENTITY.identity_token]),
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
@pytest.mark.parametrize(
    ("known", "text"),
    [
        (None, "requires credentials"),
        (_KNOWN, "does not accept the credentials"),
        (_IDENTITY, "does not accept the credentials"),
    ],
)
def test_denial_of_the_token_server_is_an_error(
    status: int, known: Credentials | None, text: str, make: Make, start: Start
) -> None:
    """The message tells whether credentials were shown; the server's own words are left out."""
    server = start(Reply(status, (), b'{"error_description": "server text"}'))
    with pytest.raises(AccessError) as caught:
        make(known).respond(_challenge(server), _PULL, Budget())
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
        make(_KNOWN).respond(_challenge(start(Reply(200, (), answer))), _PULL, Budget())
    assert "secret" not in caught.value.one_line()


def test_token_response_is_bounded(make: Make, start: Start) -> None:
    """The answer of a token server has a limit of its own."""
    with pytest.raises(NetworkError, match="more than the limit of 131072"):
        make().respond(_challenge(start(_token("x" * 200_000))), _PULL, Budget())


def _shows_no_secret(error: NotarykitError) -> None:
    text = "".join(traceback.format_exception(error)) + repr(error) + error.one_line()
    basic = base64.b64encode(f"{_KNOWN.username}:{_KNOWN.password}".encode()).decode()
    for secret in (_KNOWN.password, _IDENTITY.identity_token, basic):
        assert secret not in text


@pytest.mark.parametrize("known", [_KNOWN, _IDENTITY])
def test_secrets_are_not_shown(known: Credentials) -> None:
    """Credentials that get into a message by mistake show the name alone."""
    for text in (repr(known), str(known), f"{known}", f"{[known]}"):
        assert "pass" not in text
        assert "identity+" not in text
    assert repr(known).startswith(f"Credentials(username={known.username!r}")
