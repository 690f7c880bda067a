"""What a plugin is: an object whose methods are the commands of the contract."""

from typing import ClassVar

from notarykit.errors import PluginValidationError
from notarykit.plugin.messages import (
    CONTRACT_VERSION,
    Capability,
    DescribeKeyRequest,
    GeneratedEnvelope,
    GeneratedSignature,
    GenerateEnvelopeRequest,
    GenerateSignatureRequest,
    KeyDescription,
    Metadata,
    VerifiedSignature,
    VerifySignatureRequest,
)


class Plugin:
    """The base of every plugin. A capability is a method that is implemented.

    A plugin that signs implements `describe_key` and `generate_signature`, or `generate_envelope`. A plugin that
    verifies implements `verify_signature` and names the checks that it makes in `checks`. Methods may be called from
    several threads at once. They raise `notarykit.errors.PluginError` or one of its subclasses, one for each error code
    of the protocol; no message of theirs carries a secret.

    Attributes:
        name: The plugin's name, the same as that of its entry point.
        description: One line for people.
        version: The publisher's version; semantic versioning if it verifies.
        url: Where to find support.
        checks: The verification capabilities, if it verifies.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    version: ClassVar[str]
    url: ClassVar[str]
    checks: ClassVar[tuple[Capability, ...]] = ()

    def get_metadata(self) -> Metadata:
        """The answer to get-plugin-metadata, out of the class's own attributes and methods."""
        kind = type(self)
        capabilities: list[str] = []
        if kind.generate_signature is not Plugin.generate_signature:
            capabilities.append(Capability.RAW)
        # Hosts take RAW where both are listed, so a plugin that has both lists RAW alone.
        elif kind.generate_envelope is not Plugin.generate_envelope:
            capabilities.append(Capability.ENVELOPE)
        capabilities.extend(self.checks)
        return Metadata(
            self.name, self.description, self.version, self.url, (CONTRACT_VERSION,), tuple(map(str, capabilities))
        )

    def describe_key(self, request: DescribeKeyRequest) -> KeyDescription:  # noqa: ARG002
        """The key's spec. Raises PluginValidationError where there is no such key."""
        raise PluginValidationError(f"plugin {self.name} does not implement describe-key")

    def generate_signature(self, request: GenerateSignatureRequest) -> GeneratedSignature:  # noqa: ARG002
        """A signature over the request's payload, and the key's chain."""
        raise PluginValidationError(f"plugin {self.name} does not implement generate-signature")

    def generate_envelope(self, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
        """A whole envelope; where this is not overridden, core makes one around `generate_signature`."""
        from notarykit.plugin.enveloping import envelope_around

        return envelope_around(self, request)

    def verify_signature(self, request: VerifySignatureRequest) -> VerifiedSignature:  # noqa: ARG002
        """The results of the checks that are asked for."""
        raise PluginValidationError(f"plugin {self.name} does not implement verify-signature")
