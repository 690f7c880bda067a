"""Certificates for keys in AWS KMS by the command line: requested, issued by another key there, and used."""

from pathlib import Path

import pytest

from notarykit.cli import main
from tests.servers.aws.service import REGION, SPECS, Service
from tests.support.homes import SCOPE
from tests.support.layouts import make_layout

_SUBJECT = "CN=build, O=wabbit-networks.io, ST=WA, C=US"


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty settings, in a working folder of the user's own."""
    monkeypatch.setenv("NOTATION_CONFIG", str(tmp_path / "notation"))
    monkeypatch.chdir(tmp_path)


def _run(*arguments: str) -> None:
    assert main(list(arguments)) == 0


def _key(service: Service, name: str, spec: str) -> str:
    """Makes a key and puts it on the list."""
    config = ("--plugin-config", f"region={REGION}", "--plugin-config", f"endpoint={service.url}")
    _run("key", "add", "--plugin", "aws-kms", "--id", service.key_of_kind(SPECS[spec]), *config, name)
    return name


@pytest.mark.parametrize("spec", ["RSA-2048", "EC-256"])
def test_key_without_a_certificate_gets_one_and_signs(moto: Service, spec: str) -> None:
    """The CA's key is in the service too; the chain is stored beside the settings."""
    key, root = _key(moto, "build", spec), _key(moto, "root", "EC-384")
    _run("certificate", "generate", "--key", root, "--ca", "--subject", "CN=Root, O=ACME", "-o", "root.crt")
    _run("certificate", "request", "--key", key, "--subject", _SUBJECT, "--output", "key.csr")
    _run("certificate", "issue", "--key", root, "--ca-cert", "root.crt", "--output", "chain.pem", "key.csr")
    _run("certificate", "attach", "--key", key, "chain.pem")
    layout = make_layout("hello")
    _run("certificate", "add", "--type", "ca", "--store", "tests", "root.crt")
    identity = ("--trusted-identity", "x509.subject: C=US, ST=WA, O=wabbit-networks.io")
    _run("policy", "init", "--name", "tests", "--trust-store", "ca:tests", *identity)
    _run("sign", "--oci-layout", "--key", key, f"hello@{layout.digest}")
    _run("verify", "--oci-layout", "--scope", SCOPE, f"hello@{layout.digest}")
