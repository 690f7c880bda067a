"""Deliberately wrong plugins: each keeps every rule but one."""

import functools
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, NoReturn

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.x509.oid import ExtendedKeyUsageOID

from notarykit.errors import PluginTimeoutError
from notarykit.plugin import Command
from notarykit.plugin.conformance.target import Run
from notarykit.plugin.discovery.process import Ended
from notarykit.plugin.protocol.fields import decode
from tests.kit.reference import BLOB, BOTH, EC, ENVELOPE, RSA, SECRET, VERIFIER, Variant, chain_of
from tests.kit.wrong import (
    DESCRIBE,
    MAKE,
    METADATA,
    SIGN,
    VERIFY,
    Members,
    Mutation,
    answering,
    encoded,
    ending,
    error,
    giving,
    members_of,
    reading,
    refusal,
    refused_as,
    refusing,
)
from tests.support.ca import Changes, TestChain, key_usage, make_chain, sha1_signed
from tests.support.envelopes import ABSENT, COSE, JWS, build, changed, primitive


class Mutant(NamedTuple):
    """A wrong plugin.

    Attributes:
        rule: The name of the rule that it breaks.
        face: How it breaks it.
        variant: What it is made of.
        mutate: Makes it wrong.
    """

    rule: str
    face: str
    variant: Variant
    mutate: Mutation

    @property
    def name(self) -> str:
        """What it is called in the names of tests."""
        return f"{self.rule}: {self.face} ({self.variant.name})"


def _text(value: object) -> str:
    """A value in a mutant's name."""
    return "absent" if value is ABSENT else repr(value)


CHECKS = ("SIGNATURE_VERIFIER.TRUSTED_IDENTITY", "SIGNATURE_VERIFIER.REVOCATION_CHECK")
NOW = datetime.now(UTC).replace(microsecond=0)


# get-plugin-metadata

_NAMES = ("name", "description", "version", "url", "supportedContractVersions", "capabilities")


def _depending(name: str) -> Mutation:
    """A member of the metadata is another where there are settings."""
    return answering(
        METADATA,
        lambda answer, request: (
            answer | {name: ["1.0", "2.0"] if name in _NAMES[4:] else "2.0.0"} if "pluginConfig" in request else answer
        ),
    )


def _refusing_config(run: Run) -> Run:
    def run_changed(command: str, request: bytes) -> Ended:
        is_it = command == METADATA and "pluginConfig" in members_of(request)
        return refusal() if is_it else run(command, request)

    return run_changed


def _about_metadata() -> Iterator[Mutant]:
    def mutant(rule: str, face: str, **members: object) -> Mutant:
        return Mutant(f"metadata.{rule}", face, EC, giving(METADATA, **members))

    for name in _NAMES:
        yield mutant("members", f"{name} is absent", **{name: ABSENT})
        yield mutant("members", f"{name} is empty", **{name: [] if name in _NAMES[4:] else ""})
    yield mutant("members", "a capability is a number", capabilities=["SIGNATURE_GENERATOR.RAW", 1])
    yield mutant("name", "that of the product", name="Reference")
    yield mutant("contract-version", "another", supportedContractVersions=["1.1"])
    yield mutant("contract-version", "two of one major version", supportedContractVersions=["1.0", "1.1", "2.0"])
    yield mutant("capabilities", "one unknown", capabilities=["SIGNATURE_GENERATOR.RAW", "SIGNATURE_GENERATOR.HASH"])
    yield mutant(
        "capabilities", "one in lower case", capabilities=["SIGNATURE_GENERATOR.RAW", "signature_generator.raw"]
    )
    for version in ("v1.2.3", "1.2", "latest"):
        yield mutant("version", version, version=version)
    for name in (*_NAMES[1:4], "supportedContractVersions"):
        yield Mutant("metadata.plugin-config", f"{name} depends on it", EC, _depending(name))
    yield Mutant("metadata.plugin-config", "it is refused", EC, _refusing_config)


# describe-key


