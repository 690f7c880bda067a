"""Base class of plugins, whose methods are the commands of the contract."""

from __future__ import annotations

from notarykit.errors import PluginValidationError
from notarykit.plugin.protocol.metadata import NO_CONFIG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import ClassVar

    from notarykit.plugin.diagnosis import Finding
    from notarykit.plugin.protocol import signing, verification
    from notarykit.plugin.protocol.fields import Capability
    from notarykit.plugin.protocol.metadata import GetMetadataRequest, Metadata
    from notarykit.plugin.service_key import KeyVersion


class Plugin:
    """Base class of plugins. A capability is a method that is implemented.

    A plugin that signs implements `describe_key` and `generate_signature`, or `generate_envelope`; one with
    `describe_key` and `generate_envelope` makes envelopes for blobs too. A plugin that verifies implements
    `verify_signature` and names the checks that it makes in `checks`. A plugin is made without arguments, once in a
    process; its methods may be called from several threads at once.

    Methods raise `notarykit.errors.PluginError` or one of its subclasses, one for each error code of the protocol; no
    message of theirs carries a secret. What else they raise becomes the code `ERROR` without its text. How long an
    answer may take in all, an SDK's own retries included, is `notarykit.plugin.seconds_left()`.

    Attributes:
        name: The plugin's name, the same as that of its entry point.
        description: One line for people.
        version: The publisher's version, in semantic versioning.
        url: Where to find support.
        checks: The verification capabilities, if it verifies.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    version: ClassVar[str]
    url: ClassVar[str]
    checks: ClassVar[tuple[Capability, ...]] = ()

    @classmethod
    def get_metadata(cls, request: GetMetadataRequest = NO_CONFIG) -> Metadata:  # noqa: ARG003
        """Returns the metadata, from the class's attributes and methods.

        "The command is expected to return only static data": no plugin is made for it. A plugin whose capabilities
        depend on its configuration overrides this, and changes the `capabilities` of what the base answers.
        """
        from notarykit.plugin.protocol.fields import CONTRACT_VERSION, Capability
        from notarykit.plugin.protocol.metadata import Metadata

        capabilities: list[str] = []
        if cls.generate_signature is not Plugin.generate_signature:
            capabilities.append(Capability.RAW)
        # Hosts take RAW where both are listed, so a plugin that has both lists RAW alone.
        elif cls.generate_envelope is not Plugin.generate_envelope:
            capabilities.append(Capability.ENVELOPE)
            if cls.describe_key is not Plugin.describe_key:
                capabilities.append(Capability.ENVELOPE_FOR_BLOB)
        capabilities.extend(cls.checks)
        return Metadata(
            cls.name, cls.description, cls.version, cls.url, (CONTRACT_VERSION,), tuple(map(str, capabilities))
        )

    def describe_key(self, request: signing.DescribeKeyRequest) -> signing.KeyDescription:  # noqa: ARG002
        """Returns the key's spec."""
        raise PluginValidationError(f"plugin {self.name} does not implement describe-key")

    def generate_signature(self, request: signing.GenerateSignatureRequest) -> signing.GeneratedSignature:  # noqa: ARG002
        """Returns a signature over the request's payload, and the key's chain."""
        raise PluginValidationError(f"plugin {self.name} does not implement generate-signature")

    def generate_envelope(self, request: signing.GenerateEnvelopeRequest) -> signing.GeneratedEnvelope:
        """Returns a complete envelope; by default, core makes one with `generate_signature`."""
        from notarykit.plugin.host.generate_envelope import envelope_around

        return envelope_around(self, request)

    def verify_signature(self, request: verification.VerifySignatureRequest) -> verification.VerifiedSignature:  # noqa: ARG002
        """Returns the results of the requested checks."""
        raise PluginValidationError(f"plugin {self.name} does not implement verify-signature")

    # Beyond the protocol, for the commands that make certificates and look for faults; plugins in this process alone
    # can have it.

    def open_key(self, key_id: str, config: Mapping[str, str]) -> KeyVersion:  # noqa: ARG002
        """Opens a key, which may not have a certificate yet."""
        raise PluginValidationError(f"plugin {self.name} cannot sign with a key that has no certificate")

    def attach_certificates(self, key_id: str, config: Mapping[str, str], chain: Sequence[bytes]) -> str:  # noqa: ARG002
        """Stores a chain, leaf first, with the service; returns its location, or an empty string if it stores none."""
        return ""

    def diagnose(self, key_id: str | None, config: Mapping[str, str]) -> Iterator[Finding]:
        """Yields findings about each step of a signature; a failure is the last finding.

        An error that is raised before the first finding is the command's; after it, it is the last finding.

        Where this is not overridden, the steps are those that the protocol has: metadata, key, one trial signature.
        """
        from notarykit.plugin.host.trial import walk

        return walk(self, key_id, config)
