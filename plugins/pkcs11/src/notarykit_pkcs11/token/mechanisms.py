"""Mechanisms by which a token can make the signature that a key spec prescribes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pkcs11 import MGF, Mechanism

from notarykit_pkcs11.token.pss import pss_encode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from notarykit.plugin import KeySpec


class SigningMethod(NamedTuple):
    """Mechanism, its parameter, and the function that makes the mechanism's input from a message."""

    mechanism: Mechanism
    parameter: tuple[object, ...] | None
    prepare: Callable[[bytes, KeySpec], bytes]


def _message(message: bytes, spec: KeySpec) -> bytes:  # noqa: ARG001
    return message


def _digest(message: bytes, spec: KeySpec) -> bytes:
    return spec.digest(message)


def _padded(message: bytes, spec: KeySpec) -> bytes:
    return pss_encode(spec.digest(message), spec.hash_name.replace("-", ""), spec.bits)


_HASHES = {
    "SHA-256": (Mechanism.SHA256, MGF.SHA256, 32, Mechanism.SHA256_RSA_PKCS_PSS, Mechanism.ECDSA_SHA256),
    "SHA-384": (Mechanism.SHA384, MGF.SHA384, 48, Mechanism.SHA384_RSA_PKCS_PSS, Mechanism.ECDSA_SHA384),
    "SHA-512": (Mechanism.SHA512, MGF.SHA512, 64, Mechanism.SHA512_RSA_PKCS_PSS, Mechanism.ECDSA_SHA512),
}


def all_signing_methods(spec: KeySpec) -> list[SigningMethod]:
    """Returns every method for a spec's signature, best first; the salt of PSS is as long as the hash."""
    hash_, mgf, salt, hash_and_pss, hash_and_ecdsa = _HASHES[spec.hash_name]
    if not spec.is_rsa:
        return [SigningMethod(Mechanism.ECDSA, None, _digest), SigningMethod(hash_and_ecdsa, None, _message)]
    pss = (hash_, mgf, salt)
    return [
        SigningMethod(hash_and_pss, pss, _message),
        SigningMethod(Mechanism.RSA_PKCS_PSS, pss, _digest),
        SigningMethod(Mechanism.RSA_X_509, None, _padded),
    ]


def signing_methods(spec: KeySpec, offered: Collection[object]) -> list[SigningMethod]:
    """Returns the methods that a token offers; padding here is a fallback for tokens that offer no PSS."""
    methods = [method for method in all_signing_methods(spec) if method.mechanism in offered]
    return [method for method in methods if method.mechanism is not Mechanism.RSA_X_509] or methods
