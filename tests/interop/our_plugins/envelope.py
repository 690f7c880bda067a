"""A plugin that makes whole envelopes and nothing else, as one in front of a signing service does."""

from notarykit import plugin
from notarykit.plugin.host.generate_envelope import envelope_around
from notarykit_local_file.plugin import LocalFilePlugin

MADE_BY = "com.example.made-by"


class _Keys(LocalFilePlugin):
    """The service in the background; its name is what the envelopes name."""

    name = "our-envelope"
    version = "2.3.4"


class EnvelopePlugin(plugin.Plugin):
    """Makes envelopes, and says so in an annotation of the signature manifest."""

    name = _Keys.name
    description = "Makes whole envelopes"
    version = _Keys.version
    url = "https://example.com/our-envelope"

    def generate_envelope(self, request: plugin.GenerateEnvelopeRequest) -> plugin.GeneratedEnvelope:
        """An envelope by the service."""
        return envelope_around(_Keys(), request)._replace(annotations={MADE_BY: self.name})
