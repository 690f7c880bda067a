"""generate-envelope: plugin specification, "Signature Envelope Generator"."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.integrity import IntactEnvelope, check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.payload import make_payload, read_payload
from notarykit.envelope.unverified import COSE, JWS
from notarykit.errors import NotarykitError
from notarykit.keys.spec import KEY_SPECS, KeySpec
from notarykit.plugin.conformance.rule import MUST, SHOULD, rule
from notarykit.plugin.conformance.session import DoesNotApply, Key, Session
from notarykit.plugin.protocol.fields import Capability

_ARTIFACT = Descriptor("application/vnd.oci.image.manifest.v1+json", f"sha256:{'5' * 64}", 942)
PAYLOAD = make_payload(_ARTIFACT, {"build": "42", "name": "Grüße <&>"})
_EXPIRY = 3600
_UNSUPPORTED = "application/vnd.example.no-such-format"


def _each(session: Session, check: Callable[[Key], str | None]) -> str | None:
    return session.each(check, Capability.ENVELOPE, Capability.ENVELOPE_FOR_BLOB)


def _intact(key: Key, media_type: str, payload: bytes, expiry: int | None = None) -> IntactEnvelope:
    """Returns the envelope of a response, after checking its integrity.

    Raises:
        DoesNotApply: There is none; another rule says so.
    """
    try:
        response = key.envelope(media_type, payload, expiry)
        return check_integrity(parse_envelope(response.bytes_of("signatureEnvelope"), media_type))
    except NotarykitError:
        raise DoesNotApply("there is no envelope that holds") from None


def _format(key: Key, media_type: str) -> str | None:
    response = key.envelope(media_type, PAYLOAD)
    if response.failed and response.code in ("", "VALIDATION_ERROR"):
        raise DoesNotApply("the plugin does not make this format")
    if response.failed:
        return str(response)
    try:
        check_integrity(parse_envelope(response.bytes_of("signatureEnvelope"), media_type))
    except NotarykitError as error:
        return error.message
    return None


def formats(key: Key) -> list[str]:
    """Returns the envelope formats that the plugin supports.

    Raises:
        DoesNotApply: It makes none; another rule says so.
    """
    found = [each for each in (JWS, COSE) if not key.envelope(each, PAYLOAD).failed]
    if not found:
        raise DoesNotApply("there is no envelope")
    return found


def _shown(target: Descriptor) -> str:
    return f"{target.digest} of {target.size} bytes ({target.media_type})"


def envelope_spec(key: Key) -> KeySpec:
    """Returns the spec of the key that signs envelopes.

    Raises:
        DoesNotApply: There is no envelope that holds.
    """
    return _intact(key, formats(key)[0], PAYLOAD).chain.key_spec


@rule("generate-envelope.jws", MUST, "Signature Envelope Generator; signature-envelope-jws.md")
def jws_holds(session: Session) -> str | None:
    """An envelope in JWS is well formed and its signature holds under a chain that keeps the requirements."""
    return _each(session, lambda key: _format(key, JWS))


@rule("generate-envelope.cose", MUST, "Signature Envelope Generator; signature-envelope-cose.md")
def cose_holds(session: Session) -> str | None:
    """An envelope in COSE is well formed and its signature holds under a chain that keeps the requirements."""
    return _each(session, lambda key: _format(key, COSE))


@rule("generate-envelope.some-format", MUST, "Signature Envelope Generator")
def some_format_is_made(session: Session) -> str | None:
    """At least one of the two formats is made."""

    def check(key: Key) -> str | None:
        responses = [key.envelope(each, PAYLOAD) for each in (JWS, COSE)]
        return str(responses[0]) if all(response.failed for response in responses) else None

    return _each(session, check)


@rule("generate-envelope.type", MUST, "Signature Envelope Generator")
def type_is_repeated(session: Session) -> str | None:
    """The answer names the format of the request."""

    def check(key: Key) -> str | None:
        for wanted in formats(key):
            found = key.envelope(wanted, PAYLOAD).members.get("signatureEnvelopeType")
            if found != wanted:
                return f"{found!r} is not {wanted!r}"
        return None

    return _each(session, check)


@rule("generate-envelope.payload", MUST, "Signature Envelope Generator")
def payload_is_carried(session: Session) -> str | None:
    """The envelope carries the payload of the request; annotations may have been added, and nothing else changed."""

    def check(key: Key) -> str | None:
        wanted = read_payload(PAYLOAD)
        for media_type in formats(key):
            target = _intact(key, media_type, PAYLOAD).target
            if not target.is_same_content(wanted):
                return f"it is for {_shown(target)}, not {_shown(wanted)}"
            for name, value in wanted.annotations.items():
                if target.annotations.get(name) != value:
                    return f"the annotation {name!r} is {target.annotations.get(name)!r}, not {value!r}"
        return None

    return _each(session, check)


@rule("generate-envelope.expiry", MUST, "generate-envelope")
def expiry_is_kept(session: Session) -> str | None:
    """A requested expiry is in the envelope, and none where none is requested."""

    def check(key: Key) -> str | None:
        for media_type in formats(key):
            if _intact(key, media_type, PAYLOAD).attributes.expiry is not None:
                return "there is one that was not requested"
            attributes = _intact(key, media_type, PAYLOAD, _EXPIRY).attributes
            if attributes.expiry is None:
                return "there is none"
            after = attributes.expiry - attributes.claimed_time
            if abs(after - timedelta(seconds=_EXPIRY)) > timedelta(seconds=2):
                return f"it is {after} after the signing time, not {_EXPIRY} seconds"
        return None

    return _each(session, check)


@rule("generate-envelope.timestamp", MUST, "Signing workflow using plugin")
def timestamps_hold(session: Session) -> str | None:
    """A timestamp that comes with an envelope is of its signature, by certificates that keep the requirements."""

    def check(key: Key) -> str | None:
        envelopes = [_intact(key, media_type, PAYLOAD) for media_type in formats(key)]
        stamped = [(each, each.timestamp_signature) for each in envelopes if each.timestamp_signature]
        if not stamped:
            raise DoesNotApply("no envelope has a timestamp")
        return next(filter(None, (_timestamp_problem(*each) for each in stamped)), None)

    return _each(session, check)


def _timestamp_problem(envelope: IntactEnvelope, token: bytes) -> str | None:
    from notarykit.timestamp.token import check_covers, check_token

    try:
        check_covers(check_token(token, envelope.signature), envelope.chain)
    except NotarykitError as error:
        return error.message
    return None


@rule("generate-envelope.unsupported-type", MUST, "Error codes for generate-envelope")
def other_formats_are_refused(session: Session) -> str | None:
    """An envelope format that does not exist is a VALIDATION_ERROR."""

    def check(key: Key) -> str | None:
        response = session.use_key("generate-envelope", key.envelope_request(_UNSUPPORTED, PAYLOAD))
        if not response.failed:
            return f"{_UNSUPPORTED} is accepted"
        return None if response.code in ("", "VALIDATION_ERROR") else f"the code is {response.code}"

    return _each(session, check)


@rule("generate-envelope.payload-type", SHOULD, "Error codes for generate-envelope")
def other_payloads_are_refused(session: Session) -> str | None:
    """A payload type that does not exist is refused."""

    def check(key: Key) -> str | None:
        request = key.envelope_request(JWS, PAYLOAD) | {"payloadType": _UNSUPPORTED}
        response = session.use_key("generate-envelope", request)
        return None if response.failed else f"{_UNSUPPORTED} is accepted"

    return _each(session, check)


@rule("generate-envelope.blob", MUST, "Signing workflow using plugin, Blob signing")
def blobs_are_signed(session: Session) -> str | None:
    """A payload about a blob, with a digest by the key's hash, is carried like any other."""
    session.needs(Capability.ENVELOPE_FOR_BLOB)

    def check(key: Key) -> str | None:
        spec = KEY_SPECS.get(str(key.description.members.get("keySpec")))
        if spec is None:
            raise DoesNotApply("describe-key names no key spec")
        hash_name = spec.hash_name.replace("-", "").lower()
        digest = f"{hash_name}:{hashlib.new(hash_name, b'blob').hexdigest()}"
        payload = make_payload(Descriptor("application/octet-stream", digest, 4), {})
        media_type = formats(key)[0]
        response = key.envelope(media_type, payload)
        if response.failed:
            return str(response)
        found, wanted = _intact(key, media_type, payload).target, read_payload(payload)
        return None if found.is_same_content(wanted) else f"it is for {_shown(found)}, not {_shown(wanted)}"

    return _each(session, check)
