"""Mutants of describe-key and generate-signature."""

import functools
import json
import threading
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from notarykit.plugin.conformance.target import Run
from notarykit.plugin.discovery.process import Ended
from notarykit.plugin.protocol.fields import decode
from tests.kit.mutant import Mutant, text
from tests.kit.reference import BLOB, BOTH, EC, RSA, Variant, chain_of
from tests.kit.wrong import (
    DESCRIBE,
    SIGN,
    Members,
    Mutation,
    answering,
    encoded,
    ending,
    giving,
    members_of,
    reading,
    refusal,
    refusing,
)
from tests.support.ca import Changes, TestChain, make_chain
from tests.support.envelopes import ABSENT, primitive


def about_describe_key() -> Iterator[Mutant]:
    """Yields the mutants about describe key."""
    for variant in (EC, RSA, BLOB):
        rule = "describe-key.key-id"
        yield Mutant(rule, "of another key", variant, giving(DESCRIBE, keyId="another"))
        yield Mutant(rule, "absent", variant, giving(DESCRIBE, keyId=ABSENT))
        yield Mutant(rule, "fails", variant, refusing(lambda command, _: command == DESCRIBE, "ACCESS_DENIED"))
        for spec in ("EC-384", "RSA-3072", "P-256", "ec-256", "", 256, ["EC-256"], None, ABSENT):
            mutation = giving(DESCRIBE, keySpec=spec)
            yield Mutant("describe-key.key-spec", text(spec), variant, mutation)
    for rule, member in (("describe-key.key-id", "keyId"), ("describe-key.key-spec", "keySpec")):
        mutation = answering(DESCRIBE, functools.partial(_of_second_key, member))
        yield Mutant(rule, "of the second key alone", BOTH, mutation)


def _of_second_key(member: str, answer: Members, request: Members) -> Members:
    return answer | {member: "another"} if request["keyId"] == BOTH.key_ids[1] else answer


# generate-signature


def signing(sign: Callable[[TestChain, bytes], bytes]) -> Mutation:
    """Signatures are made in another way."""

    def change(answer: Members, request: Members) -> Members:
        payload = decode(request["payload"], "payload")
        return answer | {"signature": encoded(sign(chain_of(request["keyId"]), payload))}

    return answering(SIGN, change)


def pss(salt: int) -> Mutation:
    """The salt of RSASSA-PSS has another length."""
    hash_ = hashes.SHA256()
    return signing(lambda chain, payload: chain.leaf_key.sign(payload, padding.PSS(padding.MGF1(hash_), salt), hash_))


