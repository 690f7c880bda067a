"""JWS JSON serialization, flattened (signature-envelope-jws.md; RFC 7515, section 7.2.2)."""

import binascii
from datetime import datetime
from functools import lru_cache
from typing import Any

from notarykit._internal.rfc3339 import format_rfc3339, parse_rfc3339
from notarykit._internal.strict_json import DocumentError, Members, dumps, loads
from notarykit.envelope import attributes as names
from notarykit.envelope.attributes import Label, SignedAttributes, signed_attributes
from notarykit.envelope.unverified import JWS, UnverifiedEnvelope
from notarykit.errors import EnvelopeError
from notarykit.keys.spec import BY_JWS_ALG

_X5C = "x5c"
# Characters of the one alphabet that the other does not have change places, so that they stay foreign.
_EXCHANGED = bytes.maketrans(b"-_+/", b"+/-_")
# "crit MUST only contain headers apart from registered headers in JWS specification" (RFC 7515, section 4.1).
_REGISTERED = frozenset({"alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"})
_MOST_PARTS = 4096
_LARGEST_REMEMBERED, _MOST_REMEMBERED = 8 * 1024, 128  # characters of a certificate, and certificates
_UNPROTECTED = (_X5C, names.TIMESTAMP_SIGNATURE, names.SIGNING_AGENT)
_PROTECTED = (
    "alg", "cty", "crit", *names.STANDARD, names.VERIFICATION_PLUGIN, names.VERIFICATION_PLUGIN_MIN_VERSION,
    *_UNPROTECTED,
)  # fmt: skip
_RESERVED = _REGISTERED | names.STANDARD | {"b64"}


def parse(envelope: bytes) -> UnverifiedEnvelope:
    """Parses a JWS envelope.

    Raises:
        EnvelopeError: It violates the format; the message names the member.
    """
    try:
        top = Members(loads(envelope, _MOST_PARTS), "envelope")
        top.only("payload", "protected", "header", "signature")
        protected_text, payload_text = top.filled("protected"), top.filled("payload")
        protected = Members(loads(_decode_url(protected_text, "'protected'"), _MOST_PARTS), "protected header")
        unprotected = top.object("header")
        protected.no_look_alikes(*_PROTECTED)
        unprotected.no_look_alikes(*_UNPROTECTED)
        for name in unprotected.value:
            if name in protected.value:
                raise EnvelopeError(f"header {name!r} is both protected and unprotected")
        return UnverifiedEnvelope(
            media_type=JWS,
            unverified_payload=_decode_url(payload_text, "'payload'"),
            unverified_attributes=_attributes(protected),
            unverified_chain=_chain(unprotected),
            signature=_decode_url(top.filled("signature"), "'signature'"),
            signed_bytes=f"{protected_text}.{payload_text}".encode("ascii"),
            timestamp_signature=_timestamp(unprotected),
            signing_agent=unprotected.text(names.SIGNING_AGENT) if names.SIGNING_AGENT in unprotected else "",
        )
    except DocumentError as error:
        raise EnvelopeError(f"JWS: {error}") from None
    except EnvelopeError as error:
        raise EnvelopeError(f"JWS: {error.message}", advice=error.advice) from None


def _attributes(protected: Members) -> SignedAttributes:
    algorithm = protected.text("alg")
    if algorithm not in BY_JWS_ALG:
        raise EnvelopeError(f"'alg' {algorithm!r} is not one of {', '.join(BY_JWS_ALG)}")
    critical = protected.texts("crit")
    if not critical:
        raise EnvelopeError("'crit' is empty")
    for label in critical:
        if label in _REGISTERED:
            raise EnvelopeError(f"'crit' names the registered header {label!r}")
    if "b64" in protected:  # RFC 7797 would change which bytes are signed
        raise EnvelopeError("'b64' is not supported")
    content_type = protected.text("cty")
    headers: dict[Label, Any] = {
        name: _time(name, protected) if name in names.TIMES else value
        for name, value in protected.value.items()
        if name not in ("alg", "crit", "cty")
    }
    return signed_attributes(BY_JWS_ALG[algorithm], content_type, headers, critical)


def _time(name: str, protected: Members) -> datetime:
    try:
        return parse_rfc3339(protected.text(name))
    except DocumentError:
        raise
    except ValueError as error:
        raise EnvelopeError(f"{name} is {error}") from None


def _chain(unprotected: Members) -> tuple[bytes, ...]:
    certificates = unprotected.texts(_X5C)
    if not certificates:
        raise EnvelopeError("'x5c' is empty")
    return tuple(_certificate(text, f"'x5c' number {index}") for index, text in enumerate(certificates, 1))


