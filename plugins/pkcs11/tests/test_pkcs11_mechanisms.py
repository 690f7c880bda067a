"""Choice of mechanisms and their input."""

import hashlib

import pytest
from pkcs11 import MGF, Mechanism

from notarykit.keys.spec import KEY_SPECS
from notarykit_pkcs11.token.mechanisms import signing_methods

_M = Mechanism
_ALL = set(Mechanism)
_OF_RSA = [
    ("RSA-2048", _M.SHA256_RSA_PKCS_PSS, (_M.SHA256, MGF.SHA256, 32)),
    ("RSA-3072", _M.SHA384_RSA_PKCS_PSS, (_M.SHA384, MGF.SHA384, 48)),
    ("RSA-4096", _M.SHA512_RSA_PKCS_PSS, (_M.SHA512, MGF.SHA512, 64)),
]
_OF_EC = [("EC-256", _M.ECDSA_SHA256), ("EC-384", _M.ECDSA_SHA384), ("EC-521", _M.ECDSA_SHA512)]
_HASHES = {"256": "sha256", "384": "sha384", "512": "sha512", "521": "sha512"}
_HASHES |= {"2048": "sha256", "3072": "sha384", "4096": "sha512"}


def _names(spec: str, offered: set[Mechanism]) -> list[Mechanism]:
    return [way.mechanism for way in signing_methods(KEY_SPECS[spec], offered)]


@pytest.mark.parametrize(("spec", "hashing", "parameter"), _OF_RSA)
def test_rsa_methods_are_ordered_by_preference(spec: str, hashing: Mechanism, parameter: tuple[object, ...]) -> None:
    """RSA keys sign with PSS, hashed there or here; the hash, the mask and the salt are those of the spec."""
    found = signing_methods(KEY_SPECS[spec], _ALL)
    assert [(way.mechanism, way.parameter) for way in found] == [(hashing, parameter), (_M.RSA_PKCS_PSS, parameter)]
    digest = hashlib.new(_HASHES[spec[4:]], b"x").digest()
    assert [way.prepare(b"x", KEY_SPECS[spec]) for way in found] == [b"x", digest]


@pytest.mark.parametrize(("spec", "hashing", "parameter"), _OF_RSA)
def test_unpadded_rsa_is_a_fallback(spec: str, hashing: Mechanism, parameter: tuple[object, ...]) -> None:
    """What is not offered is not asked for; padding is made here only where there is no PSS at all."""
    raw = {_M.RSA_X_509}
    assert _names(spec, {hashing}) == _names(spec, {hashing} | raw) == [hashing]
    assert _names(spec, {_M.RSA_PKCS_PSS}) == _names(spec, {_M.RSA_PKCS_PSS} | raw) == [_M.RSA_PKCS_PSS]
    (way,) = signing_methods(KEY_SPECS[spec], raw | {_M.RSA_PKCS, _M.SHA256_RSA_PKCS, _M.SHA1_RSA_PKCS_PSS})
    assert (way.mechanism, way.parameter) == (_M.RSA_X_509, None)
    first, second = (way.prepare(b"x", KEY_SPECS[spec]) for _ in range(2))
    assert len(first) == len(second) == KEY_SPECS[spec].bits // 8
    assert first != second
    assert first[-1] == 0xBC


@pytest.mark.parametrize(("spec", "hashing"), _OF_EC)
def test_ec_methods_are_ordered_by_preference(spec: str, hashing: Mechanism) -> None:
    """EC keys sign a digest of the spec's hash, or else the message, with the same hash."""
    found = signing_methods(KEY_SPECS[spec], _ALL)
    assert [(way.mechanism, way.parameter) for way in found] == [(_M.ECDSA, None), (hashing, None)]
    digest = hashlib.new(_HASHES[spec[3:]], b"x").digest()
    assert [way.prepare(b"x", KEY_SPECS[spec]) for way in found] == [digest, b"x"]
    assert _names(spec, {hashing}) == [hashing]
    assert _names(spec, {_M.ECDSA}) == [_M.ECDSA]


@pytest.mark.parametrize("spec", KEY_SPECS)
def test_token_without_mechanisms_has_no_method(spec: str) -> None:
    """A token that offers nothing of these, or another hash alone, cannot sign."""
    own = {way.mechanism for way in signing_methods(KEY_SPECS[spec], _ALL)} | {_M.RSA_X_509}
    assert _names(spec, set()) == _names(spec, _ALL - own) == []
