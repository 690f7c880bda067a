"""A Vault for all tests of a session, and for each test an environment that leads to it and to nothing else."""

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.conftest import fault_proxy, forward_proxy, registry_ca, stack
from tests.servers.vault import build, server
from tests.servers.vault.pki import Pki, open_pki
from tests.servers.vault.server import VaultServer

__all__ = ["fault_proxy", "forward_proxy", "registry_ca", "stack"]


@pytest.fixture(scope="session")
def vault_program() -> str:
    """The program."""
    return build.build()


@pytest.fixture(scope="session")
def vault(vault_program: str, registry_ca: RegistryCA) -> Iterator[VaultServer]:
    """A Vault that all tests of a session share: each has keys of its own."""
    with server.running(vault_program, registry_ca) as running:
        yield running


@pytest.fixture
def another_vault(vault_program: str, registry_ca: RegistryCA) -> Iterator[Callable[[], VaultServer]]:
    """What starts a Vault for one test alone."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(server.running(vault_program, registry_ca))


@pytest.fixture(scope="session")
def pki(vault: VaultServer) -> Pki:
    """A certificate authority for code signing: Vault's own."""
    return open_pki(vault)


@pytest.fixture(autouse=True)
def user(vault: VaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder, in an environment that leads to the Vault with the root token."""
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
    """A name that no other test uses."""
    return f"k{uuid.uuid4().hex[:12]}"
