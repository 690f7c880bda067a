"""Private keys: each form that a PEM file can have, and no secret in any message."""

import base64
import re
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from notarykit.errors import SigningKeyError
from notarykit.keys.private import load_private_key
from tests.support.ca import SPECS, make_chain, new_key, pem_of
from tests.support.der import tlv

_PASSPHRASE = b"correct horse battery staple"


def _never() -> bytes:
    pytest.fail("the passphrase was asked for")


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("traditional", [True, False], ids=["traditional", "PKCS#8"])
@pytest.mark.parametrize("passphrase", [None, _PASSPHRASE], ids=["plain", "encrypted"])
def test_each_form_is_read(name: str, traditional: bool, passphrase: bytes | None) -> None:
    """PKCS#1, SEC1 and PKCS#8 are read, encrypted or not, and the passphrase is asked for only where it is needed."""
    key = new_key(name)
    pem = pem_of(key, passphrase, traditional=traditional)
    asked: list[bytes] = []

    def ask() -> bytes:
        asked.append(_PASSPHRASE)
        return _PASSPHRASE

    loaded = load_private_key(pem, "key.pem", ask if passphrase else _never)
    assert loaded.private_numbers() == key.private_numbers()
    assert len(asked) == (1 if passphrase else 0)


def test_other_content_before_the_key_is_skipped() -> None:
    """What common tools write before the key does not keep it from being read."""
    chain = make_chain(length=1)
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    for before in (parameters, chain.chain_pem, b"Bag Attributes\n    friendlyName: key\n"):
        for traditional in (True, False):
            pem = before + pem_of(chain.leaf_key, traditional=traditional)
            assert load_private_key(pem, "key.pem").public_key() == chain.leaf_key.public_key()


@pytest.mark.parametrize("traditional", [True, False])
@pytest.mark.parametrize("wrong", [b"wrong", _PASSPHRASE + b"\n", b"x" * 5000])
def test_wrong_passphrase_is_refused(traditional: bool, wrong: bytes) -> None:
    """A wrong passphrase is named as the cause, and is not repeated."""
    pem = pem_of(new_key("EC-256"), _PASSPHRASE, traditional=traditional)
    with pytest.raises(SigningKeyError) as caught:
        load_private_key(pem, "key.pem", lambda: wrong)
    assert caught.value.message == "key.pem cannot be decrypted: the passphrase is wrong"
    assert caught.value.advice == ("it ends with a line end: leave that out" if wrong.endswith(b"\n") else "")


def test_empty_passphrase_is_named() -> None:
    """An empty passphrase, as of a secret that a CI job does not have, is told apart from a wrong one."""
    with pytest.raises(SigningKeyError, match=r"cannot be decrypted: the passphrase is empty$"):
        load_private_key(pem_of(new_key("EC-256"), _PASSPHRASE), "key.pem", lambda: b"")


@pytest.mark.parametrize("traditional", [True, False])
def test_absent_passphrase_is_refused(traditional: bool) -> None:
    """That an encrypted key has no passphrase is said as such."""
    with pytest.raises(SigningKeyError, match=r"^key.pem is encrypted and there is no passphrase for it$"):
        load_private_key(pem_of(new_key("EC-256"), _PASSPHRASE, traditional=traditional), "key.pem")


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("Ed25519", "is a Ed25519 key"),
        ("Ed448", "is a Ed448 key"),
        ("DSA-2048", "is a DSA key"),
        ("RSA-1024", "RSA with 1024 bits"),
        ("EC-224", "EC on secp224r1"),
        ("EC-256K", "EC on secp256k1"),
    ],
)
def test_unsupported_kind_is_refused(kind: str, problem: str) -> None:
    """A key of a kind that the specification has no algorithm for is refused by its kind."""
    with pytest.raises(SigningKeyError, match=f"key.pem.*{problem}"):
        load_private_key(pem_of(new_key(kind)), "key.pem")


def _integer(number: int) -> bytes:
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _pkcs1(numbers: dict[str, int]) -> bytes:
    body = b"".join(_integer(numbers[name]) for name in ("version", "n", "e", "d", "p", "q", "dp", "dq", "qi"))
    text = base64.encodebytes(tlv(0x30, body))
    return b"-----BEGIN RSA PRIVATE KEY-----\n" + text + b"-----END RSA PRIVATE KEY-----\n"


def _numbers(key: RSAPrivateKey) -> dict[str, int]:
    private = key.private_numbers()
    public = private.public_numbers
    return {
        "version": 0, "n": public.n, "e": public.e, "d": private.d, "p": private.p, "q": private.q,
        "dp": private.dmp1, "dq": private.dmq1, "qi": private.iqmp,
    }  # fmt: skip


