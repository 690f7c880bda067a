"""Mutants of generate-envelope."""

import functools
import json
from collections.abc import Callable, Iterator
from datetime import timedelta

from notarykit.envelope.builder import with_timestamp
from notarykit.envelope.parsing import parse_envelope
from notarykit.plugin.discovery.process import Ended
from notarykit.plugin.protocol.fields import decode
from tests.kit.mutant import Mutant
from tests.kit.reference import BLOB, ENVELOPE, STAMPED, Variant, authority, chain_of
from tests.kit.wrong import (
    MAKE,
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
from tests.support.ca import NOT_BEFORE
from tests.support.envelopes import ABSENT, COSE, JWS, build, changed
from tests.support.token_changes import TokenChanges
from tests.support.tokens import make_token


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


def _wrong_timestamps(media_type: str) -> Iterator[tuple[str, Callable[[bytes], object]]]:
    """How timestamps of envelopes are wrong, and what makes such a one."""

    def stamped(make: Callable[[bytes], bytes]) -> Callable[[bytes], object]:
        return lambda envelope: with_timestamp(
            envelope, media_type, make(parse_envelope(envelope, media_type).signature)
        )

    yield "no token", stamped(lambda _: b"token")
    yield "of another signature", stamped(lambda _: make_token(b"another", authority()))
    broken = TokenChanges(corrupt_signature=True)
    yield "does not hold", stamped(lambda signature: make_token(signature, authority(), broken))
    yield "by a code signer", stamped(lambda signature: make_token(signature, chain_of("ec")))
    early = TokenChanges(gen_time=NOT_BEFORE - timedelta(days=1))
    yield "before the certificates", stamped(lambda signature: make_token(signature, authority(), early))


def _is_of_format(media_type: str, _: str, request: Members) -> bool:
    return bool(request.get("signatureEnvelopeType") == media_type)


def about_envelopes() -> Iterator[Mutant]:
    """Yields the mutants about envelopes."""

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
    for media_type in (JWS, COSE):
        for face, make in _wrong_timestamps(media_type):
            yield mutant("timestamp", f"{face} in {_RULE_OF[media_type]}", made(media_type, make), STAMPED)
    reads = "signatureEnvelopeType", "application/vnd.example.no-such-format", JWS
    yield mutant("unsupported-type", "made all the same", _reading_as(*reads))
    yield mutant("unsupported-type", "another code", coded("signatureEnvelopeType", reads[1], "ERROR"))
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


def coded(member: str, value: object, code: str) -> Mutation:
    """The refusal of a value has another error code."""

    def end(ended: Ended, _: str, request: bytes) -> Ended:
        return refusal(code) if ended.code and members_of(request).get(member) == value else ended

    return ending(end)
