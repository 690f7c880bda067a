"""PSS padding for tokens that offer RSA without any (RFC 8017, section 9.1.1: EMSA-PSS-ENCODE).

No input is secret: the salt is part of the signature, and the digest is public.
"""

import hashlib
import os

_TRAILER = b"\xbc"


def pss_encode(digest: bytes, hash_name: str, modulus_bits: int) -> bytes:
    """Pads a digest to the length of the modulus, with a fresh salt as long as the hash.

    Args:
        digest: Digest of the message.
        hash_name: Name of the hash in hashlib.
        modulus_bits: Length of the key's modulus in bits.
    """
    bits = modulus_bits - 1  # emBits
    length = -(-bits // 8)
    salt = os.urandom(len(digest))
    hashed = hashlib.new(hash_name, bytes(8) + digest + salt).digest()
    block = bytes(length - len(salt) - len(hashed) - 2) + b"\x01" + salt
    mask = _mgf1(hashed, len(block), hash_name)
    masked = int.from_bytes(block) ^ int.from_bytes(mask)
    masked &= (1 << (8 * len(block) - (8 * length - bits))) - 1  # the leftmost bits beyond emBits are zero
    encoded = masked.to_bytes(len(block)) + hashed + _TRAILER
    return encoded.rjust(-(-modulus_bits // 8), b"\0")


def _mgf1(seed: bytes, length: int, hash_name: str) -> bytes:
    """Generates a mask (RFC 8017, appendix B.2.1)."""
    count = -(-length // hashlib.new(hash_name).digest_size)
    blocks = (hashlib.new(hash_name, seed + number.to_bytes(4)).digest() for number in range(count))
    return b"".join(blocks)[:length]
