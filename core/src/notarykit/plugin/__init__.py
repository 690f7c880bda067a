"""The plugin seam: one protocol for plugins in this process and, later, for executables.

What a plugin's author uses is here: `Plugin`, the messages, and the hook that hands a plugin over.

    from notarykit.plugin import Plugin, hookimpl

    class MyPlugin(Plugin):
        name, description, version, url = "my-kms", "Signs with my KMS", "1.0.0", "https://example.com"

        def describe_key(self, request): ...
        def generate_signature(self, request): ...

    @hookimpl
    def notarykit_plugin():
        return MyPlugin()
"""

from typing import TYPE_CHECKING, Any

from notarykit.plugin.base import Plugin
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
    VerificationResult,
    VerifiedSignature,
    VerifySignatureRequest,
)

if TYPE_CHECKING:
    from notarykit.plugin.hooks import hookimpl

__all__ = [
    "CONTRACT_VERSION",
    "Capability",
    "DescribeKeyRequest",
    "GenerateEnvelopeRequest",
    "GenerateSignatureRequest",
    "GeneratedEnvelope",
    "GeneratedSignature",
    "KeyDescription",
    "Metadata",
    "Plugin",
    "VerificationResult",
    "VerifiedSignature",
    "VerifySignatureRequest",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    if name == "hookimpl":  # pluggy is not paid for by those who only sign or verify
        from notarykit.plugin.hooks import hookimpl

        return hookimpl
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
