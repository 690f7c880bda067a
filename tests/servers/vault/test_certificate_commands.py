"""Certificates for keys in Vault by the command line: requested, issued by several authorities, attached, and used."""

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
    """Empty settings, in a working folder of the user's own."""
    monkeypatch.setenv("NOTATION_CONFIG", str(user / "notation"))
    monkeypatch.chdir(tmp_path)


def _run(*arguments: str) -> None:
    assert main(list(arguments)) == 0


def _key(vault: VaultServer, name: str, kind: str) -> str:
    """Makes a key without a certificate and puts it on the list."""
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
def test_a_certificate_of_vaults_own_authority(vault: VaultServer, pki: Pki, name: str, kind: str) -> None:
    """Vault's PKI accepts the request of every kind of key, RSASSA-PSS too, and the chain is kept with the key."""
    key = _key(vault, name, kind)
    _run("certificate", "request", "--key", key, "--subject", _SUBJECT, "--output", "key.csr")
    chain = pki.sign(Path("key.csr").read_text())
    Path("chain.der").write_bytes(b"".join(chain))
    Path("root.crt").write_bytes(pki.root)
    _run("certificate", "attach", "--key", key, "chain.der")
    kept = vault.ask("GET", f"transit/keys/{name}")["data"]["keys"]["1"]["certificate_chain"]
    assert read_certificates(kept.encode(), "kept") == chain
    _signs(key, "root.crt")


@pytest.mark.parametrize("kind", ["rsa-2048", "ecdsa-p384"])
def test_a_certificate_of_openssl(vault: VaultServer, name: str, kind: str) -> None:
    """OpenSSL issues for the request of a key in Vault."""
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
def test_the_authority_is_a_key_in_vault(vault: VaultServer, name: str, kind: str) -> None:
    """A key in Vault is the authority that issues for another key in Vault."""
    key, root = _key(vault, name, "ecdsa-p256"), _key(vault, f"{name}-root", kind)
    _run("certificate", "generate", "--key", root, "--ca", "--subject", "CN=Root, O=ACME", "-o", "root.crt")
    _run("certificate", "request", "--key", key, "--subject", _SUBJECT, "--output", "key.csr")
    _run("certificate", "issue", "--key", root, "--ca-cert", "root.crt", "--output", "chain.pem", "key.csr")
    subprocess.run([program("openssl"), "verify", "-x509_strict", "-CAfile", "root.crt", "chain.pem"], check=True)
    _run("certificate", "attach", "--key", key, "chain.pem")
    _signs(key, "root.crt")


def test_a_key_that_is_its_own_authority(vault: VaultServer, name: str) -> None:
    """A certificate that a key in Vault has signed for itself is a chain of its own."""
    key = _key(vault, name, "rsa-2048")
    _run("certificate", "generate", "--key", key, "--subject", _SUBJECT, "--output", "own.crt")
    assert x509.load_pem_x509_certificate(Path("own.crt").read_bytes()).subject.rfc4514_string().startswith("CN=build")
    _run("certificate", "attach", "--key", key, "own.crt")
    _signs(key, "own.crt")
