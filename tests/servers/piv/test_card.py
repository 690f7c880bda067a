"""The card behind pcscd, in front of programs that are not ours."""

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


def test_the_modules_see_four_keys(module: str, yubikey: YubiKey) -> None:
    """Both modules list a private key for each place; Yubico's also has the one that the factory put there."""
    attestation = [Place.ATTESTATION] if module.endswith(MODULES["ykcs11"][0]) else []
    expected = [IDS[place] for place in (*PLACES, *attestation)]
    assert sorted(tool.objects(module, "privkey", "--login", "--pin", PIN)) == expected
    assert sorted(tool.objects(module, "cert")) == expected


def test_the_modules_read_the_certificates(module: str, place: Place, yubikey: YubiKey, tmp_path: Path) -> None:
    """What both modules read is the leaf of the chain, without a PIN."""
    assert tool.certificate(module, place, tmp_path) == yubikey.chains[place].ders[0]
    assert yubikey.token.counters().verifications == 0


def test_every_key_signs(module: str, place: Place, yubikey: YubiKey, tmp_path: Path) -> None:
    """Both modules sign with every key, and the signatures verify."""
    _sign(module, yubikey, place, tmp_path)
    counters = yubikey.token.counters()
    assert counters.signatures == 1
    assert counters.tries == 3


def test_the_signature_key_asks_each_time(module: str, yubikey: YubiKey, tmp_path: Path) -> None:
    """The key at 9c wants the PIN again after the login."""
    _sign(module, yubikey, Place.SIGNATURE, tmp_path)
    assert yubikey.token.counters().verifications == 2
    _sign(module, yubikey, Place.AUTHENTICATION, tmp_path)
    assert yubikey.token.counters().verifications == 3


def test_wrong_pins_block_it(module: str, yubikey: YubiKey) -> None:
    """Each wrong PIN costs a try, and then not even the right one helps."""
    for left in (2, 1, 0):
        with pytest.raises(RefusedError, match=r"CKR_PIN_(INCORRECT|LOCKED)"):
            tool.run(module, "--list-objects", "--login", "--pin", "654321")
        assert yubikey.token.counters().tries == left
    with pytest.raises(RefusedError, match="CKR_PIN_LOCKED"):
        tool.run(module, "--list-objects", "--login", "--pin", PIN)


def test_the_right_pin_gives_back_the_tries(module: str, yubikey: YubiKey) -> None:
    """A try that was left is enough."""
    yubikey.token.set_tries(1)
    tool.run(module, "--list-objects", "--login", "--pin", PIN)
    assert yubikey.token.counters().tries == 3


def test_a_certificate_goes_and_another_comes(module: str, yubikey: YubiKey, tmp_path: Path) -> None:
    """What is beside a key can be replaced, and be nothing."""
    other = yubikey.chains[Place.MANAGEMENT].ders[0]
    yubikey.token.replace_certificate(Place.AUTHENTICATION, other)
    assert tool.certificate(module, Place.AUTHENTICATION, tmp_path) == other
    yubikey.token.replace_certificate(Place.AUTHENTICATION, None)
    assert IDS[Place.AUTHENTICATION] not in tool.objects(module, "cert")


def test_pulled_and_put_back(module: str, reader: Reader, yubikey: YubiKey, tmp_path: Path) -> None:
    """A card that was pulled out is gone, and signs when it is back."""
    reader.pull()
    assert tool.serials(module) == []
    reader.insert(yubikey.token)
    assert len(tool.serials(module)) == 1
    _sign(module, yubikey, Place.SIGNATURE, tmp_path)


def test_tries_survive_the_pull(reader: Reader, yubikey: YubiKey) -> None:
    """To pull the card out gives no try back."""
    yubikey.token.set_tries(2)
    reader.pull()
    reader.insert(yubikey.token)
    assert yubikey.token.counters().tries == 2


def test_two_cards(module: str, make_yubikey: MakeYubiKey, tmp_path: Path) -> None:
    """Two cards are told apart by their serial numbers, and each signs with its own keys."""
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
def test_a_key_waits_for_a_finger(module: str, make_yubikey: MakeYubiKey, tmp_path: Path, touched: bool) -> None:
    """It signs when the finger came, and refuses when it did not."""
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
def test_a_finger_or_a_pull_ends_the_wait(
    module: str, reader: Reader, make_yubikey: MakeYubiKey, tmp_path: Path, touched: bool
) -> None:
    """While it waits, the finger comes, or the card is pulled out."""
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


def test_a_key_that_the_card_made_is_attested(make_yubikey: MakeYubiKey) -> None:
    """Yubico's module lists a certificate more for it, which the card signs itself."""
    yubikey = make_yubikey(slots={Place.SIGNATURE: {"generated": True}})
    yubikey.token.insert()
    assert len(tool.objects(path_of("ykcs11"), "cert")) == 6


def test_readers_end_with_their_context() -> None:
    """Readers of their own stand beside those of the session, and nothing stays when they end."""
    with Reader() as another:
        folder = os.path.dirname(another.environment["PCSCLITE_CSOCK_NAME"])
        assert len(another.names) == 2
        process = another.process
    assert process.returncode is not None
    assert not os.path.exists(folder)


def test_one_card_in_one_reader(reader: Reader, yubikey: YubiKey, make_yubikey: MakeYubiKey) -> None:
    """No card is in two readers, and no reader has two cards."""
    with pytest.raises(ValueError, match="the card is in a reader"):
        yubikey.token.insert(1)
    with pytest.raises(ValueError, match="there is a card in this reader"):
        make_yubikey().token.insert()


def test_readers_that_ended(reader: Reader) -> None:
    """Readers whose program ended say so."""
    with Reader() as another:
        another.process.terminate()
        with pytest.raises(RuntimeError, match="the smart card readers do not run"):
            another.ask("readers")
