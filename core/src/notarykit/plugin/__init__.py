"""The plugin seam: one contract for plugins in this process and for executables, ours and everybody's.

What a plugin's author uses is here, imported when it is first used: get-plugin-metadata is to be answered quickly.

    from __future__ import annotations
    from notarykit import plugin

    class MyPlugin(plugin.Plugin):
        name, description, version, url = "my-kms", "Signs with my KMS", "1.0.0", "https://example.com"

        def describe_key(self, request: plugin.DescribeKeyRequest) -> plugin.KeyDescription: ...
        def generate_signature(self, request: plugin.GenerateSignatureRequest) -> plugin.GeneratedSignature: ...

The package names the class in an entry point of the group `notarykit.plugins`, under the plugin's name; a script
`notation-my-kms` that calls `notarykit.plugin.guard.run` makes it an executable for every host of the contract.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from notarykit.errors import (
        PluginAccessDeniedError,
        PluginContractVersionError,
        PluginError,
        PluginThrottledError,
        PluginTimeoutError,
        PluginValidationError,
    )
    from notarykit.plugin.asking.deadline import seconds_left
    from notarykit.plugin.asking.queueing import queued
    from notarykit.plugin.base import Plugin
    from notarykit.plugin.diagnosis import Finding
    from notarykit.plugin.keys import KeyVersion, ServiceKey
    from notarykit.plugin.messages.fields import CONTRACT_VERSION, Capability, Command
    from notarykit.plugin.messages.metadata import GetMetadataRequest, Metadata
    from notarykit.plugin.messages.signing import (
        DescribeKeyRequest,
        GeneratedEnvelope,
        GeneratedSignature,
        GenerateEnvelopeRequest,
        GenerateSignatureRequest,
        KeyDescription,
    )
    from notarykit.plugin.messages.verifying import VerificationResult, VerifiedSignature, VerifySignatureRequest
    from notarykit.plugin.provider import Provider
    from notarykit.plugin.providing import check_key_spec, check_settings, digest_of

_HOMES = {
    "errors": (
        "PluginAccessDeniedError",
        "PluginContractVersionError",
        "PluginError",
        "PluginThrottledError",
        "PluginTimeoutError",
        "PluginValidationError",
    ),
    "plugin.base": ("Plugin",),
    "plugin.diagnosis": ("Finding",),
    "plugin.keys": ("KeyVersion", "ServiceKey"),
    "plugin.provider": ("Provider",),
    "plugin.asking.deadline": ("seconds_left",),
    "plugin.asking.queueing": ("queued",),
    "plugin.messages.fields": ("CONTRACT_VERSION", "Capability", "Command"),
    "plugin.messages.metadata": ("GetMetadataRequest", "Metadata"),
    "plugin.messages.signing": (
        "DescribeKeyRequest",
        "GenerateEnvelopeRequest",
        "GenerateSignatureRequest",
        "GeneratedEnvelope",
        "GeneratedSignature",
        "KeyDescription",
    ),
    "plugin.messages.verifying": ("VerificationResult", "VerifiedSignature", "VerifySignatureRequest"),
    "plugin.providing": ("check_key_spec", "check_settings", "digest_of"),
}

__all__ = [
    "CONTRACT_VERSION",
    "Capability",
    "Command",
    "DescribeKeyRequest",
    "Finding",
    "GenerateEnvelopeRequest",
    "GenerateSignatureRequest",
    "GeneratedEnvelope",
    "GeneratedSignature",
    "GetMetadataRequest",
    "KeyDescription",
    "KeyVersion",
    "Metadata",
    "Plugin",
    "PluginAccessDeniedError",
    "PluginContractVersionError",
    "PluginError",
    "PluginThrottledError",
    "PluginTimeoutError",
    "PluginValidationError",
    "Provider",
    "ServiceKey",
    "VerificationResult",
    "VerifiedSignature",
    "VerifySignatureRequest",
    "check_key_spec",
    "check_settings",
    "digest_of",
    "queued",
    "seconds_left",
]


def __getattr__(name: str) -> object:
    from notarykit._internal.lazy import find

    return find(__name__, name, _HOMES, globals())


def __dir__() -> list[str]:
    return __all__