def _about_describe_key() -> Iterator[Mutant]:
    for variant in (EC, RSA, BLOB):
        rule = "describe-key.key-id"
        yield Mutant(rule, "of another key", variant, giving(DESCRIBE, keyId="another"))
        yield Mutant(rule, "absent", variant, giving(DESCRIBE, keyId=ABSENT))
        yield Mutant(rule, "fails", variant, refusing(lambda command, _: command == DESCRIBE, "ACCESS_DENIED"))
        for spec in ("EC-384", "RSA-3072", "P-256", "ec-256", "", 256, ["EC-256"], None, ABSENT):
            mutation = giving(DESCRIBE, keySpec=spec)
            yield Mutant("describe-key.key-spec", _text(spec), variant, mutation)
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


def _about_generate_signature() -> Iterator[Mutant]:
    def mutant(rule: str, face: str, mutation: Mutation, variant: Variant = EC) -> Mutant:
        return Mutant(f"generate-signature.{rule}", face, variant, mutation)

    yield mutant("key-id", "of another key", giving(SIGN, keyId="another"))
    yield mutant("key-id", "absent", giving(SIGN, keyId=ABSENT))
    for algorithm in ("ES256", "ECDSA-SHA-384", "RSASSA-PSS-SHA-256", "", ABSENT):
        yield mutant("algorithm", _text(algorithm), giving(SIGN, signingAlgorithm=algorithm))
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
    yield mutant("empty", "refused", refusing(lambda command, request: command == SIGN and not request["payload"]))
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


# The chain


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


def _about_chains() -> Iterator[Mutant]:
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


# generate-envelope


def made(media_type: str, make: Callable[[bytes], object]) -> Mutation:
    """Envelopes of a format are others; what makes them gets the right one."""

    def change(answer: Members, request: Members) -> Members:
        if request["signatureEnvelopeType"] != media_type:
            return answer
        found = make(decode(answer["signatureEnvelope"], "envelope"))
        return changed(answer, {"signatureEnvelope": encoded(found) if isinstance(found, bytes) else found})

    return answering(MAKE, change)


def _flipped(envelope: bytes) -> bytes:
    """The signature is the last of a COSE envelope; in JWS it is not, but what is flipped there is base64."""
    at = envelope.rindex(b'"signature":"') + 20 if envelope[:1] == b"{" else len(envelope) - 5
    other = b"A" if envelope[at : at + 1] != b"A" else b"B"
    return envelope[:at] + other + envelope[at + 1 :]


def _payload(change: Callable[[Members], Members]) -> Mutation:
    """What is signed is about something else."""

    def read(request: Members) -> Members:
        payload = json.loads(decode(request["payload"], "payload"))
        target = change(payload["targetArtifact"])
        return request | {"payload": encoded(json.dumps({"targetArtifact": target}).encode())}

    return reading(MAKE, lambda request: read(request) if "payload" in request else request)


def _with_expiry(after: timedelta) -> Mutation:
    """Envelopes expire, whether they were asked to or not."""
    return reading(MAKE, lambda request: request | {"expiryDurationInSeconds": int(after.total_seconds())})


def _expiring_otherwise(request: Members) -> Members:
    seconds = request.get("expiryDurationInSeconds")
    return request | {"expiryDurationInSeconds": seconds * 1000} if seconds else request


def _is_blob(request: Members) -> bool:
    return b"octet-stream" in decode(request.get("payload", ""), "payload")


_RULE_OF = {JWS: "jws", COSE: "cose"}


def _wrong_envelopes(media_type: str) -> Iterator[tuple[str, Callable[[bytes], object]]]:
    """How envelopes of a format are wrong, and what makes such a one of the right one."""
    chain = chain_of("ec")
    yield "the signature does not hold", _flipped
    yield "the chain is reversed", lambda _: build(chain.with_ders(chain.ders[::-1]), media_type)
    yield "no signing scheme", lambda _: build(chain, media_type, {"io.cncf.notary.signingScheme": ABSENT})
    yield "the other format", lambda _: build(chain, COSE if media_type == JWS else JWS)
    yield "nothing", lambda _: b""
    yield "absent", lambda _: ABSENT
    yield "a number", lambda _: 5


