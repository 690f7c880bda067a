"""The executable under the Go host, with a key of each spec on SoftHSM."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.interop import our_plugin
from tests.interop.conftest import peer
from tests.interop.go_peer import Peer, build
from tests.interop.plugin_scene import descriptor_of
from tests.interop.provider import ProviderKey, check_go_signs
from tests.servers.pkcs11.token import Token
from tests.support.ca import SPECS
from tests.support.envelopes import COSE, FORMATS
from tests.support.homes import Home
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
    key_id = f"pkcs11:token={quote(softhsm.label)};object={spec}"
    check_go_signs(here, ProviderKey("pkcs11", key_id, softhsm.chains[spec]), tmp_path, media_type)


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
