"""A YubiKey behind both of its modules: signatures, PINs, touches, and pulling it out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.plugin.testing import Result, Subject, judge
from servers.piv.card import Place
from servers.piv.conftest import SPECS, YubiKey
from servers.pkcs11.asking import Answer, describe, sign

_IDS = {
    Place.AUTHENTICATION: "%01",
    Place.SIGNATURE: "%02",
    Place.MANAGEMENT: "%03",
    Place.CARD_AUTHENTICATION: "%04",
}
UseKey = Callable[..., Answer]


def _uri(place: Place) -> str:
    return f"pkcs11:id={_IDS[place]};type=private"


def _ca_file(folder: Path, yubikey: YubiKey, place: Place) -> str:
    path = folder / f"ca-{place:x}.pem"
    path.write_bytes(b"".join(yubikey.chains[place].pems[1:]))
    return str(path)


def _given(module: str, yubikey: YubiKey) -> dict[str, str]:
    return {"PKCS11_MODULE_PATH": module, "PKCS11_PIN": yubikey.pin}


def test_every_slot(module: str, yubikey: YubiKey, place: Place, tmp_path: Path) -> None:
    """The key of each slot is described without a PIN, and signs with one; the certificate is the card's."""
    config = {"ca_certs": _ca_file(tmp_path, yubikey, place)}
    described = describe({"PKCS11_MODULE_PATH": module}, _uri(place), **config)
    assert described.refusal == ""
    assert described.members["keySpec"] == SPECS[place]
    assert yubikey.token.counters().verifications == 0
    answer = sign(_given(module, yubikey), _uri(place), SPECS[place], config)
    assert answer.refusal == ""
    assert yubikey.token.counters().signatures == 1


@pytest.mark.slow
def test_the_kit_finds_nothing(
    module: str, yubikey: YubiKey, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every rule that applies holds for the key of each slot."""
    for name, value in _given(module, yubikey).items():
        monkeypatch.setenv(name, value)
    config = {"ca_certs": _ca_file(tmp_path, yubikey, place)}
    found = judge(Subject("pkcs11", (_uri(place),), config, (yubikey.pin,)))
    assert [(each.rule.id, each.reason) for each in found if each.result in (Result.FAILED, Result.WARNING)] == []