def _is_of_format(media_type: str, _: str, request: Members) -> bool:
    return bool(request.get("signatureEnvelopeType") == media_type)


def _about_envelopes() -> Iterator[Mutant]:
    def mutant(rule: str, face: str, mutation: Mutation, variant: Variant = ENVELOPE) -> Mutant:
        return Mutant(f"generate-envelope.{rule}", face, variant, mutation)

    for media_type in (JWS, COSE):
        for face, make in _wrong_envelopes(media_type):
            yield mutant(_RULE_OF[media_type], face, made(media_type, make))
        fails = refusing(functools.partial(_is_of_format, media_type), "ERROR")
        yield mutant(_RULE_OF[media_type], "fails", fails)
    for variant in (ENVELOPE, BLOB):
        yield mutant("some-format", "none", refusing(lambda command, _: command == MAKE), variant)
        yield mutant("type", "another", giving(MAKE, signatureEnvelopeType="application/json"), variant)
        yield mutant("type", "absent", giving(MAKE, signatureEnvelopeType=ABSENT), variant)
        yield mutant("expiry", "ignored", reading(MAKE, _without_expiry), variant)
        yield mutant("expiry", "milliseconds", reading(MAKE, _expiring_otherwise), variant)
        yield mutant("expiry", "never asked for", _with_expiry(timedelta(hours=1)), variant)
    yield mutant("payload", "swapped", _payload(lambda target: target | {"digest": f"sha256:{'6' * 64}"}))
    yield mutant("payload", "another size", _payload(lambda target: target | {"size": target["size"] + 1}))
    yield mutant("payload", "another media type", _payload(lambda target: target | {"mediaType": "text/plain"}))
    yield mutant("payload", "annotations dropped", _payload(lambda target: changed(target, {"annotations": ABSENT})))
    yield mutant("payload", "an annotation replaced", _payload(_rebuilt))
    reads = "signatureEnvelopeType", "application/vnd.example.no-such-format", JWS
    yield mutant("unsupported-type", "made all the same", _reading_as(*reads))
    yield mutant("unsupported-type", "another code", _coded("signatureEnvelopeType", reads[1], "ERROR"))
    yield mutant("payload-type", "signed all the same", _reading_as("payloadType", reads[1], _PAYLOAD_TYPE))
    yield mutant("blob", "refused", refusing(lambda _, request: _is_blob(request)), BLOB)
    yield mutant("blob", "taken for an image", _payload(_as_image), BLOB)
    yield mutant("blob", "another digest", _payload(_another_blob), BLOB)


_PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json"


def _without_expiry(request: Members) -> Members:
    return changed(request, {"expiryDurationInSeconds": ABSENT})


def _rebuilt(target: Members) -> Members:
    return target | ({"annotations": target["annotations"] | {"build": "43"}} if "annotations" in target else {})


def _as_image(target: Members) -> Members:
    is_blob = target["mediaType"] == "application/octet-stream"
    return target | {"mediaType": "application/vnd.oci.image.manifest.v1+json"} if is_blob else target


def _another_blob(target: Members) -> Members:
    is_blob = target["mediaType"] == "application/octet-stream"
    return target | {"digest": f"sha256:{'6' * 64}"} if is_blob else target


def _reading_as(member: str, value: str, other: str) -> Mutation:
    """A value of a member of generate-envelope's request is taken for another."""
    return reading(MAKE, lambda request: request | {member: other} if request.get(member) == value else request)


def _coded(member: str, value: object, code: str) -> Mutation:
    """The refusal of a value has another error code."""

    def end(ended: Ended, _: str, request: bytes) -> Ended:
        return refusal(code) if ended.code and members_of(request).get(member) == value else ended

    return ending(end)


# verify-signature


