"""The plugin seam: one contract for plugins in this process and for executables, ours and everybody's.

What a plugin's author uses is here, imported when it is first used: get-plugin-metadata is to be answered quickly.

    from __future__ import annotations
    from notarykit import plugin

    class MyPlugin(plugin.Plugin):
        name, description, version, url = "my-kms", "Signs with my KMS", "1.0.0", "https://example.com"

        def describe_key(self, request: plugin.DescribeKeyRequest) -> plugin.KeyDescription: ...
        def generate_signature(self, request: plugin.GenerateSignatureRequest) -> plugin.GeneratedSignature: ...

The package names the class in an entry point of the group `notarykit.plugins`, under the plugin's name; a script
`notation-my-kms` that calls `notarykit.plugin.server.stdio.run` makes it an executable for every host of the contract.
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
    from notarykit.plugin.base import Plugin
    from notarykit.plugin.deadline import seconds_left
    from notarykit.plugin.diagnosis import Finding
    from notarykit.plugin.protocol.fields import CONTRACT_VERSION, Capability, Command
    from notarykit.plugin.protocol.metadata import GetMetadataRequest, Metadata
    from notarykit.plugin.protocol.signing import (
        DescribeKeyRequest,
        GeneratedEnvelope,
        GeneratedSignature,
        GenerateEnvelopeRequest,
        GenerateSignatureRequest,
        KeyDescription,
    )
    from notarykit.plugin.protocol.verification import VerificationResult, VerifiedSignature, VerifySignatureRequest
    from notarykit.plugin.queueing import queued
    from notarykit.plugin.service.provider import Provider
    from notarykit.plugin.service.validation import check_key_spec, check_settings, digest_of
    from notarykit.plugin.service_key import KeyVersion, ServiceKey

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
    "plugin.service_key": ("KeyVersion", "ServiceKey"),
    "plugin.service.provider": ("Provider",),
    "plugin.deadline": ("seconds_left",),
    "plugin.queueing": ("queued",),
    "plugin.protocol.fields": ("CONTRACT_VERSION", "Capability", "Command"),
    "plugin.protocol.metadata": ("GetMetadataRequest", "Metadata"),
    "plugin.protocol.signing": (
        "DescribeKeyRequest",
        "GenerateEnvelopeRequest",
        "GenerateSignatureRequest",
        "GeneratedEnvelope",
        "GeneratedSignature",
        "KeyDescription",
    ),
    "plugin.protocol.verification": ("VerificationResult", "VerifiedSignature", "VerifySignatureRequest"),
    "plugin.service.validation": ("check_key_spec", "check_settings", "digest_of"),
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
