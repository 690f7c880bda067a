"""Primitive signatures: each algorithm made and checked, and everything that comes near one refused."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from notarykit.keys.signature import raw_ecdsa, sign_raw, verify_raw
from notarykit.keys.spec import key_spec
from tests.support.ca import HASH_OF_SPEC, SPECS, new_key
from tests.support.der import tlv
from tests.support.envelopes import ALGORITHMS

_RSA = [name for name in SPECS if name.startswith("RSA")]
_EC = [name for name in SPECS if name.startswith("EC")]
# The order of each curve's group (SEC 2, sections 2.4.2, 2.5.1 and 2.6.1).
_ORDERS = {
    "EC-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "EC-384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    "EC-521": ((1 << 265) - 6) << 256 | 0x51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
}  # fmt: skip


@pytest.mark.requirement("signature:algorithms")
@pytest.mark.parametrize("name", SPECS)
def test_valid_signature_is_accepted(name: str) -> None:
    """A signature of each kind has its full length, holds over its message, and over no other."""
    key, spec = new_key(name), key_spec(name)
    signature = sign_raw(key, spec, b"message")
    assert len(signature) == spec.signature_size
    verify_raw(key.public_key(), spec, signature, b"message")
    with pytest.raises(ValueError, match="does not hold"):
        verify_raw(key.public_key(), spec, signature, b"massage")


@pytest.mark.parametrize("name", SPECS)
def test_signature_of_another_key_is_refused(name: str) -> None:
    """A signature does not hold under another key of the same kind."""
    spec = key_spec(name)
    kind = "RSA-2048" if name.startswith("RSA") else name
    signature = sign_raw(new_key(name, 0), spec, b"message") if kind == name else bytes(spec.signature_size)
    with pytest.raises(ValueError, match="does not hold"):
        verify_raw(new_key(name, 1 if kind == name else 0).public_key(), spec, signature, b"message")


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("change", ["flip first", "flip last", "cut", "cut first", "longer", "zero before", "empty"])
def test_other_signatures_are_refused(name: str, change: str) -> None:
    """A signature with a flipped bit or of another length is refused."""
    key, spec = new_key(name), key_spec(name)
    good = sign_raw(key, spec, b"message")
    bad = {
        "flip first": bytes((good[0] ^ 1,)) + good[1:],
        "flip last": good[:-1] + bytes((good[-1] ^ 1,)),
        "cut": good[:-1],
        "cut first": good[1:],
        "longer": good + b"\0",
        "zero before": b"\0" + good,
        "empty": b"",
    }[change]
    problem = "does not hold" if len(bad) == len(good) else f"{len(bad)} bytes long, not the {len(good)} of"
    with pytest.raises(ValueError, match=problem):
        verify_raw(key.public_key(), spec, bad, b"message")


@pytest.mark.parametrize("name", _RSA)
@pytest.mark.parametrize("salt", [0, -1, 20])
def test_pss_salt_is_as_long_as_the_hash(name: str, salt: int) -> None:
    """PSS with an empty salt, one byte less than the hash, or the 20 bytes of SHA-1 does not hold."""
    key, algorithm, spec = new_key(name), HASH_OF_SPEC[name], key_spec(name)
    length = algorithm.digest_size - 1 if salt < 0 else salt
    signature = key.sign(b"message", padding.PSS(padding.MGF1(algorithm), length), algorithm)
    with pytest.raises(ValueError, match="does not hold"):
        verify_raw(key.public_key(), spec, signature, b"message")


@pytest.mark.parametrize("name", _RSA)
def test_pss_with_the_longest_salt_is_refused(name: str) -> None:
    """PSS with the longest salt that fits, which some libraries make, does not hold."""
    key, algorithm = new_key(name), HASH_OF_SPEC[name]
    longest = padding.PSS(padding.MGF1(algorithm), padding.PSS.MAX_LENGTH)
    with pytest.raises(ValueError, match="does not hold"):
        verify_raw(key.public_key(), key_spec(name), key.sign(b"message", longest, algorithm), b"message")


@pytest.mark.parametrize("name", _RSA)
def test_other_paddings_and_hashes_are_refused(name: str) -> None:
    """PKCS#1 version 1.5, another hash, and another hash in the mask generation do not hold."""
    key, algorithm, spec = new_key(name), HASH_OF_SPEC[name], key_spec(name)
    other: hashes.HashAlgorithm = hashes.SHA384() if name != "RSA-3072" else hashes.SHA256()
    for signature in (
        key.sign(b"message", padding.PKCS1v15(), algorithm),
        key.sign(b"message", padding.PSS(padding.MGF1(other), other.digest_size), other),
        key.sign(b"message", padding.PSS(padding.MGF1(other), algorithm.digest_size), algorithm),
    ):
        with pytest.raises(ValueError, match="does not hold"):
            verify_raw(key.public_key(), spec, signature, b"message")


