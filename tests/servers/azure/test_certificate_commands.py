"""Certificate commands with keys in a vault: request, issue, attach and sign."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from notarykit.cli import main
from notarykit.keys.issue import make_csr, make_name
from notarykit.trust.identity import parse_name
from tests.servers.azure.conftest import Azure
from tests.support.ca import make_chain, pem_of
from tests.support.homes import SCOPE
from tests.support.layouts import make_layout

_SUBJECT = "CN=build, O=wabbit-networks.io, ST=WA, C=US"


@pytest.fixture(autouse=True)
def settings(azure: Azure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty settings and working folder, with a CA whose key is in a file."""
    monkeypatch.setenv("NOTATION_CONFIG", str(tmp_path / "notation"))
    monkeypatch.chdir(tmp_path)
    Path("ca.key").touch(0o600)
    Path("ca.key").write_bytes(pem_of(make_chain("EC-256", 1).leaf_key))
    _run("key", "add", "--plugin", "local-file", "--id", str(tmp_path / "ca.key"), "root")
    _run("certificate", "generate", "--key", "root", "--ca", "--subject", "CN=Root, O=ACME", "-o", "root.crt")


def _run(*arguments: str) -> None:
    assert main(list(arguments)) == 0


def _signs(key: str) -> None:
    layout = make_layout("hello")
    _run("certificate", "add", "--type", "ca", "--store", "tests", "root.crt")
    identity = ("--trusted-identity", "x509.subject: C=US, ST=WA, O=wabbit-networks.io")
    _run("policy", "init", "--name", "tests", "--trust-store", "ca:tests", *identity)
    _run("sign", "--oci-layout", "--key", key, f"hello@{layout.digest}")
    _run("verify", "--oci-layout", "--scope", SCOPE, f"hello@{layout.digest}")


def _issue_and_attach(key: str) -> None:
    """Issues a certificate for the request and attaches the chain."""
    _run("certificate", "issue", "--key", "root", "--ca-cert", "root.crt", "--output", "chain.pem", "key.csr")
    _run("certificate", "attach", "--key", key, "chain.pem")


@pytest.mark.parametrize("spec", ["RSA-2048", "EC-256"])
def test_chain_of_a_bare_key_is_kept_in_settings(azure: Azure, spec: str) -> None:
    """The chain of a key without a certificate in the vault is stored with the settings."""
    azure.server.add_key("build", make_chain(spec).leaf_key)
    _run("key", "add", "--plugin", "azure-keyvault", "--id", azure.key(), "build")
    _run("certificate", "request", "--key", "build", "--subject", _SUBJECT, "--output", "key.csr")
    _issue_and_attach("build")
    _signs("build")
    assert "MergeCertificate" not in azure.server.operations()


def test_chain_is_merged_into_a_pending_certificate(azure: Azure) -> None:
    """The chain for a pending certificate is merged in the vault."""
    key = make_chain("EC-256").leaf_key
    azure.server.request_certificate("build", key)
    Path("key.csr").write_bytes(make_csr(key, make_name(parse_name(_SUBJECT))).public_bytes(Encoding.PEM))
    _run("key", "add", "--plugin", "azure-keyvault", "--id", azure.certificate(), "build")
    _issue_and_attach("build")
    _signs("build")
    assert "MergeCertificate" in azure.server.operations()
