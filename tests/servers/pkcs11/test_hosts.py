"""The executable under the Go host, with a key of each spec on SoftHSM."""

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from notarykit.verification import Verified
from tests.interop import our_plugin
from tests.interop.conftest import peer
from tests.interop.go_peer import Peer, build
from tests.interop.plugin_scene import descriptor_of
from tests.interop.scene import METADATA, Question, push
from tests.servers.pkcs11.token import Token
from tests.support.ca import SPECS
from tests.support.envelopes import COSE, FORMATS
from tests.support.homes import Home, policy_document
from tests.support.layouts import make_layout

__all__ = ["peer"]


@pytest.fixture(scope="module")
def here(peer: Peer, softhsm: Token) -> Iterator[Peer]:
    """A Go side with the token's environment; the shared one has been there before."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in softhsm.plugin_environment().items():
            patch.setenv(name, value)
        with Peer(build()) as running:
            yield running


@pytest.mark.parametrize(("spec", "media_type"), [*((spec, COSE) for spec in SPECS), ("EC-256", FORMATS[0])])
def test_go_host_signs(softhsm: Token, here: Peer, tmp_path: Path, spec: str, media_type: str) -> None:
    """The Go host makes an envelope with the installed launcher, and both sides accept it."""
    home, layout = Home(tmp_path / "settings"), make_layout(tmp_path / "layout")
    home.trust(softhsm.chains[spec])
    plugins = our_plugin.install_by_command(home, "--from-package", "pkcs11")
    answer = here.ask(
        "plugin-sign",
        folder=str(plugins),
        name="pkcs11",
        keyId=f"pkcs11:token={quote(softhsm.label)};object={spec}",
        mediaType=media_type,
        descriptor=descriptor_of(layout),
        expirySeconds=3600,
        pluginConfig={},
    )
    assert answer["ok"], answer
    push(layout.path, layout.digest, media_type, base64.b64decode(answer["envelope"]))
    question = Question(layout.path, layout.digest, home, policy_document(), METADATA)
    there = question.ask_peer(here)
    assert there["ok"], there["error"]
    verdict = question.ask_us().verdict
    assert isinstance(verdict, Verified)
    assert verdict.chain.ders == softhsm.chains[spec].ders


def test_go_host_reports_a_wrong_pin(
    softhsm: Token, peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong PIN is an access error at the Go host, with advice in its message."""
    for name, value in softhsm.plugin_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PKCS11_PIN", "swordfish")
    plugins = our_plugin.install_by_command(Home(tmp_path / "settings"), "--from-package", "pkcs11")
    with Peer(build()) as running:
        answer = running.ask(
            "plugin-sign",
            folder=str(plugins),
            name="pkcs11",
            keyId=f"pkcs11:token={quote(softhsm.label)};object=EC-256",
            mediaType=COSE,
            descriptor=descriptor_of(make_layout(tmp_path / "layout")),
            expirySeconds=3600,
            pluginConfig={},
        )
    assert not answer["ok"]
    assert "the PIN is wrong" in str(answer)
    assert "swordfish" not in str(answer)
