"""generate-envelope for plugins that implement generate-signature."""

from notarykit._internal import version
from notarykit.plugin.envelope import check_envelope_request, sign_envelope
from notarykit.plugin.host.signer import PluginSigner, SigningPlugin
from notarykit.plugin.protocol.metadata import GetMetadataRequest
from notarykit.plugin.protocol.signing import GeneratedEnvelope, GenerateEnvelopeRequest


def envelope_around(plugin: SigningPlugin, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
    """Returns an envelope with a signature of the plugin's `generate_signature`.

    Raises:
        PluginValidationError: The payload's type or the envelope's format is not supported, or the expiry is no time.
    """
    check_envelope_request(request)
    metadata = plugin.get_metadata(GetMetadataRequest(request.plugin_config))
    agent = version.signing_agent(metadata.name, metadata.version)
    return sign_envelope(request, PluginSigner(plugin, request.key_id, request.plugin_config), agent)
