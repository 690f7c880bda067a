"""Signatures by a YubiKey behind both of its modules."""

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from notarykit.plugin.conformance import Result, Target, judge
from notarykit.plugin.discovery.process import run
from tests.servers.piv.card import Place
from tests.servers.piv.conftest import SPECS, MakeYubiKey, YubiKey
from tests.servers.piv.reader import MODULES
from tests.servers.pkcs11.executable import Answer, describe, sign

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


def test_every_slot_signs(module: str, yubikey: YubiKey, place: Place, tmp_path: Path) -> None:
    """The key of each slot is described without a PIN and signs with one, with the card's certificate."""
    config = {"ca_certs": _ca_file(tmp_path, yubikey, place)}
    described = describe({"PKCS11_MODULE_PATH": module}, _uri(place), **config)
    assert described.refusal == ""
    assert described.members["keySpec"] == SPECS[place]
    assert yubikey.token.counters().verifications == 0
    answer = sign(yubikey.plugin_environment(module), _uri(place), SPECS[place], config)
    assert answer.refusal == ""
    assert yubikey.token.counters().signatures == 1


@pytest.mark.slow
def test_conformance_kit_passes(
    module: str, yubikey: YubiKey, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every rule that applies holds for the key of each slot."""
    for name, value in yubikey.plugin_environment(module).items():
        monkeypatch.setenv(name, value)
    config = {"ca_certs": _ca_file(tmp_path, yubikey, place)}
    found = judge(Target("pkcs11", (_uri(place),), config, (yubikey.pin,)))
    assert [(each.rule.id, each.reason) for each in found if each.result in (Result.FAILED, Result.WARNING)] == []


@pytest.mark.slow
def test_ten_processes_at_a_slow_card(module: str, make_yubikey: MakeYubiKey, tmp_path: Path) -> None:
    """Ten processes at a slow card sign one after the other, within limits that queueing extends."""
    yubikey = make_yubikey(seconds=0.08 if module.endswith(MODULES["ykcs11"][0]) else 0.2)  # it asks twice as much
    yubikey.token.insert()
    variables = yubikey.plugin_environment(module)
    request = {
        "contractVersion": "1.0", "keyId": _uri(Place.MANAGEMENT), "keySpec": "EC-384", "hashAlgorithm": "SHA-384",
        "payload": "eA==", "pluginConfig": {"ca_certs": _ca_file(tmp_path, yubikey, Place.MANAGEMENT)},
    }  # fmt: skip
    command = [sys.executable, "-m", "notarykit_pkcs11", "generate-signature"]
    limit = 45.0  # one needs nine of these seconds, and ten thus ninety
    with ThreadPoolExecutor(10) as pool:
        said = {**variables, "NOTARYKIT_PLUGIN_SECONDS": str(int(limit))}
        ended = list(pool.map(lambda _: run(command, json.dumps(request).encode(), limit, said), range(10)))
    assert [(each.code, each.errors) for each in ended] == [(0, b"")] * 10
    assert yubikey.token.counters().signatures == 10
