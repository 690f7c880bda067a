"""Credentials that are replaced while many threads work: one look-up for all of them, and each request once more."""

import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from notarykit.errors import AccessError
from notarykit.net.budget import Budget
from notarykit.net.messages import Request
from notarykit.oci.registry.auth import Credentials
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen
from tests.unit.oci.registry.authenticators import token_response

_THREADS = 8
_REQUESTS = 200


class ChangingRegistry(RecordingServer):
    """Registry, and its token server, whose password is changed while it serves.

    Attributes:
        scheme: `Basic`, or `Bearer` for tokens that end with the password.
        password: The password.
    """

    def __init__(self, scheme: str) -> None:
        """Starts to serve."""
        super().__init__()
        self.scheme = scheme
        self.password = "first"

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Answers with a token, content or a challenge."""
        with self.lock:
            password = self.password
        basic = f"Basic {base64.b64encode(f'me:{password}'.encode()).decode()}"
        if seen.path == "/token" and seen.authorization == basic:
            return connection.reply(token_response(f"token-{password}", expires_in=300))
        expected = basic if self.scheme == "Basic" else f"Bearer token-{password}"
        if seen.path != "/token" and seen.authorization == expected:
            return connection.reply(Reply(200))
        challenge = f'{self.scheme} realm="http://{self.host}/token"'
        return connection.reply(Reply(401, (("WWW-Authenticate", challenge),)))


class Store:
    """Credentials of the user, and the look-ups that were made."""

    def __init__(self, registry: ChangingRegistry) -> None:
        """Begins with the registry's password."""
        self.password = registry.password
        self.look_ups: list[str] = []

    def __call__(self, repository: str) -> Credentials:
        """Returns the present credentials."""
        self.look_ups.append(repository)
        return Credentials("me", self.password)


@pytest.fixture(params=["Basic", "Bearer"])
def registry(request: pytest.FixtureRequest) -> Iterator[ChangingRegistry]:
    """A registry with either scheme."""
    with ChangingRegistry(request.param) as registry:
        yield registry


def _host(registry: ChangingRegistry, store: Store) -> RegistryHost:
    return RegistryHost(registry.host, RegistrySettings(frozenset([registry.host]), credentials=store))


def _get(host: RegistryHost, repository: str) -> int:
    url = host.url(f"{repository}/manifests/v1")
    return host.send(Request("GET", url, Budget(seconds=30), 1000), f"repository:{repository}:pull").status


def test_replaced_credentials_are_looked_up_once_for_all_threads(registry: ChangingRegistry) -> None:
    """Eight threads work on while the password changes: none fails, and one look-up is made."""
    store = Store(registry)
    half = threading.Barrier(_THREADS, lambda: _change(registry, store))

    def work(host: RegistryHost) -> set[int]:
        statuses = {_get(host, "a/b") for _ in range(_REQUESTS // _THREADS)}
        half.wait(30)
        return statuses | {_get(host, "a/b") for _ in range(_REQUESTS // _THREADS)}

    with _host(registry, store) as host, ThreadPoolExecutor(_THREADS) as pool:
        assert [work.result() for work in [pool.submit(work, host) for _ in range(_THREADS)]] == [{200}] * _THREADS
    assert store.look_ups == [f"{registry.host}/a/b"] * 2
    if registry.scheme == "Bearer":
        tokens = [seen for seen in registry.seen if seen.path == "/token"]
        assert len(tokens) == 3  # at first, refused with the old password, and with the new one


def _change(registry: ChangingRegistry, store: Store) -> None:
    registry.password = store.password = "second"


def test_replaced_credentials_are_looked_up_once_for_all_repositories(registry: ChangingRegistry) -> None:
    """Repositories with one credential share the second look-up."""
    store = Store(registry)
    names = ["a/b", "c/d", "e/f"]
    with _host(registry, store) as host:
        assert [_get(host, name) for name in names] == [200] * 3
        _change(registry, store)
        assert [_get(host, name) for name in names] == [200] * 3
    assert len(store.look_ups) == 4


def test_credentials_that_stay_refused_are_looked_up_twice(registry: ChangingRegistry) -> None:
    """Where a second look-up brings nothing new, the refusal stands, and no further look-up is made."""
    store = Store(registry)
    with _host(registry, store) as host:
        assert _get(host, "a/b") == 200
        registry.password = "second"
        for _ in range(5):
            with pytest.raises(AccessError, match="does not accept the credentials"):
                _get(host, "a/b")
    assert len(store.look_ups) == 2


def test_registry_token_that_was_replaced_is_looked_up_again() -> None:
    """A token of the registry's own, used without a token server, is replaced like a password."""
    with ChangingRegistry("Bearer") as registry:
        tokens = iter(["token-first", "token-second"])
        settings = RegistrySettings(
            frozenset([registry.host]), credentials=lambda _: Credentials(registry_token=next(tokens))
        )
        with RegistryHost(registry.host, settings) as host:
            assert _get(host, "a/b") == 200
            registry.password = "second"
            assert _get(host, "a/b") == 200
