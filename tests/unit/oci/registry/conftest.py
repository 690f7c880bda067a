"""Servers for the tests of registries, and no waiting between tries."""

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.pool import ConnectionPool
from notarykit.oci.registry.auth import Authenticator, Credentials
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.repository import RegistryRepository
from tests.unit.net.server import Answer, Server
from tests.unit.oci.registry.authenticators import Make
from tests.unit.oci.registry.fake import SUBJECT, FakeRegistry


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setattr("notarykit.net.retry._FIRST_PAUSE", 0.0)
    for name in ("_SHORTEST_PAUSE", "_LONGEST_PAUSE"):
        monkeypatch.setattr(f"notarykit.oci.registry.referrers_tag.{name}", 0.0)


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Starts servers that stop with the test."""
    with contextlib.ExitStack() as stack:

        def started(*answers: Answer) -> Server:
            return stack.enter_context(Server(*answers))

        yield started


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


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """A registry that has nothing."""
    with FakeRegistry() as registry:
        yield registry


@pytest.fixture
def host(registry: FakeRegistry) -> Iterator[RegistryHost]:
    """How the registry is reached."""
    host = RegistryHost(registry.host, RegistrySettings())
    yield host
    host.close()


@pytest.fixture
def found(host: RegistryHost) -> Callable[[], list[str]]:
    """Looks for signatures and returns their digests."""
    place = RegistryRepository(host, "a/b")
    return lambda: [entry.digest for entry in place.signatures(SUBJECT)]
