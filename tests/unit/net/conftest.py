"""Clients for the tests of the network, and an environment that names no proxy."""

import contextlib
import os
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.pool import ConnectionPool
from tests.servers.registry.certificates import RegistryCA
from tests.unit.net.server import Answer, Browser, Server

Start = Callable[..., Server]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.lower().endswith("_proxy") or name == "REQUEST_METHOD":
            monkeypatch.delenv(name)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers that stop with the test."""
    with contextlib.ExitStack() as stack:

        def started(*answers: Answer, **options: object) -> Server:
            return stack.enter_context(Server(*answers, **options))  # type: ignore[arg-type]

        yield started


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A client that may talk to everybody without TLS."""
    connections = ConnectionPool(lambda _: ssl.create_default_context())
    browser = Browser(lambda pause: HttpClient(connections, Destinations(plain=None), pause))
    yield browser
    browser.client.close()


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    """An event that is set when the test ends."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> RegistryCA:
    """An authority that issues certificates for servers."""
    return RegistryCA(str(tmp_path_factory.mktemp("ca")))
