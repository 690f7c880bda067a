"""COSE_Sign1, tagged (signature-envelope-cose.md; RFC 9052, section 4.2)."""

from datetime import datetime
from typing import Any

import cbor2

from notarykit.envelope import attributes as names
from notarykit.envelope import cbor
from notarykit.envelope.attributes import Label, SignedAttributes, signed_attributes
from notarykit.envelope.descriptor import is_content_type
from notarykit.envelope.unverified import COSE, UnverifiedEnvelope
from notarykit.errors import EnvelopeError
from notarykit.keys.spec import BY_COSE_ALG

# Tag 18 and an array of four, each in its shortest encoding.
_HEAD = b"\xd2\x84"
_ALG, _CRIT, _CONTENT_TYPE, _X5CHAIN = 1, 2, 3, 33
# "crit MUST only contain parameters apart from integer labels in the range of 0 to 8."
_NEVER_CRITICAL = range(9)
_RESERVED = frozenset({*_NEVER_CRITICAL, _X5CHAIN}) | names.STANDARD


def parse(envelope: bytes) -> UnverifiedEnvelope:
    """Parses a COSE envelope.

    Raises:
        EnvelopeError: It violates the format; the message names the part.
    """
    try:
        if not envelope.startswith(_HEAD):
            raise EnvelopeError("not tagged as COSE_Sign1 (tag 18) with an array of four parts")
        protected_bytes, unprotected, payload, signature = _four_parts(_loads(envelope[1:], "envelope"))
        protected = _map(_loads(protected_bytes, "protected header", allow_times=True), "protected header")
        for label in unprotected:
            if label in protected:
                raise EnvelopeError(f"header {label!r} is both protected and unprotected")
        _check_common(unprotected, "unprotected")
        # "Optionally, this header [x5chain] can be presented in the protected header."
        chain = _chain(protected.pop(_X5CHAIN) if _X5CHAIN in protected else unprotected.get(_X5CHAIN))
        return UnverifiedEnvelope(
            media_type=COSE,
            unverified_payload=payload,
            unverified_attributes=_attributes(protected),
            unverified_chain=chain,
            signature=signature,
            signed_bytes=to_be_signed(protected_bytes, payload),
            timestamp_signature=_timestamp(unprotected),
            signing_agent=_agent(unprotected),
        )
    except EnvelopeError as error:
        raise EnvelopeError(f"COSE: {error.message}", advice=error.advice) from None


def _loads(data: bytes, name: str, *, allow_times: bool = False) -> Any:
    try:
        return cbor.loads(data, allow_times=allow_times)
    except cbor.CBORFormError as error:
        raise EnvelopeError(f"{name} is not CBOR of the permitted form: {error}") from None


def _four_parts(message: Any) -> tuple[bytes, dict[Any, Any], bytes, bytes]:
    if not isinstance(message, list) or len(message) != 4:  # noqa: PLR2004
        raise EnvelopeError("not an array of the four parts protected, unprotected, payload and signature")
    protected, unprotected, payload, signature = message
    for name, part in (("protected header", protected), ("payload", payload), ("signature", signature)):
        if not isinstance(part, bytes) or not part:
            raise EnvelopeError(f"{name} is not a byte string, or is empty")
    return protected, _map(unprotected, "unprotected header"), payload, signature


def _map(value: Any, name: str) -> dict[Label, Any]:
    if not isinstance(value, dict):
        raise EnvelopeError(f"{name} is not a map")
    for label in value:
        if type(label) not in (int, str):
            raise EnvelopeError(f"{name} has the label {label!r}, which is neither an integer nor a text string")
    return value


def _attributes(protected: dict[Label, Any]) -> SignedAttributes:
    algorithm = protected.pop(_ALG, None)
    if type(algorithm) is not int or algorithm not in BY_COSE_ALG:
        raise EnvelopeError(f"alg {algorithm!r} is not one of {', '.join(map(str, BY_COSE_ALG))}")
    critical = protected.pop(_CRIT, None)
    if not isinstance(critical, list) or not critical:
        raise EnvelopeError("crit is not a non-empty array")
    for label in critical:
        if type(label) not in (int, str) or label in _NEVER_CRITICAL:
            raise EnvelopeError(f"crit must not name {label!r}")
    content_type = protected.pop(_CONTENT_TYPE, None)
    if not isinstance(content_type, str):
        raise EnvelopeError("content type (label 3) is not a text string")
    _check_common(protected, "protected")
    for name in names.TIMES:
        if name in protected and not isinstance(protected[name], datetime):
            raise EnvelopeError(f"{name} is not an epoch-based time (tag 1)")
    return signed_attributes(BY_COSE_ALG[algorithm], content_type, protected, critical)


