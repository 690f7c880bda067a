"""Certificate commands with Transit keys: request, issue by several CAs, attach and sign."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from notarykit.cli import main
from notarykit.keys.pem import read_certificates
from tests.servers.vault.pki import Pki
from tests.servers.vault.server import KINDS, VaultServer
from tests.support.homes import SCOPE
from tests.support.layouts import make_layout
from tests.support.requirements import program

_PLUGIN = "hashicorp-vault"
_SUBJECT = "CN=build, O=wabbit-networks.io, ST=WA, C=US"


@pytest.fixture(autouse=True)
def settings(user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty settings and working folder."""
    monkeypatch.setenv("NOTATION_CONFIG", str(user / "notation"))
    monkeypatch.chdir(tmp_path)


def _run(*arguments: str) -> None:
    assert main(list(arguments)) == 0


def _key(vault: VaultServer, name: str, kind: str) -> str:
    """Creates a key without a certificate and adds it to the settings."""
    vault.make_key(name, kind)
    _run("key", "add", "--plugin", _PLUGIN, "--id", name, name)
    return name


def _signs(key: str, root: str) -> None:
    """Signs with the key, and verifies with the root trusted."""
    layout = make_layout("hello")
    _run("certificate", "add", "--type", "ca", "--store", "tests", root)
    identity = ("--trusted-identity", "x509.subject: C=US, ST=WA, O=wabbit-networks.io")
    _run("policy", "init", "--name", "tests", "--trust-store", "ca:tests", *identity)
    _run("sign", "--oci-layout", "--key", key, f"hello@{layout.digest}")
    _run("verify", "--oci-layout", "--scope", SCOPE, f"hello@{layout.digest}")


@pytest.mark.parametrize("kind", KINDS)
def test_vault_pki_issues_for_each_key_type(vault: VaultServer, pki: Pki, name: str, kind: str) -> None:
    """Vault's PKI accepts the request of every key type, also RSASSA-PSS, and Transit keeps the chain."""
    key = _key(vault, name, kind)
    _run("certificate", "request", "--key", key, "--subject", _SUBJECT, "--output", "key.csr")
    chain = pki.issue(Path("key.csr").read_text())
    Path("chain.der").write_bytes(b"".join(chain))
    Path("root.crt").write_bytes(pki.root)
    _run("certificate", "attach", "--key", key, "chain.der")
    kept = vault.ask("GET", f"transit/keys/{name}")["data"]["keys"]["1"]["certificate_chain"]
    assert read_certificates(kept.encode(), "kept") == chain
    _signs(key, "root.crt")


@pytest.mark.parametrize("kind", ["rsa-2048", "ecdsa-p384"])
def test_openssl_issues_for_a_transit_key(vault: VaultServer, name: str, kind: str) -> None:
    """OpenSSL issues a certificate for the request of a Transit key."""
    key = _key(vault, name, kind)
    _run("certificate", "request", "--key", key, "--subject", _SUBJECT, "--output", "key.csr")
    extensions = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
    Path("leaf.ext").write_text(extensions)
    authority = ("-keyout", "ca.key", "-out", "root.crt", "-subj", "/CN=Root", "-days", "30", "-nodes", "-sha256")
    usage = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    issue = ("-req", "-in", "key.csr", "-CA", "root.crt", "-CAkey", "ca.key", "-days", "10", "-extfile", "leaf.ext")
    for command in (("req", "-x509", "-newkey", "rsa:2048", *authority, *usage), ("x509", *issue, "-out", "leaf.crt")):
        subprocess.run([program("openssl"), *command], check=True, capture_output=True)
    Path("chain.pem").write_bytes(Path("root.crt").read_bytes() + Path("leaf.crt").read_bytes())
    _run("certificate", "attach", "--key", key, "chain.pem")
    _signs(key, "root.crt")


@pytest.mark.parametrize("kind", ["rsa-3072", "ecdsa-p521"])
def test_transit_key_as_ca_issues_for_another(vault: VaultServer, name: str, kind: str) -> None:
    """A Transit key is the CA that issues for another Transit key."""
    key, root = _key(vault, name, "ecdsa-p256"), _key(vault, f"{name}-root", kind)
    _run("certificate", "generate", "--key", root, "--ca", "--subject", "CN=Root, O=ACME", "-o", "root.crt")
    _run("certificate", "request", "--key", key, "--subject", _SUBJECT, "--output", "key.csr")
    _run("certificate", "issue", "--key", root, "--ca-cert", "root.crt", "--output", "chain.pem", "key.csr")
    subprocess.run([program("openssl"), "verify", "-x509_strict", "-CAfile", "root.crt", "chain.pem"], check=True)
    _run("certificate", "attach", "--key", key, "chain.pem")
    _signs(key, "root.crt")


def test_self_signed_certificate_is_attached(vault: VaultServer, name: str) -> None:
    """The self-signed certificate of a Transit key is a complete chain."""
    key = _key(vault, name, "rsa-2048")
    _run("certificate", "generate", "--key", key, "--subject", _SUBJECT, "--output", "own.crt")
    assert x509.load_pem_x509_certificate(Path("own.crt").read_bytes()).subject.rfc4514_string().startswith("CN=build")
    _run("certificate", "attach", "--key", key, "own.crt")
    _signs(key, "own.crt")
