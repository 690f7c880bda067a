"""A Vault shared by the session's tests, and for each test an environment that leads only to it."""

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.conftest import fault_proxy, forward_proxy, registry_ca, stack
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.vault import build, server
from tests.servers.vault.pki import Pki, open_pki
from tests.servers.vault.server import VaultServer
from tests.support.ca import TestChain

__all__ = ["fault_proxy", "forward_proxy", "registry_ca", "stack"]


@pytest.fixture(scope="session")
def vault_program() -> str:
    """Path of Vault's program."""
    return build.build()


@pytest.fixture(scope="session")
def vault(vault_program: str, registry_ca: RegistryCA) -> Iterator[VaultServer]:
    """Vault shared by all tests of the session, each with its own keys."""
    with server.running(vault_program, registry_ca) as running:
        yield running


@pytest.fixture
def another_vault(vault_program: str, registry_ca: RegistryCA) -> Iterator[Callable[[], VaultServer]]:
    """Starts a Vault for one test only."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(server.running(vault_program, registry_ca))


@pytest.fixture(scope="session")
def pki(vault: VaultServer) -> Pki:
    """Vault's PKI engine as CA for code signing."""
    return open_pki(vault)


@pytest.fixture(autouse=True)
def user(vault: VaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Home of a user with the root token in the environment."""
    for name in list(os.environ):
        if name.startswith("VAULT_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("VAULT_ADDR", vault.url)
    monkeypatch.setenv("VAULT_TOKEN", vault.root)
    return home


@pytest.fixture
def name() -> str:
    """Name unique to the test."""
    return f"k{uuid.uuid4().hex[:12]}"


@pytest.fixture
def chain(vault: VaultServer, name: str) -> TestChain:
    """Chain of the test's key, stored in Transit."""
    vault.make_key(name)
    return vault.attach(name)


@pytest.fixture
def proxy(fault_proxy: FaultProxies, vault: VaultServer, monkeypatch: pytest.MonkeyPatch) -> FaultProxy:
    """Proxy to the Vault at the environment's address, which records requests."""
    proxy = fault_proxy(f"127.0.0.1:{vault.port}")
    monkeypatch.setenv("VAULT_ADDR", proxy.url)
    return proxy