def _about_verification() -> Iterator[Mutant]:
    def mutant(rule: str, face: str, change: Callable[[Members], object]) -> Mutant:
        mutation = answering(
            VERIFY, lambda answer, _: changed(answer, {"verificationResults": change(answer["verificationResults"])})
        )
        return Mutant(f"verify-signature.{rule}", face, VERIFIER, mutation)

    failed = {"success": False, "reason": "x"}
    for name in CHECKS:
        for face, result in (
            ("is missing", ABSENT),
            ("is a text", "passed"),
            ("has no success", {"reason": "x"}),
            ("is true, a text", {"success": "true"}),
        ):
            yield mutant("results", f"{name} {face}", functools.partial(_with_result, name, result))
    yield mutant("results", "one more", lambda results: results | {"SIGNATURE_VERIFIER.EXPIRY": failed})
    yield mutant("results", "none", lambda _: {})
    yield mutant("results", "a list", lambda _: [failed, failed])
    yield mutant("results", "absent", lambda _: ABSENT)
    fails = refusing(lambda command, _: command == VERIFY, "ERROR")
    yield Mutant("verify-signature.results", "fails", VERIFIER, fails)
    for name in CHECKS:
        for face, result in (
            ("absent", {"success": False}),
            ("empty", {"success": False, "reason": ""}),
            ("null", {"success": False, "reason": None}),
            ("a number", {"success": False, "reason": 5}),
        ):
            yield mutant("reason", f"{name}: {face}", functools.partial(_with_result, name, result))
    for face, value in (
        ("another", ["com.example.another"]),
        ("another besides the right one", ["example.com/notarykit-test", "com.example.another"]),
        ("a number", [5]),
        ("a list", [["example.com/notarykit-test"]]),
        ("a text", "example.com/notarykit-test"),
        ("absent", ABSENT),
    ):
        yield Mutant("verify-signature.processed", face, VERIFIER, giving(VERIFY, processedAttributes=value))
    expired = answering(VERIFY, lambda answer, request: _taking_it_for_expired(request, answer))
    yield Mutant("verify-signature.no-expiry", "it takes the year 1 for an expiry", VERIFIER, expired)
    no_list = refusing(lambda command, members: command == VERIFY and not _unprocessed(members), "VALIDATION_ERROR")
    yield Mutant("verify-signature.no-expiry", "it refuses null", VERIFIER, no_list)


def _unprocessed(members: Members) -> bool:
    return members["signature"]["unprocessedAttributes"] is not None


def _taking_it_for_expired(request: Members, answer: Members) -> Members:
    if not request["signature"]["criticalAttributes"]["expiry"].startswith("0001"):
        return answer
    failed = {"success": False, "reason": "it has expired"}
    return answer | {"verificationResults": dict.fromkeys(answer["verificationResults"], failed)}


def _with_result(name: str, result: object, results: Members) -> Members:
    return changed(results, {name: result})


# What is put up with, and what is refused


def _has_new_members(members: Members) -> bool:
    known = {
        "contractVersion", "keyId", "pluginConfig", "keySpec", "hashAlgorithm", "payload", "payloadType",
        "signatureEnvelopeType", "expiryDurationInSeconds", "signature", "trustPolicy",
    }  # fmt: skip
    return not known.issuperset(members)


def _out_of_memory(ended: Ended, command: str, request: bytes) -> Ended:
    return refusal("ERROR", "out of memory") if command == DESCRIBE and len(request) > 1 << 16 else ended


def _known_key(request: Members) -> Members:
    key_id = request.get("keyId")
    return request | {"keyId": "ec"} if isinstance(key_id, str) and key_id else request


def _any_json(run: Run) -> Run:
    """Takes what it was asked before where a request is malformed."""
    kept: list[bytes] = []

    def run_kept(command: str, request: bytes) -> Ended:
        if command == DESCRIBE and members_of(request):
            kept.append(request)
        return run(command, request if members_of(request) or command != DESCRIBE else kept[0])

    return run_kept


