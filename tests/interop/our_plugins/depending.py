"""A plugin whose capabilities depend on its configuration: it signs, or makes whole envelopes where it is told so."""

from notarykit import plugin
from notarykit.plugin.protocol.metadata import NO_CONFIG
from notarykit_local_file.plugin import LocalFilePlugin
from tests.interop.our_plugins.envelope import EnvelopePlugin

WHOLE = {"whole": "yes"}


class DependingPlugin(LocalFilePlugin):
    """Signs with keys in files, in one way or the other."""

    name = "our-depending"
    description = "Depends on its configuration"
    version = "3.0.0"
    url = "https://example.com/our-depending"

    @classmethod
    def get_metadata(cls, request: plugin.GetMetadataRequest = NO_CONFIG) -> plugin.Metadata:
        """What it can do with these settings."""
        found = super().get_metadata(request)
        return found._replace(capabilities=(plugin.Capability.ENVELOPE,)) if request.plugin_config == WHOLE else found

    def generate_envelope(self, request: plugin.GenerateEnvelopeRequest) -> plugin.GeneratedEnvelope:
        """An envelope by another plugin."""
        return EnvelopePlugin().generate_envelope(request._replace(plugin_config={}))
