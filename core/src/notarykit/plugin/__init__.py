"""Plugin seam: one contract for plugins in this process and for executables (plugin specification 1.0).

It hands out all that a plugin's author needs; a name is imported when it is first used, since get-plugin-metadata runs
for every signature. A provider imports this package and `notarykit.errors`, and nothing else of notarykit.

    from __future__ import annotations
    from notarykit import plugin

    class MyPlugin(plugin.Plugin):
        name, description, version, url = "my-kms", "Signs with my KMS", "1.0.0", "https://example.com"

        def describe_key(self, request: plugin.DescribeKeyRequest) -> plugin.KeyDescription: ...
        def generate_signature(self, request: plugin.GenerateSignatureRequest) -> plugin.GeneratedSignature: ...

The package names the class in an entry point of the group `notarykit.plugins`, under the plugin's name; a script
`notation-my-kms` made by `executable` serves every host of the contract.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from notarykit._internal.encodings import foreign_encoding
    from notarykit._internal.paths import cache_folder
    from notarykit._internal.rfc3339 import format_rfc3339
    from notarykit._internal.secret_text import mark_in, without_marks, wrong_passphrase
    from notarykit._internal.version import signing_agent
    from notarykit.errors import (
        PluginAccessDeniedError,
        PluginContractVersionError,
        PluginError,
        PluginThrottledError,
        PluginTimeoutError,
        PluginValidationError,
    )  # fmt: skip
    from notarykit.keys.certificate import has_key, is_self_signed, load_certificate, subject_of, why_not_issued
    from notarykit.keys.chain import build_chain, check_chain
    from notarykit.keys.extensions import subject_key_identifier
    from notarykit.keys.key_files import file_fingerprint, read_file
    from notarykit.keys.local import LocalSigner, read_key_file
    from notarykit.keys.pem import read_certificates
    from notarykit.keys.private import PrivateKey, checked_private_key, load_private_key
    from notarykit.keys.spec import KEY_SPECS, KeySpec, key_spec_of
    from notarykit.plugin.base import Plugin
    from notarykit.plugin.diagnosis import FAILED, OK, WARNING, Finding
    from notarykit.plugin.envelope import check_envelope_request, sign_envelope
    from notarykit.plugin.hooks.specification import hookimpl
    from notarykit.plugin.protocol.fields import CONTRACT_VERSION, Capability, Command
    from notarykit.plugin.protocol.metadata import GetMetadataRequest, Metadata
    from notarykit.plugin.protocol.signing import (
        DescribeKeyRequest,
        GeneratedEnvelope,
        GeneratedSignature,
        GenerateEnvelopeRequest,
        GenerateSignatureRequest,
        KeyDescription,
    )  # fmt: skip
    from notarykit.plugin.protocol.verification import VerificationResult, VerifiedSignature, VerifySignatureRequest
    from notarykit.plugin.queueing import queued
    from notarykit.plugin.service.body_limit import limit_body
    from notarykit.plugin.service.error_kinds import ErrorKind, reject_malformed
    from notarykit.plugin.service.http import ServiceClient, ServiceResponse
    from notarykit.plugin.service.logging import suppress_logs
    from notarykit.plugin.service.provider import Provider
    from notarykit.plugin.service.raw_signature import checked_raw_signature, sign_raw, verify_raw
    from notarykit.plugin.service.redaction import Redactor
    from notarykit.plugin.service.terminal import TERMINAL, prompt_secret, write_to_terminal
    from notarykit.plugin.service.timeout import CallTimeoutError, call_with_timeout
    from notarykit.plugin.service.validation import check_key_spec, check_settings, payload_digest
    from notarykit.plugin.service.version_choice import CA_CERTS, CERTIFICATE_CHAIN, NO_CERTIFICATE_ADVICE
    from notarykit.plugin.service_key import KeyVersion, ServiceKey
    from notarykit.plugin.time_limit import SIGNING_SECONDS, seconds_left
    from notarykit.timestamp.client import TimestampAuthority

_HOMES = {
    "errors": (
        "PluginAccessDeniedError", "PluginContractVersionError", "PluginError", "PluginThrottledError",
        "PluginTimeoutError", "PluginValidationError",
    ),
    "plugin.base": ("Plugin",),
    "plugin.service.provider": ("Provider",),
    "plugin.service.version_choice": ("CA_CERTS", "CERTIFICATE_CHAIN", "NO_CERTIFICATE_ADVICE"),
    "plugin.service_key": ("KeyVersion", "ServiceKey"),
    "plugin.time_limit": ("SIGNING_SECONDS", "seconds_left"),
    "plugin.diagnosis": ("FAILED", "Finding", "OK", "WARNING"),
    "plugin.envelope": ("check_envelope_request", "sign_envelope"),
    "plugin.hooks.specification": ("hookimpl",),
    "plugin.queueing": ("queued",),
    "plugin.protocol.fields": ("CONTRACT_VERSION", "Capability", "Command"),
    "plugin.protocol.metadata": ("GetMetadataRequest", "Metadata"),
    "plugin.protocol.signing": (
        "DescribeKeyRequest", "GenerateEnvelopeRequest", "GenerateSignatureRequest", "GeneratedEnvelope",
        "GeneratedSignature", "KeyDescription",
    ),
    "plugin.protocol.verification": ("VerificationResult", "VerifiedSignature", "VerifySignatureRequest"),
    "plugin.service.body_limit": ("limit_body",),
    "plugin.service.error_kinds": ("ErrorKind", "reject_malformed"),
    "plugin.service.http": ("ServiceClient", "ServiceResponse"),
    "plugin.service.logging": ("suppress_logs",),
    "plugin.service.redaction": ("Redactor",),
    "plugin.service.raw_signature": ("checked_raw_signature", "sign_raw", "verify_raw"),
    "plugin.service.terminal": ("TERMINAL", "prompt_secret", "write_to_terminal"),
    "plugin.service.timeout": ("CallTimeoutError", "call_with_timeout"),
    "plugin.service.validation": ("check_key_spec", "check_settings", "payload_digest"),
    "keys.certificate": ("has_key", "is_self_signed", "load_certificate", "subject_of", "why_not_issued"),
    "keys.chain": ("build_chain", "check_chain"),
    "keys.extensions": ("subject_key_identifier",),
    "keys.key_files": ("file_fingerprint", "read_file"),
    "keys.local": ("LocalSigner", "read_key_file"),
    "keys.pem": ("read_certificates",),
    "keys.private": ("PrivateKey", "checked_private_key", "load_private_key"),
    "keys.spec": ("KEY_SPECS", "KeySpec", "key_spec_of"),
    "_internal.encodings": ("foreign_encoding",),
    "_internal.paths": ("cache_folder",),
    "_internal.rfc3339": ("format_rfc3339",),
    "_internal.secret_text": ("mark_in", "without_marks", "wrong_passphrase"),
    "_internal.version": ("signing_agent",),
    "timestamp.client": ("TimestampAuthority",),
}  # fmt: skip

__all__ = [
    "CA_CERTS", "CERTIFICATE_CHAIN", "CONTRACT_VERSION", "FAILED", "KEY_SPECS", "NO_CERTIFICATE_ADVICE", "OK",
    "SIGNING_SECONDS", "TERMINAL", "WARNING", "CallTimeoutError", "Capability", "Command", "DescribeKeyRequest",
    "ErrorKind", "Finding", "GenerateEnvelopeRequest", "GenerateSignatureRequest", "GeneratedEnvelope",
    "GeneratedSignature", "GetMetadataRequest", "KeyDescription", "KeySpec", "KeyVersion", "LocalSigner", "Metadata",
    "Plugin", "PluginAccessDeniedError", "PluginContractVersionError", "PluginError", "PluginThrottledError",
    "PluginTimeoutError", "PluginValidationError", "PrivateKey", "Provider", "Redactor", "ServiceClient", "ServiceKey",
    "ServiceResponse", "TimestampAuthority", "VerificationResult", "VerifiedSignature", "VerifySignatureRequest",
    "build_chain", "cache_folder", "call_with_timeout", "check_chain", "check_envelope_request", "check_key_spec",
    "check_settings", "checked_private_key", "checked_raw_signature", "executable", "file_fingerprint",
    "foreign_encoding", "format_rfc3339", "has_key", "hookimpl", "is_self_signed", "key_spec_of", "limit_body",
    "load_certificate", "load_private_key", "mark_in", "payload_digest", "prompt_secret", "queued", "read_certificates",
    "read_file", "read_key_file", "reject_malformed", "seconds_left", "sign_envelope", "sign_raw", "signing_agent",
    "subject_key_identifier", "subject_of", "suppress_logs", "verify_raw", "why_not_issued", "without_marks",
    "write_to_terminal", "wrong_passphrase",
]  # fmt: skip


def executable(target: str) -> "Callable[[], int]":
    """Makes the `main` of a plugin's executable, for `[project.scripts]` and `python -m`.

    `main` takes the command from the arguments and the request from standard input. Standard output and standard error
    are taken first: nothing of the plugin is imported before, and nothing that it prints reaches the host.

    Args:
        target: The plugin's class as `module:Class`.

    Returns:
        A function that returns the exit code: 0 with the response on standard output, 1 with the error on standard
        error (plugin specification, "Plugin contract").
    """

    def main() -> int:
        from notarykit.plugin.server.stdio import run

        return run(target)

    return main


def __getattr__(name: str) -> object:
    from notarykit._internal.lazy import find

    return find(__name__, name, _HOMES, globals())


def __dir__() -> list[str]:
    return __all__
