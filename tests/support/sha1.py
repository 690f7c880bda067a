"""Certificates signed with SHA-1, which the library itself does not do any more."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from tests.support.ca import AnyPrivateKey, TestChain
from tests.support.der import bit_string, sequence, tlv


def sha1_signed(chain: TestChain, place: int) -> TestChain:
    """The chain with one certificate signed with SHA-1, which the library itself does not do any more."""
    issuer = chain.keys[min(place + 1, len(chain.keys) - 1)]
    old = chain.certificates[place]
    is_rsa = isinstance(issuer, rsa.RSAPrivateKey)
    # sha1WithRSAEncryption with NULL, and ecdsa-with-SHA1 without parameters.
    algorithm = bytes.fromhex("300d06092a864886f70d0101050500" if is_rsa else "300906072a8648ce3d0401")
    tbs = old.tbs_certificate_bytes
    head = 4 if tbs[1] == 0x82 else 3
    serial_end = head + 5 + 2 + tbs[head + 5 + 1]
    old_size = 2 + tbs[serial_end + 1]
    tbs = tlv(0x30, tbs[head:serial_end] + algorithm + tbs[serial_end + old_size :])
    signature = _sha1_signature(issuer, tbs)
    der = sequence(tbs, algorithm, bit_string(signature))
    return chain.with_ders([der if index == place else other for index, other in enumerate(chain.ders)])


def _sha1_signature(issuer: AnyPrivateKey, tbs: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA1())
    digest.update(tbs)
    signature: bytes
    if isinstance(issuer, rsa.RSAPrivateKey):
        signature = issuer.sign(digest.finalize(), padding.PKCS1v15(), utils.Prehashed(hashes.SHA1()))
    else:
        signature = issuer.sign(digest.finalize(), ec.ECDSA(utils.Prehashed(hashes.SHA1())))
    return signature
