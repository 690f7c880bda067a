"""generate-envelope for every plugin that can make a signature."""

from datetime import timedelta

from notarykit import agent
from notarykit.envelope import payload as payloads
from notarykit.envelope.unsigned import attributes_for, prepare
from notarykit.errors import EnvelopeError, PluginValidationError
from notarykit.plugin.messages import GeneratedEnvelope, GenerateEnvelopeRequest
from notarykit.plugin.signer import PluginSigner, SigningPlugin
from notarykit.times import utc_now


def envelope_around(plugin: SigningPlugin, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
    """An envelope around a signature of the plugin's `generate_signature`.

    Raises:
        PluginValidationError: The payload's type or the envelope's format is not supported.
    """
    if request.payload_type != payloads.MEDIA_TYPE:
        raise PluginValidationError(f"payload type {request.payload_type!r} is not supported")
    signer = PluginSigner(plugin, request.key_id, request.plugin_config)
    seconds = request.expiry_duration_in_seconds
    attributes = attributes_for(
        signer.key_spec(), utc_now(), expires_in=timedelta(seconds=seconds) if seconds else None
    )
    try:
        unsigned = prepare(request.signature_envelope_type, request.payload, attributes)
    except EnvelopeError as error:
        raise PluginValidationError(error.message) from None
    signature, chain = signer.sign(unsigned.to_be_signed)
    metadata = plugin.get_metadata()
    envelope = unsigned.finish(signature, chain, agent.signing_agent(metadata.name, metadata.version), None)
    return GeneratedEnvelope(envelope, request.signature_envelope_type)
