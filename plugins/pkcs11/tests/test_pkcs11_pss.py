"""PSS padding, verified by OpenSSL."""

import hashlib
import os

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from notarykit_pkcs11.token.pss import pss_encode
from tests.support.ca import new_key

_HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_TIMES = 40
"""The bits beyond the modulus are zero by chance too."""


def _raw(key: rsa.RSAPrivateKey, block: bytes) -> bytes:
    """Signs as a token without padding does (CKM_RSA_X_509)."""
    numbers = key.private_numbers()
    size = -(-key.key_size // 8)
    assert len(block) == size
    number = int.from_bytes(block)
    assert number < numbers.public_numbers.n
    return pow(number, numbers.d, numbers.public_numbers.n).to_bytes(size)


def _verify(key: rsa.RSAPrivateKey, signature: bytes, message: bytes, hash_name: str, salt: int) -> None:
    algorithm = _HASHES[hash_name]
    key.public_key().verify(signature, message, padding.PSS(padding.MGF1(algorithm), salt), algorithm)


@pytest.mark.parametrize(
    ("bits", "hash_name"),
    [(2048, "sha256"), (3072, "sha384"), (4096, "sha512"), (2047, "sha256")]
    + [(bits, "sha256") for bits in range(1025, 1033)]
    + [(1033, "sha384"), (1048, "sha512"), (1049, "sha512")],
)
def test_padded_digest_verifies_as_pss(bits: int, hash_name: str) -> None:
    """A raw signature over a padded digest verifies for every modulus length, and with this salt length alone."""
    key = new_key(f"RSA-{bits}")
    assert key.key_size == bits
    digest_size = _HASHES[hash_name].digest_size
    for number in range(_TIMES if bits < 2000 else 2):
        message = b"message %d" % number
        signature = _raw(key, pss_encode(hashlib.new(hash_name, message).digest(), hash_name, bits))
        _verify(key, signature, message, hash_name, digest_size)
    for salt in (digest_size - 1, 0):
        with pytest.raises(InvalidSignature):
            _verify(key, signature, message, hash_name, salt)
    with pytest.raises(InvalidSignature):
        _verify(key, signature, b"another", hash_name, digest_size)


@pytest.mark.parametrize("bits", range(1024, 1034))
def test_block_fits_the_modulus(bits: int) -> None:
    """The block is as long as the modulus, below 2 to the power of emBits, and ends with 0xbc."""
    for _ in range(_TIMES):
        block = pss_encode(bytes(32), "sha256", bits)
        assert len(block) == -(-bits // 8)
        assert int.from_bytes(block).bit_length() <= bits - 1
        assert block[-1] == 0xBC


def test_smallest_modulus_has_empty_padding() -> None:
    """A modulus with room for salt, hash and two bytes alone verifies."""
    bits = 8 * (64 + 64 + 2)
    key = new_key(f"RSA-{bits}")
    for _ in range(_TIMES):
        block = pss_encode(hashlib.sha512(b"x").digest(), "sha512", bits)
        _verify(key, _raw(key, block), b"x", "sha512", 64)


def test_salt_is_fresh_and_random(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each salt is new, as long as the hash, and from the system's random source."""
    salts: list[bytes] = []
    urandom = os.urandom

    def random(size: int) -> bytes:
        salts.append(urandom(size))
        return salts[-1]

    monkeypatch.setattr("notarykit_pkcs11.token.pss.os.urandom", random)
    kinds = (("sha256", 32), ("sha384", 48), ("sha512", 64))
    blocks = {pss_encode(bytes(size), name, 2048) for name, size in kinds * 2}
    assert len(blocks) == 6
    assert [len(salt) for salt in salts] == [32, 48, 64] * 2
    assert len(set(salts)) == 6