def with_hash(chain: TestChain, payload: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    """A signature as an envelope carries it, with another hash than the key's."""
    if isinstance(chain.leaf_key, rsa.RSAPrivateKey):
        return chain.leaf_key.sign(payload, padding.PSS(padding.MGF1(algorithm), algorithm.digest_size), algorithm)
    return side_by_side(chain.leaf_key.sign(payload, ec.ECDSA(algorithm)), 32)


def side_by_side(der: bytes, size: int) -> bytes:
    """The r and s of a signature in DER."""
    r, s = utils.decode_dss_signature(der)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _digest(payload: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(payload)
    return digest.finalize()


def _of_another_key(chain: TestChain, payload: bytes) -> bytes:
    return primitive(_another(chain.spec), payload)


@functools.cache
def _another(spec: str) -> TestChain:
    return make_chain(spec, 1, leaf=Changes(key=rsa.generate_private_key(65537, 2048) if spec == "RSA-2048" else None))


def _der(chain: TestChain, payload: bytes) -> bytes:
    return bytes(chain.leaf_key.sign(payload, ec.ECDSA(hashes.SHA256())))


def _any_hash(run: Run) -> Run:
    """Signs with whatever hash it is asked for, the key's spec or not."""

    def run_any(command: str, request: bytes) -> Ended:
        members = members_of(request)
        wanted = members.get("hashAlgorithm")
        if command != SIGN or members.get("keyId") not in EC.key_ids or wanted in (None, "SHA-256"):
            return run(command, request)
        usual = run(command, json.dumps(members | {"keySpec": "EC-256", "hashAlgorithm": "SHA-256"}).encode())
        algorithm = {"SHA-384": hashes.SHA384(), "SHA-512": hashes.SHA512()}[wanted]
        signature = with_hash(chain_of("ec"), decode(members["payload"], "payload"), algorithm)
        return usual._replace(output=json.dumps(members_of(usual.output) | {"signature": encoded(signature)}).encode())

    return run_any


def _sharing(run: Run) -> Run:
    """Keeps the payload where the next request puts its own: those of other threads wait for each other in between."""
    kept: list[bytes] = []
    home, all_ten = threading.get_ident(), threading.Barrier(10, timeout=60)

    def run_shared(command: str, request: bytes) -> Ended:
        if command != SIGN or threading.get_ident() == home:
            return run(command, request)
        kept.append(request)
        all_ten.wait()
        return run(command, kept[-1])

    return run_shared


def _busy(run: Run) -> Run:
    """Can be used once at a time."""
    kept: list[bytes] = []
    home, all_ten = threading.get_ident(), threading.Barrier(10, timeout=60)

    def run_busy(command: str, request: bytes) -> Ended:
        if command != SIGN or threading.get_ident() == home:
            return run(command, request)
        kept.append(request)
        all_ten.wait()
        return run(command, request) if kept[0] is request else refusal("ERROR", "the token is busy")

    return run_busy


def _fails_with_nothing(ended: Ended, command: str, request: bytes) -> Ended:
    return refusal("ERROR") if command == SIGN and members_of(request).get("payload") == "" else ended


def about_generate_signature() -> Iterator[Mutant]:
    """Yields the mutants about generate signature."""

    def mutant(rule: str, face: str, mutation: Mutation, variant: Variant = EC) -> Mutant:
        return Mutant(f"generate-signature.{rule}", face, variant, mutation)

    yield mutant("key-id", "of another key", giving(SIGN, keyId="another"))
    yield mutant("key-id", "absent", giving(SIGN, keyId=ABSENT))
    for algorithm in ("ES256", "ECDSA-SHA-384", "RSASSA-PSS-SHA-256", "", ABSENT):
        yield mutant("algorithm", text(algorithm), giving(SIGN, signingAlgorithm=algorithm))
    for variant in (RSA, EC):
        for face, sign in (
            ("of another key", _of_another_key),
            ("by another hash", lambda chain, payload: with_hash(chain, payload, hashes.SHA512())),
            ("over the digest", lambda chain, payload: primitive(chain, _digest(payload))),
            ("over the base64", lambda chain, payload: primitive(chain, encoded(payload).encode())),
            ("over text", lambda chain, payload: primitive(chain, payload.decode("utf-8", "replace").encode())),
            ("over text without zero bytes", lambda chain, payload: primitive(chain, payload.strip(b"\0"))),
        ):
            yield mutant("signature", face, signing(sign), variant)
        yield mutant("signature", "fails", refusing(lambda command, _: command == SIGN, "THROTTLED"), variant)
        yield mutant("signature", "absent", giving(SIGN, signature=ABSENT), variant)
        yield mutant("signature", "no base64", giving(SIGN, signature="!"), variant)
    pkcs = signing(lambda chain, payload: chain.leaf_key.sign(payload, padding.PKCS1v15(), hashes.SHA256()))
    yield mutant("signature", "PKCS #1 v1.5", pkcs, RSA)
    second = reading(SIGN, lambda request: request | ({"payload": "AAAA"} if request.get("keyId") == "ec" else {}))
    yield mutant("signature", "of the second key alone", second, BOTH)
    signs = reading(SIGN, lambda request: request | ({} if request.get("payload") else {"payload": "AAAA"}))
    yield mutant("empty", "signed", signs)
    yield mutant("empty", "another code", ending(_fails_with_nothing))
    yield mutant("large", "refused", refusing(lambda _, request: len(request.get("payload", "")) > 1 << 16))
    yield mutant("ecdsa-form", "DER", signing(_der))
    yield mutant("ecdsa-form", "DER of the second key", signing(_der_where_ec), BOTH)
    long = signing(lambda chain, payload: side_by_side(_der(chain, payload), 48))
    yield mutant("ecdsa-form", "r and s longer than they are", long)
    for salt in (20, 0, 256 - 32 - 2):
        yield mutant("pss-salt", str(salt), pss(salt), RSA)
    ignoring = reading(SIGN, lambda request: request | {"keySpec": "EC-256", "hashAlgorithm": "SHA-256"})
    yield mutant("key-spec", "not looked at", ignoring)
    yield mutant("key-spec", "answered with another hash", _any_hash)
    yield mutant("at-once", "shares the payload", _sharing)
    yield mutant("at-once", "one at a time", _busy)


def _der_where_ec(chain: TestChain, payload: bytes) -> bytes:
    return _der(chain, payload) if chain.spec == "EC-256" else primitive(chain, payload)
