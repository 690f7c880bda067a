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
    return [method.mechanism for method in signing_methods(KEY_SPECS[spec], offered)]


@pytest.mark.parametrize(("spec", "hashing", "parameter"), _OF_RSA)
def test_rsa_methods_are_ordered_by_preference(spec: str, hashing: Mechanism, parameter: tuple[object, ...]) -> None:
    """RSA keys sign with PSS, hashed by the token or before; hash, mask and salt are those of the spec."""
    methods = signing_methods(KEY_SPECS[spec], _ALL)
    assert [(method.mechanism, method.parameter) for method in methods] == [
        (hashing, parameter),
        (_M.RSA_PKCS_PSS, parameter),
    ]
    digest = hashlib.new(_HASHES[spec[4:]], b"x").digest()
    assert [method.prepare(b"x", KEY_SPECS[spec]) for method in methods] == [b"x", digest]


@pytest.mark.parametrize(("spec", "hashing", "parameter"), _OF_RSA)
def test_unpadded_rsa_is_a_fallback(spec: str, hashing: Mechanism, parameter: tuple[object, ...]) -> None:
    """A method that is not offered is left out; padding before the token is used where there is no PSS at all."""
    raw = {_M.RSA_X_509}
    assert _names(spec, {hashing}) == _names(spec, {hashing} | raw) == [hashing]
    assert _names(spec, {_M.RSA_PKCS_PSS}) == _names(spec, {_M.RSA_PKCS_PSS} | raw) == [_M.RSA_PKCS_PSS]
    (method,) = signing_methods(KEY_SPECS[spec], raw | {_M.RSA_PKCS, _M.SHA256_RSA_PKCS, _M.SHA1_RSA_PKCS_PSS})
    assert (method.mechanism, method.parameter) == (_M.RSA_X_509, None)
    first, second = (method.prepare(b"x", KEY_SPECS[spec]) for _ in range(2))
    assert len(first) == len(second) == KEY_SPECS[spec].bits // 8
    assert first != second
    assert first[-1] == 0xBC


@pytest.mark.parametrize(("spec", "hashing"), _OF_EC)
def test_ec_methods_are_ordered_by_preference(spec: str, hashing: Mechanism) -> None:
    """EC keys sign a digest by the spec's hash, or else the message by the mechanism with that hash."""
    methods = signing_methods(KEY_SPECS[spec], _ALL)
    assert [(method.mechanism, method.parameter) for method in methods] == [(_M.ECDSA, None), (hashing, None)]
    digest = hashlib.new(_HASHES[spec[3:]], b"x").digest()
    assert [method.prepare(b"x", KEY_SPECS[spec]) for method in methods] == [digest, b"x"]
    assert _names(spec, {hashing}) == [hashing]
    assert _names(spec, {_M.ECDSA}) == [_M.ECDSA]


@pytest.mark.parametrize("spec", KEY_SPECS)
def test_token_without_mechanisms_has_no_method(spec: str) -> None:
    """A token that offers none of the mechanisms, or only other hashes, cannot sign."""
    own = {method.mechanism for method in signing_methods(KEY_SPECS[spec], _ALL)} | {_M.RSA_X_509}
    assert _names(spec, set()) == _names(spec, _ALL - own) == []