def _coded_malformed(ended: Ended, command: str, request: bytes) -> Ended:
    return refusal("ERROR") if command == DESCRIBE and not members_of(request) else ended


def _about_requests() -> Iterator[Mutant]:
    for variant, commands in (
        (EC, (METADATA, DESCRIBE, SIGN)),
        (RSA, (SIGN,)),
        (ENVELOPE, (METADATA, MAKE)),
        (BLOB, (DESCRIBE, MAKE)),
        (VERIFIER, (METADATA, VERIFY)),
    ):
        for command in commands:
            mutation = refusing(functools.partial(_is_strict, command))
            yield Mutant("request.unknown-members", f"refused by {command}", variant, mutation)
    yield Mutant("request.huge", "out of memory", EC, ending(_out_of_memory))
    yield Mutant("request.huge", "out of memory", BLOB, ending(_out_of_memory))


def _is_strict(strict: str, command: str, request: Members) -> bool:
    """Whether a command's request has new members and is not huge, which is another rule's matter."""
    return command == strict and _has_new_members(request) and len(str(request)) < 1 << 16


def _about_refusals() -> Iterator[Mutant]:
    def mutant(rule: str, face: str, mutation: Mutation, variant: Variant = EC) -> Mutant:
        return Mutant(f"refuse.{rule}", face, variant, mutation)

    missing = "notarykit-test-there-is-no-such-key"
    for variant, command in ((EC, DESCRIBE), (BLOB, DESCRIBE), (ENVELOPE, MAKE)):
        yield mutant("unknown-key", "answered", reading(command, _known_key), variant)
        yield mutant("unknown-key", "another code", _coded("keyId", missing, "ACCESS_DENIED"), variant)
        for face, key_id in (("empty", ""), ("a number", 5), ("absent", None)):
            taken = _taking(command, key_id)
            yield mutant("empty-member", f"{face} is taken for the usual key", taken, variant)
        yield mutant("empty-member", "another code", _coded("keyId", "", "ERROR"), variant)
        version = reading(command, lambda request: request | {"contractVersion": "1.0"})
        yield mutant("contract-version", "not looked at", version, variant)
        yield mutant("contract-version", "another code", _coded("contractVersion", "2.0", "VALIDATION_ERROR"), variant)
    yield mutant("malformed", "accepted", _any_json)
    yield mutant("malformed", "another code", ending(_coded_malformed))
    for face, output in (
        ("an empty answer", b"{}"),
        ("its usage", b"usage: notation-reference COMMAND\n"),
        ("nothing", b""),
    ):
        yield mutant("unknown-command", face, ending(functools.partial(_answer_unknown, output)))


def _taking(command: str, value: object) -> Mutation:
    return reading(command, lambda request: request | {"keyId": "ec"} if request.get("keyId") == value else request)


def _answer_unknown(output: bytes, ended: Ended, command: str, _: bytes) -> Ended:
    return ended if command in tuple(Command) else Ended(0, output, b"")


# Outputs


def _printing(before: bytes = b"", after: bytes = b"") -> Mutation:
    return ending(lambda ended, *_: ended if ended.code else ended._replace(output=before + ended.output + after))


def _hanging(*commands: str) -> Mutation:
    """Commands that are refused by a plugin that is right never end."""

    def hang(ended: Ended, command: str) -> Ended:
        return _no_answer() if not commands or command in commands else ended

    return refused_as(hang)


def _no_answer() -> NoReturn:
    raise PluginTimeoutError("no answer within 300 seconds")


