"""Certificates that were issued and generated here, with the Go libraries and OpenSSL as judges."""

import base64
import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from notarykit._internal.rfc3339 import utc_now
from notarykit.config.key_access import attach_chain, open_key, open_signer
from notarykit.config.signing_keys import SigningKey, load_signing_keys
from notarykit.keys.chain import check_chain
from notarykit.keys.issue import issue, make_csr, self_signed
from notarykit.keys.lint import lint
from notarykit.oci.layout import ImageLayout
from notarykit.signing.artifact import sign_artifact
from notarykit.signing.options import SignOptions
from notarykit.verification.verdict import Verified
from tests.interop.go_build import build
from tests.interop.go_peer import Peer
from tests.interop.scene import Question
from tests.support.ca import SPECS, Changes, TestChain, make_chain, name, new_key, pem_of
from tests.support.envelopes import FORMATS, JWS, sign_envelope
from tests.support.homes import Home, policy_document
from tests.support.layouts import make_layout
from tests.support.openssl import verify

_DAY = timedelta(days=1)
_SUBJECT = name("wabbit-networks.io")
# The CAs' key specs, so that each of the leaf's meets both kinds.
_CA_SPECS = ("RSA-2048", "RSA-3072", "EC-256", "EC-521")


def _key(folder: Path, holder: str, spec: str, which: int = 0) -> tuple[Any, Any]:
    """A key as a certificate builder gets it from its holder, and the private key itself."""
    private_key = new_key(spec, which)
    path = folder / f"{spec}-{which}.key"
    path.touch(mode=0o600)
    path.write_bytes(pem_of(private_key))
    entry = SigningKey("k", str(path)) if holder == "local" else SigningKey("k", id=str(path), plugin="local-file")
    return open_key(entry, {}), private_key


def _as_chain(spec: str, private_key: Any, *certificates: x509.Certificate) -> TestChain:
    ders = tuple(each.public_bytes(Encoding.DER) for each in certificates)
    return TestChain(spec, ders, (private_key,), tuple(each.subject for each in certificates))


def _judged(peer: Peer, chain: TestChain) -> None:
    """Has the Go side open an envelope of each format that the chain's key has signed."""
    assert check_chain(chain.ders).ders == chain.ders
    for media_type in FORMATS:
        envelope = sign_envelope(chain, media_type)
        answer = peer.ask("verifyEnvelope", mediaType=media_type, envelope=base64.b64encode(envelope).decode())
        assert answer["ok"], answer["error"]
        spoiled = sign_envelope(chain.with_ders(make_chain(length=len(chain.ders)).ders), media_type)
        answer = peer.ask("verifyEnvelope", mediaType=media_type, envelope=base64.b64encode(spoiled).decode())
        assert not answer["ok"]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("holder", ["local", "plugin"])
def test_go_accepts_self_signed_certificates(peer: Peer, tmp_path: Path, spec: str, holder: str) -> None:
    """Go accepts envelopes whose key has signed its own certificate."""
    key, private_key = _key(tmp_path, holder, spec)
    made = self_signed(key, _SUBJECT, utc_now(), _DAY)
    verify(tmp_path, made)
    _judged(peer, _as_chain(spec, private_key, made))


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("ca_spec", _CA_SPECS)
@pytest.mark.parametrize("ca_holder", ["local", "plugin"])
def test_go_accepts_issued_certificates(peer: Peer, tmp_path: Path, spec: str, ca_spec: str, ca_holder: str) -> None:
    """Go accepts envelopes with a requested and issued chain, under a root of ours."""
    key, private_key = _key(tmp_path, "local" if ca_holder == "plugin" else "plugin", spec)
    ca_key, _ = _key(tmp_path, ca_holder, ca_spec, 1)
    root = self_signed(ca_key, name("My CA"), utc_now(), 2 * _DAY, is_ca=True)
    made = issue(make_csr(key, _SUBJECT), ca_key, root, utc_now(), _DAY)
    verify(tmp_path, made, root)
    _judged(peer, _as_chain(spec, private_key, made, root))


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("ca_kind", ["RSA-2048", "EC-384"])
def test_go_accepts_a_chain_with_an_intermediate(peer: Peer, tmp_path: Path, spec: str, ca_kind: str) -> None:
    """Go accepts a chain of three, whose intermediate CA has the path length 0."""
    no_more = Changes(put=((x509.BasicConstraints(ca=True, path_length=0), True),))
    authority = make_chain(length=3, ca_kind=ca_kind, cas={1: no_more})
    key, private_key = _key(tmp_path, "plugin", spec)
    made = issue(make_csr(key, _SUBJECT), authority.keys[1], authority.certificates[1], utc_now(), _DAY)
    verify(tmp_path, made, *authority.certificates[1:], strict=False)
    _judged(peer, _as_chain(spec, private_key, made, *authority.certificates[1:]))


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("holder", ["local", "plugin"])
def test_both_sides_trust_an_attached_chain(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, holder: str
) -> None:
    """With the chain attached to its key, both sides trust the key's signatures, by root and identity."""
    home = Home(tmp_path / "home")
    for variable, value in home.environment().items():
        monkeypatch.setenv(variable, value)
    key, private_key = _key(tmp_path, holder, spec)
    ca_key, _ = _key(tmp_path, "plugin", "RSA-2048", 1)
    root = self_signed(ca_key, name("My CA"), utc_now(), 2 * _DAY, is_ca=True)
    made = issue(make_csr(key, _SUBJECT), ca_key, root, utc_now(), _DAY)
    chain = _as_chain(spec, private_key, made, root)
    home.trust(chain)
    _list(home, holder, str(tmp_path / f"{spec}-0.key"))
    attach_chain(load_signing_keys().get("release"), {}, chain.ders, chain.chain_pem)
    layout = make_layout(tmp_path / "layout")
    signer = open_signer(load_signing_keys().get("release"), {})
    sign_artifact(ImageLayout(layout.path), layout.digest, signer, SignOptions(media_type=JWS))
    question = Question(layout.path, layout.digest, home, policy_document())
    answer = question.ask_peer(peer)
    assert answer["ok"], answer["error"]
    assert isinstance(question.ask_us().verdict, Verified)
    other = Home(tmp_path / "other")
    other.trust(make_chain(length=2))
    assert not question._replace(home=other).ask_peer(peer)["ok"]


def _list(home: Home, holder: str, path: str) -> None:
    members = {"keyPath": path, "certPath": "none"} if holder == "local" else {"id": path, "pluginName": "local-file"}
    home.keys_file.write_text(json.dumps({"keys": [{"name": "release", **members}]}))


def test_key_identifier_of_a_go_root_is_kept(peer: Peer, tmp_path: Path) -> None:
    """Go derives the key identifier from SHA-256, and certificates issued below such a root repeat it."""
    program = build("root", Path(__file__).parent / "root")
    pem = subprocess.run([program], capture_output=True, check=True).stdout
    root, root_key = x509.load_pem_x509_certificate(pem), load_pem_private_key(pem, None)
    key = new_key("EC-256")
    made = issue(make_csr(key, _SUBJECT), root_key, root, utc_now(), timedelta(hours=1))
    verify(tmp_path, made, root)
    chain = _as_chain("EC-256", key, made, root)
    assert lint(chain.ders) == []
    _judged(peer, chain)
