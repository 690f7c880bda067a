"""How a token can make the one signature that a key's spec asks for, by the mechanisms that it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pkcs11 import MGF, Mechanism

from notarykit_pkcs11.token.pss import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from notarykit.keys.spec import KeySpec


class Way(NamedTuple):
    """A mechanism, its parameter, and what it is given of a message."""

    mechanism: Mechanism
    parameter: tuple[object, ...] | None
    prepare: Callable[[bytes, KeySpec], bytes]


def _message(message: bytes, spec: KeySpec) -> bytes:  # noqa: ARG001
    return message


def _digest(message: bytes, spec: KeySpec) -> bytes:
    return spec.digest(message)


def _padded(message: bytes, spec: KeySpec) -> bytes:
    return encode(spec.digest(message), spec.hash_name.replace("-", ""), spec.bits)


_HASHES = {
    "SHA-256": (Mechanism.SHA256, MGF.SHA256, 32, Mechanism.SHA256_RSA_PKCS_PSS, Mechanism.ECDSA_SHA256),
    "SHA-384": (Mechanism.SHA384, MGF.SHA384, 48, Mechanism.SHA384_RSA_PKCS_PSS, Mechanism.ECDSA_SHA384),
    "SHA-512": (Mechanism.SHA512, MGF.SHA512, 64, Mechanism.SHA512_RSA_PKCS_PSS, Mechanism.ECDSA_SHA512),
}


def all_ways(spec: KeySpec) -> list[Way]:
    """Every way to a signature of the spec, best first; the salt of PSS is as long as the hash."""
    hash_, mgf, salt, hash_and_pss, hash_and_ecdsa = _HASHES[spec.hash_name]
    if not spec.is_rsa:
        return [Way(Mechanism.ECDSA, None, _digest), Way(hash_and_ecdsa, None, _message)]
    pss = (hash_, mgf, salt)
    return [
        Way(hash_and_pss, pss, _message),
        Way(Mechanism.RSA_PKCS_PSS, pss, _digest),
        Way(Mechanism.RSA_X_509, None, _padded),
    ]


def ways(spec: KeySpec, offered: Collection[object]) -> list[Way]:
    """The ways that a token offers. Padding is done here only where the token does none."""
    found = [way for way in all_ways(spec) if way.mechanism in offered]
    return [way for way in found if way.mechanism is not Mechanism.RSA_X_509] or found