@pytest.mark.parametrize("name", _EC)
def test_ecdsa_with_another_hash_or_in_der_is_refused(name: str) -> None:
    """ECDSA over another hash does not hold, and the DER form is not the form of an envelope."""
    key, spec = new_key(name), key_spec(name)
    other: hashes.HashAlgorithm = hashes.SHA384() if name != "EC-384" else hashes.SHA256()
    with pytest.raises(ValueError, match="does not hold"):
        verify_raw(key.public_key(), spec, raw_ecdsa(key.sign(b"message", ec.ECDSA(other)), spec), b"message")
    with pytest.raises(ValueError, match="bytes long, not"):
        verify_raw(key.public_key(), spec, key.sign(b"message", ec.ECDSA(HASH_OF_SPEC[name])), b"message")


@pytest.mark.parametrize("name", _EC)
def test_numbers_out_of_range_are_refused(name: str) -> None:
    """Zero, the order of the group, and the largest number that fits are no halves of a signature."""
    key, spec, order = new_key(name), key_spec(name), _ORDERS[name]
    size = ALGORITHMS[name][3]
    good = sign_raw(key, spec, b"message")
    r, s = int.from_bytes(good[:size], "big"), int.from_bytes(good[size:], "big")
    biggest = 2 ** (8 * size) - 1
    for first, second in ((0, 0), (0, s), (r, 0), (order, s), (r, order), (biggest, biggest), (s, r)):
        with pytest.raises(ValueError, match="does not hold"):
            verify_raw(key.public_key(), spec, first.to_bytes(size, "big") + second.to_bytes(size, "big"), b"message")


@pytest.mark.parametrize("name", _EC)
def test_short_integers_are_padded(name: str) -> None:
    """DER writes integers without leading zeros; in an envelope each has its full length."""
    spec = key_spec(name)
    size = ALGORITHMS[name][3]
    for r, s in ((1, 2), (255, 128), (1 << 8 * (size - 2), 5), (_ORDERS[name] - 1, 1)):
        raw = raw_ecdsa(encode_dss_signature(r, s), spec)
        assert raw == r.to_bytes(size, "big") + s.to_bytes(size, "big")


@pytest.mark.parametrize("name", _EC)
def test_oversized_integers_are_refused(name: str) -> None:
    """A DER signature of a larger curve, or with a negative number, does not become one of this curve."""
    spec = key_spec(name)
    with pytest.raises(ValueError, match=f"does not fit into {spec.coordinate_size} bytes"):
        raw_ecdsa(encode_dss_signature(1 << 8 * spec.coordinate_size, 1), spec)
    with pytest.raises(ValueError, match=r".+"):
        raw_ecdsa(tlv(0x30, b"\x02\x01\xff\x02\x01\x01"), spec)


@pytest.mark.parametrize(
    "der",
    [b"", b"\0", b"\x30\0", tlv(0x30, b"\x02\x01\x01"), tlv(0x30, b"\x02\x01\x01\x02\x01\x01") + b"\0",
     tlv(0x30, b"\x02\x01\x01\x02\x01\x01\x02\x01\x01"), tlv(0x30, b"\x02\x02\0\x01\x02\x01\x01"), b"\x11" * 64],
)  # fmt: skip
def test_malformed_der_is_refused(der: bytes) -> None:
    """Bytes that are not the DER of exactly two integers are refused."""
    with pytest.raises(ValueError, match=r".+"):
        raw_ecdsa(der, key_spec("EC-256"))
