"""The issuer, the certificate authorities and the timestamp authority that identity-based signing needs."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.identity import build, fulcio
from tests.servers.identity.fulcio import Fulcio
from tests.servers.identity.issuer import Issuer, Signer
from tests.servers.identity.scene import Scene
from tests.servers.identity.vault_ca import VaultCA, open_vault_ca
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.conftest import registry_ca
from tests.servers.timestamp import openssl_ts
from tests.servers.timestamp.conftest import openssl_tsa, tsa_chain
from tests.servers.timestamp.openssl_ts import OpensslAuthority
from tests.servers.vault.conftest import vault, vault_program
from tests.servers.vault.server import VaultServer
from tests.support.ca import TestChain

__all__ = ["openssl_tsa", "registry_ca", "tsa_chain", "vault", "vault_program"]


@pytest.fixture(scope="session")
def session_issuer(registry_ca: RegistryCA) -> Iterator[Issuer]:
    """Issuer that authorities know."""
    with Issuer(registry_ca.server()) as issuer:
        yield issuer


@pytest.fixture
def issuer(session_issuer: Issuer) -> Iterator[Issuer]:
    """The issuer without what an earlier test prepared."""
    session_issuer.seen.clear()
    yield session_issuer
    session_issuer.claims.clear()
    session_issuer.answers.clear()


@pytest.fixture(scope="session")
def session_vault_ca(vault: VaultServer, session_issuer: Issuer, registry_ca: RegistryCA) -> VaultCA:
    """Vault's engine for tests that change nothing in it."""
    return open_vault_ca(vault, session_issuer, Path(registry_ca.ca_file).read_text())


@pytest.fixture
def own_vault_ca(vault: VaultServer, issuer: Issuer, registry_ca: RegistryCA) -> VaultCA:
    """Engine of one test, which may change it."""
    return open_vault_ca(vault, issuer, Path(registry_ca.ca_file).read_text())


KINDS = ("uri", "kubernetes", "github-workflow", "gitlab-pipeline", "email", "spiffe", "username", "ci-provider")


@pytest.fixture(scope="session")
def session_fulcio(registry_ca: RegistryCA) -> Iterator[Fulcio]:
    """Fulcio, with an issuer of each kind, of which one signs with RSA."""
    program, certificate = build.build(), registry_ca.server()
    with contextlib.ExitStack() as stack:
        issuers = {kind: stack.enter_context(Issuer(certificate)) for kind in KINDS}
        issuers["kubernetes"].signer = Signer(is_rsa=True)
        yield stack.enter_context(fulcio.running(program, certificate, registry_ca.ca_file, issuers))


@pytest.fixture
def fulcio_ca(session_fulcio: Fulcio) -> Iterator[Fulcio]:
    """Fulcio without what an earlier test prepared."""
    session_fulcio.seen.clear()
    yield session_fulcio
    session_fulcio.answers.clear()
    session_fulcio.changes.clear()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variables of Vault, GitHub, GitLab and proxies."""
    for name in list(os.environ):
        if name.startswith(("VAULT_", "ACTIONS_", "SIGSTORE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def exact_tsa(tsa_chain: TestChain) -> Iterator[OpensslAuthority]:
    """An authority that states no accuracy, so that no certificate is too young for its timestamps."""
    with openssl_ts.running(tsa_chain, openssl_ts.Settings(accuracy="")) as authority:
        yield authority


@pytest.fixture
def scene(issuer: Issuer, exact_tsa: OpensslAuthority, registry_ca: RegistryCA, tmp_path: Path) -> Scene:
    """A workload with a token, a layout to sign, and a verifier."""
    return Scene(tmp_path, issuer, exact_tsa, registry_ca.ca_file)