def _about_output_form() -> Iterator[Mutant]:
    def mutant(rule: str, face: str, mutation: Mutation, variant: Variant = EC) -> Mutant:
        return Mutant(f"output.{rule}", face, variant, mutation)

    log = b'{"level":"info","time":"2025-01-01T00:00:00Z","msg":"opened","session":1,"slot":{"id":0},"retries":[]}\n'
    for variant in (EC, ENVELOPE, VERIFIER):
        yield mutant("one-document", "two documents", _printing(after=b'{"done":true}'), variant)
        yield mutant("one-document", "a print before it", _printing(before=b"opening {the} session\n"), variant)
        yield mutant("one-document", "a log in JSON before it", _printing(before=log), variant)
        yield mutant("one-document", "a print after it", _printing(after=b"\nbye\n"), variant)
        yield mutant("one-document", "a byte order mark", _printing(before=b"\xef\xbb\xbf"), variant)
        yield mutant("one-document", "a list", _printing(before=b"[", after=b"]"), variant)
        plain = refused_as(lambda *_: Ended(1, b"", b"panic: no such key\n"))
        yield mutant("error-form", "a plain text", plain, variant)
        yield mutant("error-form", "silence", refused_as(lambda *_: Ended(1, b"", b"")), variant)
        yield mutant("error-form", "exit code 2", refused_as(lambda ended, _: ended._replace(code=2)), variant)
        wrong_stream = refused_as(lambda ended, _: Ended(1, ended.errors, b""))
        yield mutant("error-form", "on standard output", wrong_stream, variant)
        log_first = refused_as(lambda ended, _: ended._replace(errors=log + ended.errors))
        yield mutant("error-form", "after a log", log_first, variant)
        yield mutant("exit-code", "0", refused_as(lambda ended, _: ended._replace(code=0)), variant)
        output = refused_as(lambda ended, _: Ended(0, ended.errors, b""))
        yield mutant("exit-code", "0, on standard output", output, variant)
        yield mutant("ends", "by a signal", refused_as(lambda *_: Ended(-11, b"", b"")), variant)
        yield mutant("ends", "not at all", _hanging(), variant)
    yield mutant("ends", "not where a command is unknown", _hanging("notarykit-test-no-such-command"))
    for code in ("NOT_FOUND", "", 5, ["ERROR"], None):
        unknown = refused_as(functools.partial(_unknown_command, error(code)))
        yield mutant("error-form", f"the code {code!r}", unknown)
    for message in ("", 5, None):
        silent = refused_as(functools.partial(_unknown_command, error("ERROR", message)))
        yield mutant("error-form", f"the message {message!r}", silent)


def _unknown_command(errors: bytes, ended: Ended, command: str) -> Ended:
    return ended if command in tuple(Command) else ended._replace(errors=errors)


def _about_secrets() -> Iterator[Mutant]:
    def mutant(face: str, mutation: Mutation, variant: Variant) -> Mutant:
        return Mutant("output.secrets", face, variant, mutation)

    secret = SECRET.encode()
    go_json = json.dumps(SECRET).replace('\\"', "\\u0022")[1:-1]
    for variant in (EC, ENVELOPE, VERIFIER):
        standard_error = ending(lambda ended, *_: ended if ended.code else ended._replace(errors=b"PIN " + secret))
        yield mutant("on standard error", standard_error, variant)
        yield mutant("in a member", giving(METADATA, debug=SECRET), variant)
        yield mutant("in base64", giving(METADATA, debug=encoded(secret)), variant)
        yield mutant("in base64 without padding", giving(METADATA, debug=encoded(secret).rstrip("=")), variant)
        in_message = refused_as(lambda ended, _: ended._replace(errors=error(_code(ended), f"wrong: {SECRET}")))
        yield mutant("in an error's message", in_message, variant)
        yield mutant("in JSON as other programs write it", _escaping(go_json), variant)


def _escaping(text: str) -> Mutation:
    return ending(lambda ended, *_: ended if ended.code else ended._replace(errors=f'{{"pin":"{text}"}}'.encode()))


def _code(ended: Ended) -> str:
    return str(members_of(ended.errors)["errorCode"])


@functools.cache
def all_mutants() -> tuple[Mutant, ...]:
    """Every mutant."""
    return (
        *_about_metadata(),
        *_about_describe_key(),
        *_about_generate_signature(),
        *_about_chains(),
        *_about_envelopes(),
        *_about_verification(),
        *_about_requests(),
        *_about_refusals(),
        *_about_output_form(),
        *_about_secrets(),
    )