def test_consistent_rsa_numbers_are_accepted() -> None:
    """The key from which the damaged ones are made is read itself, also with its primes the other way round."""
    key = new_key("RSA-2048")
    good = _numbers(key)
    assert load_private_key(_pkcs1(good), "key.pem").public_key() == key.public_key()
    inverse = pow(good["p"], -1, good["q"])
    turned = {**good, "p": good["q"], "q": good["p"], "dp": good["dq"], "dq": good["dp"], "qi": inverse}
    assert load_private_key(_pkcs1(turned), "key.pem").public_key() == key.public_key()


@pytest.mark.parametrize("number", ["n", "e", "d", "p", "q", "dp", "dq", "qi"])
@pytest.mark.parametrize("damage", ["plus two", "one", "zero", "minus two", "of another key"])
def test_damaged_rsa_numbers_are_refused(number: str, damage: str) -> None:
    """An RSA key in which one number is not what it must be is refused, and the number is not repeated."""
    good, other = _numbers(new_key("RSA-2048")), _numbers(new_key("RSA-2048", 1))
    value = {
        "plus two": good[number] + 2, "one": 1, "zero": 0, "minus two": good[number] - 2,
        "of another key": 3 if number == "e" else other[number],
    }[damage]  # fmt: skip
    with pytest.raises(SigningKeyError, match=r"^key.pem|^key.pem is damaged") as caught:
        load_private_key(_pkcs1({**good, number: value}), "key.pem")
    assert not re.search(r"[0-9]{6}", caught.value.one_line())


def test_ec_key_with_another_point_is_refused() -> None:
    """A SEC1 key whose public point is not that of its private number is refused."""
    der = new_key("EC-256").private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    other = new_key("EC-256").private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    mixed = base64.encodebytes(der[:-65] + other[-65:])
    with pytest.raises(SigningKeyError, match=r"^key.pem is not a private key in PEM$"):
        load_private_key(b"-----BEGIN EC PRIVATE KEY-----\n" + mixed + b"-----END EC PRIVATE KEY-----\n", "key.pem")


def test_byte_order_marks_are_handled() -> None:
    """A byte order mark in front of PEM does not matter; UTF-16 is named with what to do."""
    pem = pem_of(new_key("EC-256"))
    assert load_private_key(b"\xef\xbb\xbf" + pem, "key.pem").public_key() == load_private_key(pem, "key").public_key()
    with pytest.raises(SigningKeyError, match=r"^key.pem is not a private key in PEM$") as caught:
        load_private_key(pem.decode().encode("utf-16"), "key.pem")
    assert caught.value.advice == "it is in UTF-16: save it as UTF-8"


def _damaged() -> Iterator[tuple[str, bytes]]:
    pem = pem_of(new_key("EC-256"))
    yield "empty", b""
    yield "text", b"not a key"
    yield "DER", new_key("EC-256").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    yield "cut", pem[:-40]
    yield "no end", pem.partition(b"-----END")[0]
    yield "damaged", pem.replace(b"\nM", b"\nX", 1)
    yield "not base64", pem.replace(b"\nM", b"\n!", 1)
    yield "another label", pem.replace(b"PRIVATE", b"PUBLIC")
    yield "certificate", make_chain(length=1).chain_pem
    encrypted = pem_of(new_key("EC-256"), _PASSPHRASE)
    yield "encrypted, cut", encrypted[: len(encrypted) // 2] + b"\n-----END ENCRYPTED PRIVATE KEY-----\n"


@pytest.mark.parametrize(("what", "pem"), list(_damaged()), ids=[what for what, _ in _damaged()])
def test_damaged_file_is_refused(what: str, pem: bytes) -> None:
    """What is no private key is refused in one line that repeats nothing of the file or of the passphrase."""
    with pytest.raises(SigningKeyError) as caught:
        load_private_key(pem, "key.pem", lambda: _PASSPHRASE)
    message = caught.value.one_line()
    assert message.startswith("key.pem ")
    assert "\n" not in message
    assert _PASSPHRASE.decode() not in message
    assert not re.search(r"[A-Za-z0-9+/]{20}", message)


def test_failure_of_the_passphrase_source_is_reported() -> None:
    """What the source of the passphrase raises comes through as it is."""

    def fail() -> bytes:
        raise SigningKeyError("no terminal to ask on")

    ask: Callable[[], bytes] = fail
    with pytest.raises(SigningKeyError, match=r"^no terminal to ask on$"):
        load_private_key(pem_of(new_key("EC-256"), _PASSPHRASE), "key.pem", ask)
