"""The authorities whose revocation is asked for: one of `openssl ca` and Vault's, each with servers of its own."""

from collections.abc import Callable, Iterator

import pytest

from tests.servers.registry.conftest import memory_registry, plain_registry, registry_ca, registry_program, stack
from tests.servers.revocation.openssl_ca import OpensslCA
from tests.servers.revocation.vault_ca import VaultCA
from tests.servers.vault.conftest import pki, vault, vault_program
from tests.servers.vault.pki import Pki
from tests.support.responders import Responder
from tests.support.revocable import revocable_chain

__all__ = [
    "memory_registry",
    "pki",
    "plain_registry",
    "registry_ca",
    "registry_program",
    "stack",
    "vault",
    "vault_program",
]

NewCA = Callable[[], OpensslCA]


@pytest.fixture(scope="session")
def session_responder() -> Iterator[Responder]:
    """A server that all tests of a session share."""
    with Responder() as running:
        yield running


@pytest.fixture(scope="session")
def openssl_ca(session_responder: Responder, tmp_path_factory: pytest.TempPathFactory) -> NewCA:
    """What makes CAs of `openssl ca` for the leaves of new chains, and serves what they say."""

    def make() -> OpensslCA:
        folder = tmp_path_factory.mktemp("openssl-ca")
        path = f"/{folder.name}"
        chain = revocable_chain(session_responder.url(path))
        ca = OpensslCA(folder, chain)
        ca.serve(session_responder, path)
        return ca

    return make


@pytest.fixture(scope="session")
def vault_ca(pki: Pki) -> VaultCA:
    """Vault's own authority."""
    return VaultCA(pki)
