"""generate-envelope for plugins that implement generate-signature."""

from datetime import timedelta

from notarykit._internal import version
from notarykit._internal.rfc3339 import utc_now
from notarykit.envelope import payload as payloads
from notarykit.envelope.builder import attributes_for, prepare
from notarykit.errors import EnvelopeError, PluginValidationError
from notarykit.plugin.host.signer import PluginSigner, SigningPlugin
from notarykit.plugin.protocol.metadata import GetMetadataRequest
from notarykit.plugin.protocol.signing import GeneratedEnvelope, GenerateEnvelopeRequest


def envelope_around(plugin: SigningPlugin, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
    """Returns an envelope with a signature of the plugin's `generate_signature`.

    Raises:
        PluginValidationError: The payload's type or the envelope's format is not supported, or the expiry is no time.
    """
    if request.payload_type != payloads.MEDIA_TYPE:
        raise PluginValidationError(f"payload type {request.payload_type!r} is not supported")
    seconds = request.expiry_duration_in_seconds or 0  # notation writes no member for none, others may write 0
    if seconds < 0:
        raise PluginValidationError("expiryDurationInSeconds must not be negative")
    signer = PluginSigner(plugin, request.key_id, request.plugin_config)
    key_spec = signer.key_spec()
    try:
        expires_in = timedelta(seconds=seconds) if seconds else None
        unsigned = prepare(
            request.signature_envelope_type,
            request.payload,
            attributes_for(key_spec, utc_now(), expires_in=expires_in),
        )
    except OverflowError:
        raise PluginValidationError("expiryDurationInSeconds leads beyond the year 9999") from None
    except EnvelopeError as error:
        raise PluginValidationError(error.message) from None
    signed = signer.sign(unsigned.to_be_signed)
    metadata = plugin.get_metadata(GetMetadataRequest(request.plugin_config))
    envelope = unsigned.finish(signed.signature, signed.chain, version.signing_agent(metadata.name, metadata.version))
    return GeneratedEnvelope(envelope, request.signature_envelope_type)
