"""The page on timestamps and revocation: its commands and its example run, one after the other."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import notarykit
from tests.docs.test_documents import ROOT, blocks
from tests.servers.timestamp import openssl_ts
from tests.servers.timestamp.openssl_ts import OpensslAuthority
from tests.support.ca import TestChain, pem_of
from tests.support.crls import make_crl
from tests.support.envelopes import TARGET
from tests.support.layouts import make_layout
from tests.support.ocsp_answers import responding
from tests.support.requirements import program
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain

PAGE = (ROOT / "docs" / "timestamps-and-revocation.md").read_text()


@pytest.fixture(scope="module")
def authority() -> Iterator[OpensslAuthority]:
    """The timestamp authority of the page."""
    with openssl_ts.running() as running:
        yield running


@pytest.fixture
def chain() -> Iterator[TestChain]:
    """A signer's chain whose leaf can be looked up by OCSP and whose intermediate by its CRL."""
    with Responder() as responder:
        chain = revocable_chain(responder.url(), ocsp_at={1: []})
        responder.ocsp(ocsp_path(0), responding(chain))
        responder.put(crl_path(1), make_crl(chain, 2))
        yield chain


def test_commands_run(tmp_path: Path, authority: OpensslAuthority, chain: TestChain) -> None:
    """Every shell block runs with a key of a chain that can be looked up, and tells what the page says."""
    make_layout(tmp_path / "hello")
    (tmp_path / "tsa-root.crt").write_bytes(authority.root)
    (tmp_path / "key.pem").write_bytes(pem_of(chain.leaf_key))
    (tmp_path / "key.pem").chmod(0o600)
    (tmp_path / "chain.pem").write_bytes(chain.chain_pem)
    (tmp_path / "root.pem").write_bytes(chain.pems[-1])
    commands = os.path.dirname(sys.executable)
    environment = {"PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(tmp_path), "TSA_URL": authority.url}
    settings = tmp_path / ".config" / "notation"
    settings.mkdir(parents=True)
    key = f'{{"name": "acme", "keyPath": "{tmp_path}/key.pem", "certPath": "{tmp_path}/chain.pem"}}'
    (settings / "signingkeys.json").write_text(f'{{"default": "acme", "keys": [{key}]}}')
    said = []
    for block in ("notarykit certificate add --type ca --store acme root.pem", *blocks(PAGE, "sh")):
        done = subprocess.run(
            [program("bash"), "-e", "-c", block], cwd=tmp_path, env=environment, text=True, capture_output=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        said.append(done.stdout + done.stderr)
    assert sum("Successfully verified" in text for text in said) == 3
    assert any("OCSP http://" in text and "until" in text for text in said)
    assert any(text.startswith("Collected 2 file(s)") for text in said)


def test_example_runs(
    tmp_path: Path, authority: OpensslAuthority, chain: TestChain, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Python block runs with a signer, a policy and a store at hand."""
    crl = tmp_path / "ca.crl"
    crl.write_bytes(make_crl(chain, 1))
    document = notarykit.parse_policy_document(b"""{"version": "1.0", "trustPolicies": [{
        "name": "all", "registryScopes": ["*"], "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:acme", "tsa:time"], "trustedIdentities": ["*"]}]}""")
    names: dict[str, object] = {
        "crl_file": str(crl),
        "tsa_url": authority.url,
        "tsa_root": authority.root,
        "artifact": notarykit.Descriptor(TARGET["mediaType"], TARGET["digest"], TARGET["size"]),  # type: ignore[arg-type]
        "signer": notarykit.LocalSigner.from_pem(chain.key_pem, chain.chain_pem),
        "policies": document,
        "scope": "registry.example.com/hello",
        "store": notarykit.MemoryTrustStore({"ca:acme": [chain.ders[-1]], "tsa:time": [authority.root]}),
    }
    for block in blocks(PAGE, "python"):
        exec(compile(block, "timestamps-and-revocation.md", "exec"), names)
    assert capsys.readouterr().out == "True\n"
