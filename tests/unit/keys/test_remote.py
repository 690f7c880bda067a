"""Keys that are somewhere else: they sign in one way, and give away nothing."""

import copy
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from notarykit.errors import SigningKeyError
from notarykit.keys.remote import remote_key
from notarykit.keys.signature import sign_raw
from notarykit.keys.spec import KeySpec
from tests.support.ca import HASH_OF_SPEC, SPECS, new_key

_RSA_SPECS = [spec for spec in SPECS if spec.startswith("RSA")]
_EC_SPECS = [spec for spec in SPECS if spec.startswith("EC")]
_OTHER_HASH = {"RSA-2048": hashes.SHA384(), "RSA-3072": hashes.SHA256(), "RSA-4096": hashes.SHA384()}


class _Elsewhere:
    """A key in another place, which notes what it is asked to sign."""

    def __init__(self, spec: str) -> None:
        self.private_key = new_key(spec)
        self.asked: list[tuple[bytes, str]] = []

    def sign(self, message: bytes, spec: KeySpec) -> bytes:
        self.asked.append((message, spec.name))
        return sign_raw(self.private_key, spec, message)

    def key(self) -> Any:
        return remote_key(self.private_key.public_key(), self.sign)


def _pss(algorithm: hashes.HashAlgorithm) -> padding.PSS:
    return padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)


@pytest.mark.parametrize("spec", _RSA_SPECS)
def test_rsa_key_signs_with_pss(spec: str) -> None:
    """An RSA key has the library's interface, and its signature is PSS with the hash and the salt of its spec."""
    place = _Elsewhere(spec)
    key = place.key()
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == int(spec[4:])
    assert key.public_key() == place.private_key.public_key()
    algorithm = HASH_OF_SPEC[spec]
    signature = key.sign(b"message", _pss(algorithm), algorithm)
    place.private_key.public_key().verify(signature, b"message", _pss(algorithm), algorithm)
    assert place.asked == [(b"message", spec)]


@pytest.mark.parametrize("spec", _EC_SPECS)
def test_ec_key_signs_in_der(spec: str) -> None:
    """An EC key has the library's interface, and its signature is the DER that the library expects."""
    place = _Elsewhere(spec)
    key = place.key()
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert (key.key_size, key.curve.name) == (int(spec[3:]), place.private_key.curve.name)
    assert key.public_key() == place.private_key.public_key()
    algorithm = ec.ECDSA(HASH_OF_SPEC[spec])
    for number in range(20):  # r and s begin with zeros once in a while
        signature = key.sign(bytes([number]), algorithm)
        place.private_key.public_key().verify(signature, bytes([number]), algorithm)
    assert place.asked == [(bytes([number]), spec) for number in range(20)]


_SHA256 = hashes.SHA256()
_UNFIT: list[tuple[Any, Any]] = [
    (padding.PKCS1v15(), _SHA256),
    (padding.OAEP(padding.MGF1(_SHA256), _SHA256, None), _SHA256),
    (None, _SHA256),
    (_pss(_SHA256), hashes.SHA384()),
    (_pss(hashes.SHA1()), hashes.SHA1()),
    (_pss(_SHA256), utils.Prehashed(_SHA256)),
    (_pss(_SHA256), None),
]


@pytest.mark.parametrize(("its_padding", "algorithm"), _UNFIT)
def test_rsa_key_refuses_other_paddings(its_padding: Any, algorithm: Any) -> None:
    """Another padding or hash is refused, and the other place is not asked."""
    place = _Elsewhere("RSA-2048")
    with pytest.raises(SigningKeyError):
        place.key().sign(b"message", its_padding, algorithm)
    assert place.asked == []


@pytest.mark.parametrize(
    "its_padding",
    [
        padding.PSS(padding.MGF1(_SHA256), 20),
        padding.PSS(padding.MGF1(_SHA256), 0),
        padding.PSS(padding.MGF1(hashes.SHA1()), 32),
    ],
)
def test_rsa_key_refuses_other_pss_parameters(its_padding: padding.PSS) -> None:
    """PSS with another salt or mask is refused: the signature would not be what was asked for."""
    place = _Elsewhere("RSA-2048")
    with pytest.raises(SigningKeyError):
        place.key().sign(b"message", its_padding, _SHA256)
    assert place.asked == []


@pytest.mark.parametrize(("spec", "other"), [("EC-256", "EC-384"), ("EC-384", "EC-521"), ("EC-521", "EC-256")])
def test_ec_key_refuses_other_hashes(spec: str, other: str) -> None:
    """The hash of another curve is refused, and the other place is not asked."""
    place = _Elsewhere(spec)
    for algorithm in (HASH_OF_SPEC[other], hashes.SHA1(), utils.Prehashed(HASH_OF_SPEC[spec])):
        with pytest.raises(SigningKeyError, match=f"^a key of {spec} signs with SHA-"):
            place.key().sign(b"message", ec.ECDSA(algorithm))
    assert place.asked == []


@pytest.mark.parametrize("spec", ["RSA-2048", "EC-256"])
def test_remote_key_cannot_be_exported(spec: str) -> None:
    """Nothing but signatures comes out of such a key, whatever it is asked with."""
    place = _Elsewhere(spec)
    key = place.key()
    for name in ("private_numbers", "private_bytes", "decrypt", "exchange"):
        for arguments in ((), (b"x", None), (1, 2, 3)):
            with pytest.raises(SigningKeyError, match=r"^the private key is remote"):
                getattr(key, name)(*arguments)
    assert place.asked == []


@pytest.mark.parametrize("spec", ["RSA-2048", "EC-256"])
def test_copy_is_the_same_key(spec: str) -> None:
    """The library may copy keys, and a copy signs as the key does."""
    key = _Elsewhere(spec).key()
    assert copy.copy(key) is key
    assert copy.deepcopy({"key": key})["key"] is key


@pytest.mark.parametrize("kind", ["RSA-1024", "EC-192", "EC-224", "EC-256K", "Ed25519", "Ed448", "DSA-1024"])
def test_unsupported_key_is_refused(kind: str) -> None:
    """A key that can sign no artifact is refused."""
    with pytest.raises(SigningKeyError, match="is not supported"):
        remote_key(new_key(kind).public_key(), lambda *_: b"")


@pytest.mark.parametrize("spec", _RSA_SPECS)
def test_rsa_key_refuses_other_hashes(spec: str) -> None:
    """An RSA key of each length signs with the hash of its own length alone."""
    place, other = _Elsewhere(spec), _OTHER_HASH[spec]
    with pytest.raises(SigningKeyError):
        place.key().sign(b"message", _pss(other), other)
    assert place.asked == []
