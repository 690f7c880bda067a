"""Card behind pcscd, with OpenSC's tool and both modules."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from tests.servers.piv import tool
from tests.servers.piv.card import PIN, PLACES, Place, Touch, TouchPolicy
from tests.servers.piv.conftest import MakeYubiKey, YubiKey
from tests.servers.piv.reader import MODULES, Reader, path_of
from tests.servers.piv.tool import IDS, RefusedError
from tests.support.requirements import program

MESSAGE = b"what is signed"
PSS = ("--mechanism", "SHA256-RSA-PKCS-PSS")
ECDSA = ("--mechanism", "ECDSA", "--signature-format", "openssl")


def _sign(module: str, yubikey: YubiKey, place: Place, folder: Path) -> None:
    """Has the tool sign, and verifies what it makes."""
    public_key = yubikey.chains[place].leaf_key.public_key()
    if isinstance(public_key, rsa.RSAPublicKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        public_key.verify(tool.sign(module, place, MESSAGE, folder, *PSS), MESSAGE, pss, hashes.SHA256())
    else:
        name, algorithm = ("sha256", hashes.SHA256()) if public_key.key_size == 256 else ("sha384", hashes.SHA384())
        digest = hashlib.new(name, MESSAGE).digest()
        signature = tool.sign(module, place, digest, folder, *ECDSA)
        public_key.verify(signature, digest, ec.ECDSA(utils.Prehashed(algorithm)))


def test_modules_list_four_keys(module: str, yubikey: YubiKey) -> None:
    """Both modules list a private key for each slot; Yubico's also has the attestation key."""
    attestation = [Place.ATTESTATION] if module.endswith(MODULES["ykcs11"][0]) else []
    expected = [IDS[place] for place in (*PLACES, *attestation)]
    assert sorted(tool.objects(module, "privkey", "--login", "--pin", PIN)) == expected
    assert sorted(tool.objects(module, "cert")) == expected


def test_modules_read_the_certificates(module: str, place: Place, yubikey: YubiKey, tmp_path: Path) -> None:
    """Both modules read the leaf of the chain, without a PIN."""
    assert tool.certificate(module, place, tmp_path) == yubikey.chains[place].ders[0]
    assert yubikey.token.counters().verifications == 0


def test_every_key_signs(module: str, place: Place, yubikey: YubiKey, tmp_path: Path) -> None:
    """Both modules sign with every key, and the signatures verify."""
    _sign(module, yubikey, place, tmp_path)
    counters = yubikey.token.counters()
    assert counters.signatures == 1
    assert counters.tries == 3


def test_signature_key_requires_the_pin_each_time(module: str, yubikey: YubiKey, tmp_path: Path) -> None:
    """The key in slot 9c requires the PIN again after the login."""
    _sign(module, yubikey, Place.SIGNATURE, tmp_path)
    assert yubikey.token.counters().verifications == 2
    _sign(module, yubikey, Place.AUTHENTICATION, tmp_path)
    assert yubikey.token.counters().verifications == 3


def test_wrong_pins_block_the_card(module: str, yubikey: YubiKey) -> None:
    """Each wrong PIN costs a try, and then the right one is rejected too."""
    for left in (2, 1, 0):
        with pytest.raises(RefusedError, match=r"CKR_PIN_(INCORRECT|LOCKED)"):
            tool.run(module, "--list-objects", "--login", "--pin", "654321")
        assert yubikey.token.counters().tries == left
    with pytest.raises(RefusedError, match="CKR_PIN_LOCKED"):
        tool.run(module, "--list-objects", "--login", "--pin", PIN)


def test_right_pin_restores_the_tries(module: str, yubikey: YubiKey) -> None:
    """The right PIN restores all tries."""
    yubikey.token.set_tries(1)
    tool.run(module, "--list-objects", "--login", "--pin", PIN)
    assert yubikey.token.counters().tries == 3


def test_certificate_is_replaced_and_removed(module: str, yubikey: YubiKey, tmp_path: Path) -> None:
    """The certificate of a key can be replaced and removed."""
    other = yubikey.chains[Place.MANAGEMENT].ders[0]
    yubikey.token.replace_certificate(Place.AUTHENTICATION, other)
    assert tool.certificate(module, Place.AUTHENTICATION, tmp_path) == other
    yubikey.token.replace_certificate(Place.AUTHENTICATION, None)
    assert IDS[Place.AUTHENTICATION] not in tool.objects(module, "cert")