def _certificate(text: str, name: str) -> bytes:
    """Decodes a certificate; the same CAs come again and again."""
    return (_remembered_certificate if len(text) <= _LARGEST_REMEMBERED else _decode_standard)(text, name)


def _timestamp(unprotected: Members) -> bytes | None:
    if names.TIMESTAMP_SIGNATURE not in unprotected:
        return None
    return _decode_standard(unprotected.filled(names.TIMESTAMP_SIGNATURE), repr(names.TIMESTAMP_SIGNATURE))


def _decode_url(text: str, name: str) -> bytes:
    """Decodes base64url without padding (RFC 7515, section 2) in its canonical form."""
    try:
        standard = text.encode("ascii").translate(_EXCHANGED) + b"=" * (-len(text) % 4)
        decoded = binascii.a2b_base64(standard)
    except (UnicodeEncodeError, binascii.Error):
        raise EnvelopeError(f"{name} is not base64url") from None
    # Padding, line ends, other characters, or stray bits at the end.
    if text[-1:] == "=" or binascii.b2a_base64(decoded, newline=False) != standard:
        raise EnvelopeError(f"{name} is not canonical base64url without padding")
    return decoded


def _decode_standard(text: str, name: str) -> bytes:
    """Decodes base64 with padding (RFC 4648, section 4) in its canonical form."""
    try:
        ascii_text = text.encode("ascii")
        decoded = binascii.a2b_base64(ascii_text)
    except (UnicodeEncodeError, binascii.Error):
        raise EnvelopeError(f"{name} is not base64") from None
    if binascii.b2a_base64(decoded, newline=False) != ascii_text:
        raise EnvelopeError(f"{name} is not canonical base64")
    return decoded


_remembered_certificate = lru_cache(_MOST_REMEMBERED)(_decode_standard)


def _encode_standard(content: bytes) -> str:
    return binascii.b2a_base64(content, newline=False).decode("ascii")


def encode_url(content: bytes) -> str:
    """Encodes base64url without padding (RFC 7515, section 2)."""
    return binascii.b2a_base64(content, newline=False).rstrip(b"=").translate(_EXCHANGED).decode("ascii")


def protected_header(attributes: SignedAttributes) -> bytes:
    """Encodes the protected header as JSON, members sorted by name.

    Raises:
        EnvelopeError: JSON cannot carry an extended attribute.
    """
    protected: dict[str, Any] = {"alg": attributes.key_spec.jws_alg, "cty": attributes.content_type}
    critical = [names.SIGNING_SCHEME]
    protected[names.SIGNING_SCHEME] = attributes.signing_scheme
    for name, time in (
        (names.SIGNING_TIME, attributes.signing_time),
        (names.AUTHENTIC_SIGNING_TIME, attributes.authentic_signing_time),
        (names.EXPIRY, attributes.expiry),
    ):
        if time is not None:
            protected[name] = format_rfc3339(time)
            if name != names.SIGNING_TIME:
                critical.append(name)
    for extended in attributes.extended:
        if not isinstance(extended.key, str):
            raise EnvelopeError(f"extended attribute {extended.key!r} must have a string as its name in JWS")
        if extended.key in protected or extended.key in _RESERVED:
            raise EnvelopeError(f"extended attribute {extended.key!r} has the name of another header")
        protected[extended.key] = extended.value
        if extended.critical:
            critical.append(extended.key)
    protected["crit"] = critical
    try:
        return dumps(dict(sorted(protected.items())))
    except (TypeError, ValueError) as error:
        raise EnvelopeError(f"an extended attribute has a value that JSON cannot carry: {error}") from None


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Returns the JWS signing input (RFC 7515, section 5.1)."""
    return f"{encode_url(protected)}.{encode_url(payload)}".encode("ascii")


def assemble(protected: bytes, payload: bytes, signature: bytes, chain: tuple[bytes, ...], agent: str) -> bytes:
    """Encodes an envelope; see `Codec.assemble`."""
    parts = {"payload": encode_url(payload), "protected": encode_url(protected)}
    header = {_X5C: [_encode_standard(der) for der in chain], names.SIGNING_AGENT: agent}
    return dumps({**parts, "header": header, "signature": encode_url(signature)})


def add_timestamp(envelope: bytes, token: bytes) -> bytes:
    """Adds a timestamp token to the unprotected header of a valid envelope."""
    top = loads(envelope, _MOST_PARTS)
    top["header"][names.TIMESTAMP_SIGNATURE] = _encode_standard(token)
    return dumps(top)
