"""Signatures by strangers: what somebody who may push, and has no trusted key, can attach to make others work."""

import functools
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.ca import AnyPrivateKey, Changes, TestChain, make_chain, new_key
from tests.support.envelopes import COSE, JWS, build, sign_envelope

LONGEST = 32


class Stranger(NamedTuple):
    """A signature that costs.

    Attributes:
        name: What makes it costly.
        envelope: The envelope.
        media_type: Its format.
    """

    name: str
    envelope: bytes
    media_type: str = JWS


@functools.cache
def key_with_exponent(bits: int, which: int = 0, size: int = 3072) -> AnyPrivateKey:
    """An RSA key whose public exponent has so many bits."""
    numbers = new_key(f"RSA-{size}", which).private_numbers()
    phi = (numbers.p - 1) * (numbers.q - 1)
    for exponent in count((1 << (bits - 1)) + 1, 2):
        try:
            d = pow(exponent, -1, phi)
        except ValueError:  # not coprime
            continue
        return rsa.RSAPrivateNumbers(
            numbers.p,
            numbers.q,
            d,
            d % (numbers.p - 1),
            d % (numbers.q - 1),
            numbers.iqmp,
            rsa.RSAPublicNumbers(exponent, numbers.public_numbers.n),
        ).private_key(unsafe_skip_rsa_key_validation=True)
    raise AssertionError("unreachable")


def strangers(trusted: TestChain) -> list[Stranger]:
    """Signatures of strangers, each costly in its own way.

    Args:
        trusted: A chain whose root is trusted; what is known of it, its certificates, a stranger has too.
    """
    long_chain = make_chain("EC-521", LONGEST, ca_kind="EC-521")
    slow_keys = long_exponents()
    names = make_chain("EC-256", 20, cas={place: Changes(put=(_many_names(),)) for place in range(1, 20)})
    large = {"pad": "x" * 700_000}
    parts = {"pad": [0] * 3900}
    found = [
        Stranger("32 certificates with P-521", sign_envelope(long_chain)),
        Stranger("long exponents", sign_envelope(slow_keys)),
        Stranger("many names", sign_envelope(names)),
        Stranger("a header of 1 MiB, JWS", build(make_chain(), JWS, large)),
        Stranger("a header of 1 MiB, COSE", build(make_chain(), COSE, large), COSE),
        Stranger("many parts, JWS", build(make_chain(), JWS, parts)),
        Stranger("many parts, COSE", build(make_chain(), COSE, parts), COSE),
    ]
    for chain, name in (
        (long_chain, "32 certificates with P-521"),
        (slow_keys, "long exponents"),
        (names, "many names"),
    ):
        for borrowed, place in (
            (trusted.ders[-1:], "the root"),
            (trusted.ders[1:2], "a CA"),
            (trusted.ders[1:], "CAs"),
        ):
            mixed = chain.with_ders([*chain.ders[: LONGEST - len(borrowed)], *borrowed])
            found.append(Stranger(f"{name}, {place} borrowed", sign_envelope(mixed)))
            inside = chain.with_ders([chain.ders[0], *borrowed, *chain.ders[1 : LONGEST - len(borrowed)]])
            found.append(Stranger(f"{name}, {place} borrowed inside", sign_envelope(inside)))
    return found


@functools.cache
def long_exponents() -> TestChain:
    """A chain of RSA keys whose public exponents are as long as the modulus."""
    kept: Sequence[AnyPrivateKey] = [key_with_exponent(3071, which) for which in range(2)]
    cas = {place: Changes(key=kept[place % 2]) for place in range(1, LONGEST)}
    return make_chain("RSA-3072", LONGEST, leaf=Changes(key=kept[0]), cas=cas)


def _many_names() -> tuple[x509.ExtensionType, bool]:
    return x509.SubjectAlternativeName([x509.DNSName(f"{number}.example") for number in range(120)]), False
