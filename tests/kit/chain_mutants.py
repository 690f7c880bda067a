"""Mutants of certificate chains."""

import functools
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.kit.mutant import NOW, Mutant
from tests.kit.reference import BOTH, EC, chain_of
from tests.kit.wrong import (
    SIGN,
    Members,
    Mutation,
    answering,
    encoded,
    giving,
)
from tests.support.ca import Changes, key_usage, make_chain
from tests.support.envelopes import ABSENT
from tests.support.sha1 import sha1_signed


@functools.cache
def _stranger() -> bytes:
    return make_chain("EC-256", 1).ders[0]


def _chain_like(**changes: Any) -> tuple[bytes, ...]:
    """Another chain of the usual key; the keys of its certificate authorities are others than the usual chain's."""
    leaf = changes.pop("leaf", {}) | {"key": chain_of("ec").leaf_key}
    return make_chain("EC-256", 3, leaf=Changes(**leaf), **changes).ders


def _wrong_chains() -> Iterator[tuple[str, str, Callable[[], tuple[bytes, ...]]]]:
    """Rules, how they are broken, and the chains that break them."""
    usual = functools.partial(chain_of, "ec")
    yield "order", "reversed", lambda: usual().ders[::-1]
    yield "order", "the signing certificate last", lambda: (*usual().ders[1:], usual().ders[0])
    yield "order", "the issuers exchanged", lambda: (usual().ders[0], usual().ders[2], usual().ders[1])
    yield "order", "the root twice", lambda: (*usual().ders, usual().ders[2])
    yield "complete", "the root is missing", lambda: usual().ders[:2]
    yield "complete", "all issuers are missing", lambda: usual().ders[:1]
    yield "complete", "the issuer is missing", lambda: usual().ders[::2]
    for place in range(4):
        yield "related", f"a stranger at {place}", functools.partial(_with_stranger, place)
    no_usage: Members = {"put": ((key_usage("content_commitment"), True),)}
    yield "requirements", "no digitalSignature", lambda: _chain_like(leaf=no_usage)
    server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    yield "requirements", "for servers", lambda: _chain_like(leaf={"put": ((server, False),)})
    yield (
        "requirements",
        "the leaf is a CA",
        lambda: _chain_like(leaf={"put": ((x509.BasicConstraints(True, None), True),)}),
    )
    yield "requirements", "no key usage", lambda: _chain_like(leaf={"without": (x509.KeyUsage,)})
    yield (
        "requirements",
        "a CA that may not sign",
        lambda: _chain_like(cas={1: Changes(put=((key_usage("crl_sign"), True),))}),
    )
    short = Changes(put=((x509.BasicConstraints(True, 0), True),))
    yield "requirements", "too long for the root", lambda: _chain_like(cas={2: short})
    for place in range(3):
        yield "requirements", f"SHA-1 at {place}", functools.partial(_with_sha1, place)
    yield "validity", "expired", lambda: _chain_like(leaf={"not_after": NOW - timedelta(days=1)})
    yield "validity", "not yet valid", lambda: _chain_like(leaf={"not_before": NOW + timedelta(days=1)})
    yield "validity", "an expired root", lambda: _chain_like(cas={2: Changes(not_after=NOW - timedelta(days=1))})


def _with_stranger(place: int) -> tuple[bytes, ...]:
    ders = chain_of("ec").ders
    return (*ders[:place], _stranger(), *ders[place:])


def _with_sha1(place: int) -> tuple[bytes, ...]:
    return sha1_signed(chain_of("ec"), place).ders


def with_chain(ders: Callable[[], tuple[bytes, ...]]) -> Mutation:
    """Signatures come with another chain, which is made when it is needed."""
    return answering(SIGN, lambda answer, _: answer | {"certificateChain": [encoded(der) for der in ders()]})


def about_chains() -> Iterator[Mutant]:
    """Yields the mutants about chains."""
    pems = [pem.decode() for pem in chain_of("ec").pems]
    good = [encoded(der) for der in chain_of("ec").ders]
    for face, value in (
        ("absent", ABSENT),
        ("empty", []),
        ("PEM", pems),
        ("PEM in base64", [encoded(pem.encode()) for pem in pems]),
        ("one text", "".join(pems)),
        ("nothing at the end", [*good, ""]),
        ("a number at the end", [*good, 5]),
        ("nothing at the start", ["", *good]),
    ):
        yield Mutant("chain.certificates", face, EC, giving(SIGN, certificateChain=value))
    for rule, face, ders in _wrong_chains():
        yield Mutant(f"chain.{rule}", face, EC, with_chain(ders))
    single = make_chain("EC-256", 1, leaf=Changes(key=chain_of("ec").leaf_key)).ders
    yield Mutant("chain.order", "self-signed, twice", EC, with_chain(lambda: single * 2))
    second = answering(SIGN, lambda answer, request: _reversed(answer) if request["keyId"] == "ec" else answer)
    yield Mutant("chain.order", "of the second key alone", BOTH, second)


def _reversed(answer: Members) -> Members:
    return answer | {"certificateChain": answer["certificateChain"][::-1]}