def test_card_signs_after_reinsertion(module: str, reader: Reader, yubikey: YubiKey, tmp_path: Path) -> None:
    """A card that was pulled out is absent, and signs once it is back."""
    reader.pull()
    assert tool.serials(module) == []
    reader.insert(yubikey.token)
    assert len(tool.serials(module)) == 1
    _sign(module, yubikey, Place.SIGNATURE, tmp_path)


def test_reinsertion_restores_no_try(reader: Reader, yubikey: YubiKey) -> None:
    """Pulling the card out restores no try."""
    yubikey.token.set_tries(2)
    reader.pull()
    reader.insert(yubikey.token)
    assert yubikey.token.counters().tries == 2


def test_two_cards_differ_in_serial_number(module: str, make_yubikey: MakeYubiKey, tmp_path: Path) -> None:
    """Two cards differ in their serial numbers, and each signs with its own keys."""
    cards = [make_yubikey(serial=11_111_111), make_yubikey(serial=22_222_222)]
    for place, card in enumerate(cards):
        card.token.insert(place)
    shown = "{:016x}" if module.endswith(MODULES["opensc"][0]) else "{}"
    expected = [shown.format(serial) for serial in (11_111_111, 22_222_222)]
    assert tool.serials(module) == expected
    for index, card in enumerate(cards):
        arguments = ("--slot-index", str(index))
        found = tool.certificate(module, Place.MANAGEMENT, tmp_path, *arguments)
        assert found == card.chains[Place.MANAGEMENT].ders[0]


@pytest.mark.parametrize("touched", [True, False])
def test_key_waits_for_a_touch(module: str, make_yubikey: MakeYubiKey, tmp_path: Path, touched: bool) -> None:
    """The key signs after a touch, and fails without."""
    yubikey = make_yubikey(
        slots={Place.AUTHENTICATION: {"touch_policy": TouchPolicy.ALWAYS}}, touch=Touch(0.2, touched)
    )
    yubikey.token.insert()
    if touched:
        _sign(module, yubikey, Place.AUTHENTICATION, tmp_path)
    else:
        with pytest.raises(RefusedError):
            _sign(module, yubikey, Place.AUTHENTICATION, tmp_path)
    counters = yubikey.token.counters()
    # The tool tries a refused signature again in another way, and OpenSC's module once more each time.
    assert counters.touches == 1 if touched else counters.touches > 1
    assert counters.signatures == touched


@pytest.mark.parametrize("touched", [True, False])
def test_touch_or_removal_ends_the_wait(
    module: str, reader: Reader, make_yubikey: MakeYubiKey, tmp_path: Path, touched: bool
) -> None:
    """A touch or the removal of the card ends the wait."""
    touch = Touch(15, touched=False)
    yubikey = make_yubikey(slots={Place.AUTHENTICATION: {"touch_policy": TouchPolicy.ALWAYS}}, touch=touch)
    yubikey.token.insert()
    arguments = tool.signing(Place.AUTHENTICATION, MESSAGE, tmp_path, *PSS)
    with subprocess.Popen(
        [program("pkcs11-tool"), "--module", module, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        if touched:
            yubikey.token.touch()
        else:
            yubikey.token.await_waiting()
            reader.pull()
        status = process.wait(tool.SECONDS)
    assert (status == 0) == touched
    assert yubikey.token.counters().signatures == touched


def test_generated_key_is_attested(make_yubikey: MakeYubiKey) -> None:
    """Yubico's module lists an attestation certificate for a generated key, signed by the card."""
    yubikey = make_yubikey(slots={Place.SIGNATURE: {"generated": True}})
    yubikey.token.insert()
    assert len(tool.objects(path_of("ykcs11"), "cert")) == 6


def test_readers_end_with_their_context() -> None:
    """A second pair of readers runs beside the first, and leaves nothing behind."""
    with Reader() as another:
        folder = os.path.dirname(another.environment["PCSCLITE_CSOCK_NAME"])
        assert len(another.names) == 2
        process = another.process
    assert process.returncode is not None
    assert not os.path.exists(folder)


def test_card_is_in_one_reader_only(reader: Reader, yubikey: YubiKey, make_yubikey: MakeYubiKey) -> None:
    """A card is in one reader, and a reader has one card."""
    with pytest.raises(ValueError, match="the card is in a reader"):
        yubikey.token.insert(1)
    with pytest.raises(ValueError, match="there is a card in this reader"):
        make_yubikey().token.insert()


def test_ended_readers_are_an_error(reader: Reader) -> None:
    """Readers whose program ended raise an error."""
    with Reader() as another:
        another.process.terminate()
        with pytest.raises(RuntimeError, match="the smart card readers do not run"):
            another.ask("readers")
