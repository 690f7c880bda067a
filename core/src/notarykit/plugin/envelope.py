"""Envelopes for plugins that make them themselves (plugin specification, "generate-envelope command")."""

from __future__ import annotations

from datetime import timedelta

from notarykit._internal.rfc3339 import utc_now
from notarykit.envelope import payload as payloads
from notarykit.envelope.attributes import VERIFICATION_PLUGIN, ExtendedAttribute
from notarykit.envelope.builder import attributes_for, prepare, with_timestamp
from notarykit.envelope.unverified import MEDIA_TYPES
from notarykit.errors import EnvelopeError, PluginError, PluginValidationError, TimestampError
from notarykit.plugin.protocol.signing import GeneratedEnvelope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from notarykit.envelope.signer import Signer
    from notarykit.plugin.protocol.signing import GenerateEnvelopeRequest
    from notarykit.timestamp.client import TimestampAuthority


def check_envelope_request(request: GenerateEnvelopeRequest) -> None:
    """Refuses a request that no envelope can be made for, before a key is used.

    Raises:
        PluginValidationError: The payload's type or the envelope's format is not supported, or the expiry is no time.
    """
    if request.payload_type != payloads.MEDIA_TYPE:
        raise PluginValidationError(f"payload type {request.payload_type!r} is not supported")
    if request.signature_envelope_type not in MEDIA_TYPES:
        raise PluginValidationError(
            f"envelope format {request.signature_envelope_type!r} is not supported",
            advice=f"use {' or '.join(MEDIA_TYPES)}",
        )
    _expires_in(request)


def sign_envelope(
    request: GenerateEnvelopeRequest,
    signer: Signer,
    agent: str,
    *,
    verification_plugin: str = "",
    authorities: Sequence[TimestampAuthority] = (),
) -> GeneratedEnvelope:
    """Returns an envelope around the request's payload, signed now.

    Args:
        request: The request.
        signer: Signs with the key, and knows its chain.
        agent: Signing agent that the envelope names, as `signing_agent` makes it.
        verification_plugin: Plugin that every verifier has to use for this signature, which becomes a critical
            attribute; empty for none.
        authorities: Timestamp authorities, of which the first that gives a good token is used; none for no timestamp.

    Raises:
        PluginValidationError: As in `check_envelope_request`.
        PluginError: No authority gave a timestamp that a verifier accepts.
    """
    check_envelope_request(request)
    media_type = request.signature_envelope_type
    required = ExtendedAttribute(VERIFICATION_PLUGIN, verification_plugin, critical=True)
    extended = (required,) if verification_plugin else ()
    try:
        attributes = attributes_for(signer.key_spec(), utc_now(), expires_in=_expires_in(request), extended=extended)
        unsigned = prepare(media_type, request.payload, attributes)
    except EnvelopeError as error:
        raise PluginValidationError(error.message) from None
    signed = signer.sign(unsigned.to_be_signed)
    envelope = unsigned.finish(signed.signature, signed.chain, agent)
    if authorities:
        envelope = with_timestamp(envelope, media_type, _token(signed.signature, signed.chain, authorities))
    return GeneratedEnvelope(envelope, media_type)


def _expires_in(request: GenerateEnvelopeRequest) -> timedelta | None:
    seconds = request.expiry_duration_in_seconds or 0  # notation writes no member for none, others may write 0
    if seconds < 0:
        raise PluginValidationError("expiryDurationInSeconds must not be negative")
    if not seconds:
        return None
    try:
        expires_in = timedelta(seconds=seconds)
        _ = utc_now() + expires_in
    except OverflowError:
        raise PluginValidationError("expiryDurationInSeconds leads beyond the year 9999") from None
    return expires_in


def _token(signature: bytes, chain: tuple[bytes, ...], authorities: Sequence[TimestampAuthority]) -> bytes:
    """Returns a timestamp of a signature, whose authority's chain is neither expired nor revoked."""
    from notarykit.keys.chain import check_chain
    from notarykit.revocation.checker import RevocationChecker
    from notarykit.timestamp.client import TimestampClient

    client = TimestampClient(authorities, RevocationChecker.online())
    try:
        return client.stamp(signature, check_chain(chain), utc_now())
    except TimestampError as error:
        # The advice of the client names flags of a command, which are not the plugin's.
        raise PluginError(
            error.message, advice="check the timestamp authority's address and root in the plugin configuration"
        ) from None
