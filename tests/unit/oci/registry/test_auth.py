"""Authentication at a registry: schemes, credentials and their scopes."""

import base64

import pytest

from notarykit.errors import AccessError
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.pool import ConnectionPool
from notarykit.oci.registry.auth import Authenticator, Credentials
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from tests.servers.registry.http_server import Reply
from tests.unit.oci.registry.authenticators import IDENTITY, KNOWN, PULL, Make, Start, bearer_challenge, token_response
from tests.unit.oci.registry.fake import FakeRegistry


def test_no_credentials_before_a_challenge(make: Make) -> None:
    """Before a registry has asked, neither credentials nor anything else is sent."""
    assert make(KNOWN).headers(PULL, Budget()) == {}


def test_basic_challenge_is_met(make: Make) -> None:
    """Name and password go in UTF-8, at once and with every request from then on."""
    authenticator = make(KNOWN)
    pair = "tester:pass:word \u00fc".encode()
    wanted = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    assert authenticator.respond('Basic realm="x"', PULL, Budget()) == wanted
    assert authenticator.headers("another", Budget()) == wanted


@pytest.mark.parametrize("header", ['Basic realm="x"', "Bearer"])
def test_credentials_that_are_not_utf_8_are_sent_unchanged(header: str, make: Make, start: Start) -> None:
    """What was no UTF-8 in a variable or a file is sent byte by byte, as Go's programs send it."""
    server = start(token_response())
    known = Credentials("m\udce9", "pass\udcff")
    found = make(known).respond(bearer_challenge(server) if header == "Bearer" else header, PULL, Budget())
    sent = server.seen[0].authorization if header == "Bearer" else found["Authorization"]
    assert sent == f"Basic {base64.b64encode(bytes([*b'm', 0xE9, *b':pass', 0xFF])).decode()}"


@pytest.mark.parametrize("known", [None, IDENTITY])
def test_basic_challenge_without_credentials_is_an_error(known: Credentials | None, make: Make) -> None:
    """Where there is no name to give, the message says what to do."""
    with pytest.raises(AccessError) as caught:
        make(known).respond('Basic realm="x"', PULL, Budget())
    assert caught.value.message == "registry.test requires a user name and a password"
    assert caught.value.advice == "knock"
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("header", ["", "Negotiate", "Digest realm=x, NTLM", "\x00"])
def test_unsupported_scheme_is_an_error(header: str, make: Make) -> None:
    """A kind of authentication that is not supported is told."""
    with pytest.raises(AccessError, match=r"registry\.test requires an unsupported authentication scheme"):
        make(KNOWN).respond(header, PULL, Budget())


def test_credentials_are_looked_up_once_on_first_use() -> None:
    """A helper is asked when the registry asks, and not again."""
    asked = []

    def look_up(repository: str) -> Credentials:
        asked.append(repository)
        return KNOWN

    client = HttpClient(ConnectionPool(pytest.fail), Destinations())
    authenticator = Authenticator("registry.test", "https://registry.test/v2/", client, look_up, lambda: "")
    assert asked == []
    for _ in range(3):
        authenticator.respond("Basic realm=x", PULL, Budget())
    assert asked == ["registry.test/a/b"]


def test_credentials_are_per_repository() -> None:
    """Each repository is shown its own credentials, and one without any is shown nobody's."""
    known = {"registry.test/a/b": Credentials("ab", "x"), "registry.test": Credentials("all", "x")}
    client = HttpClient(ConnectionPool(pytest.fail), Destinations())
    authenticator = Authenticator("registry.test", "https://registry.test/v2/", client, known.get, lambda: "")
    wanted = {
        PULL: _basic("ab"), "repository:a/b:pull,push": _basic("ab"), "": _basic("all"), "repository:a/c:pull": {},
    }  # fmt: skip
    authenticator.respond("Basic realm=x", PULL, Budget())
    assert {scope: authenticator.headers(scope, Budget()) for scope in wanted} == wanted
    assert authenticator.has_credentials(PULL)
    assert not authenticator.has_credentials("repository:a/c:pull")


def _basic(name: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:x'.encode()).decode()}"}


def test_registry_token_needs_no_token_server(make: Make, start: Start) -> None:
    """A token of the user's for the registry is shown as it is, where tokens are asked for, and to nobody else."""
    server = start(token_response())
    authenticator = make(Credentials("me", "x", "identity", "bearer"))
    assert authenticator.headers(PULL, Budget()) == {}
    assert authenticator.respond(bearer_challenge(server), PULL, Budget()) == {"Authorization": "Bearer bearer"}
    assert authenticator.headers("repository:c:pull", Budget()) == {"Authorization": "Bearer bearer"}
    assert server.seen == []
    with pytest.raises(AccessError, match=r"have a malformed token$"):
        make(Credentials(registry_token="a\nb: c")).respond(bearer_challenge(server), PULL, Budget())


@pytest.mark.parametrize("header", ["Basic realm=x, {}", "{}, Basic realm=x", "Negotiate, {}"])
def test_bearer_is_preferred_to_basic(header: str, make: Make, start: Start) -> None:
    """Of several kinds the one that sends the password to fewer is taken."""
    server = start(token_response())
    found = make(KNOWN).respond(header.format(bearer_challenge(server)), PULL, Budget())
    assert found == {"Authorization": "Bearer t1"}


@pytest.mark.parametrize("known", [KNOWN, IDENTITY])
def test_secrets_are_not_shown(known: Credentials) -> None:
    """Credentials that get into a message by mistake show the name alone."""
    for text in (repr(known), str(known), f"{known}", f"{[known]}"):
        assert "pass" not in text
        assert "identity+" not in text
    assert repr(known).startswith(f"Credentials(username={known.username!r}")


@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_challenge_of_a_host_to_which_the_registry_redirects_is_not_met(
    scheme: str, registry: FakeRegistry, start: Start
) -> None:
    """Credentials are the registry's: neither the other host nor the token server that it names gets them."""
    token_server = start(Reply(200, (), b'{"token":"x"}'))
    challenge = f'{scheme} realm="{token_server.url}/token"'
    other = start(Reply(401, (("WWW-Authenticate", challenge),)))
    registry.at["/v2/"] = Reply(307, (("Location", f"{other.url}/elsewhere"),))
    listed = frozenset(server.url.partition("//")[2] for server in (token_server, other))
    settings = RegistrySettings(listed, credentials=lambda _: Credentials("tester", "secret"))
    with RegistryHost(registry.host, settings) as host, pytest.raises(AccessError, match="redirects, denies GET"):
        host.ping(Budget())
    assert not token_server.seen
    assert [seen.authorization for seen in other.seen] == [None]
