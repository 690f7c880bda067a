"""A plugin that makes whole envelopes for blobs: it tells the spec of its key, by which the host hashes."""

from notarykit import plugin
from notarykit.plugin.protocol.metadata import NO_CONFIG
from notarykit_local_file.plugin import LocalFilePlugin
from tests.interop.our_plugins.envelope import EnvelopePlugin


class BlobPlugin(EnvelopePlugin):
    """Makes envelopes for blobs and for nothing else."""

    name = "our-blobs"
    description = "Makes whole envelopes for blobs"
    version = "4.5.6"
    url = "https://example.com/our-blobs"

    @classmethod
    def get_metadata(cls, request: plugin.GetMetadataRequest = NO_CONFIG) -> plugin.Metadata:
        """What it can do, less the envelopes for artifacts."""
        return super().get_metadata(request)._replace(capabilities=(plugin.Capability.ENVELOPE_FOR_BLOB,))

    def describe_key(self, request: plugin.DescribeKeyRequest) -> plugin.KeyDescription:
        """The spec of the key, by the service in the background."""
        return LocalFilePlugin().describe_key(request)