# Common header parameters (RFC 9052, section 3.1, and RFC 9596) and the types of their values.
_IV, _PARTIAL_IV, _TYP = 5, 6, 16
_COMMON: dict[int, tuple[type, ...]] = {4: (bytes,), _IV: (bytes,), _PARTIAL_IV: (bytes,), _TYP: (int, str)}
# Countersignatures (RFC 8152, section 4.5, and RFC 9338): the signer does not sign them, and they are none of the
# unprotected headers that "the Notary Project signature supports".
_COUNTERSIGNATURES = (7, 9, 11, 12)


def _check_common(header: dict[Label, Any], name: str) -> None:
    for label, kinds in _COMMON.items():
        if label in header and type(header[label]) not in kinds:
            raise EnvelopeError(f"{name} header {label} has a value of a wrong type")
    typ = header.get(_TYP, 0)
    if typ < 0 if isinstance(typ, int) else not is_content_type(typ):
        raise EnvelopeError(f"{name} header {_TYP} is neither a media type nor the number of one")
    if _IV in header and _PARTIAL_IV in header:
        raise EnvelopeError(f"{name} headers {_IV} and {_PARTIAL_IV} must not both be present")
    for label in _COUNTERSIGNATURES:
        if label in header:
            raise EnvelopeError(f"{name} header {label} is a countersignature, which is not supported")


def _chain(value: Any) -> tuple[bytes, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(der, bytes) for der in value):
        raise EnvelopeError("x5chain (label 33) is not a non-empty array of byte strings")
    return tuple(value)


def _timestamp(unprotected: dict[Label, Any]) -> bytes | None:
    if names.TIMESTAMP_SIGNATURE not in unprotected:
        return None
    token = unprotected[names.TIMESTAMP_SIGNATURE]
    if not isinstance(token, bytes) or not token:
        raise EnvelopeError(f"{names.TIMESTAMP_SIGNATURE} is not a byte string, or is empty")
    return token


def _agent(unprotected: dict[Label, Any]) -> str:
    agent = unprotected.get(names.SIGNING_AGENT, "")
    if not isinstance(agent, str):  # an empty one passes: verification does not depend on this attribute's value
        raise EnvelopeError(f"{names.SIGNING_AGENT} is not a text string")
    return agent


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Returns the Sig_structure (RFC 9052, section 4.4) with an empty external_aad."""
    return cbor2.dumps(["Signature1", protected, b"", payload])


def protected_header(attributes: SignedAttributes) -> bytes:
    """Encodes the protected header as CBOR, labels in canonical order.

    Raises:
        EnvelopeError: CBOR cannot carry an extended attribute.
    """
    critical: list[Label] = [names.SIGNING_SCHEME]
    headers: dict[Label, Any] = {}
    for name, time in (
        (names.EXPIRY, attributes.expiry),
        (names.SIGNING_TIME, attributes.signing_time),
        (names.AUTHENTIC_SIGNING_TIME, attributes.authentic_signing_time),
    ):
        if time is not None:
            headers[name] = cbor2.CBORTag(cbor.EPOCH_TIME, int(time.timestamp()))
            if name != names.SIGNING_TIME:
                critical.append(name)
    headers[names.SIGNING_SCHEME] = attributes.signing_scheme
    for extended in attributes.extended:
        if type(extended.key) not in (int, str):
            raise EnvelopeError(
                f"extended attribute {extended.key!r} must have an integer or a string as its label in COSE"
            )
        if extended.key in headers or extended.key in _RESERVED:
            raise EnvelopeError(f"extended attribute {extended.key!r} has the label of another header")
        headers[extended.key] = extended.value
        if extended.critical:
            critical.append(extended.key)
    headers |= {_ALG: attributes.key_spec.cose_alg, _CRIT: critical, _CONTENT_TYPE: attributes.content_type}
    try:
        return cbor2.dumps(headers, canonical=True, datetime_as_timestamp=True)
    except (cbor2.CBOREncodeError, TypeError, ValueError) as error:
        raise EnvelopeError(f"an extended attribute has a value that CBOR cannot carry: {error}") from None


def assemble(protected: bytes, payload: bytes, signature: bytes, chain: tuple[bytes, ...], agent: str) -> bytes:
    """Encodes an envelope; see `Codec.assemble`."""
    unprotected: dict[Label, Any] = {_X5CHAIN: list(chain), names.SIGNING_AGENT: agent}
    return _HEAD[:1] + cbor2.dumps([protected, unprotected, payload, signature], canonical=True)


def add_timestamp(envelope: bytes, token: bytes) -> bytes:
    """Adds a timestamp token to the unprotected header of a valid envelope."""
    protected, unprotected, payload, signature = _four_parts(_loads(envelope[1:], "envelope"))
    unprotected[names.TIMESTAMP_SIGNATURE] = token
    return _HEAD[:1] + cbor2.dumps([protected, unprotected, payload, signature], canonical=True)
