"""A plugin to be served, which does what the key's identifier says."""

from collections.abc import Callable
from typing import Any

from notarykit import errors
from notarykit.plugin import (
    DescribeKeyRequest,
    GenerateEnvelopeRequest,
    GetMetadataRequest,
    KeyDescription,
    Metadata,
    Plugin,
    VerificationResult,
    VerifiedSignature,
    VerifySignatureRequest,
)
from notarykit.plugin.protocol.metadata import NO_CONFIG

WITH_ADVICE = errors.SigningKeyError("no such key", advice="look again")
WITH_METADATA = errors.PluginThrottledError("later", metadata={"id": "7"})
RAISED: dict[str, BaseException] = {
    "validation": errors.PluginValidationError("no"),
    "advice": WITH_ADVICE,
    "metadata": WITH_METADATA,
    "denied": errors.PluginAccessDeniedError("no"),
    "timeout": errors.PluginTimeoutError("no"),
    "response": errors.PluginResponseError("no"),
    "passphrase": errors.PassphraseError("no"),
    "certificate": errors.CertificateError("no", rule="r"),
    "storage": errors.StorageError("no"),
    "accident": ValueError("swordfish"),
    "exit": SystemExit("swordfish"),
    "interrupt": KeyboardInterrupt("swordfish"),
}
ODD: dict[str, Callable[[], Any]] = {"none": lambda: None, "bytes": lambda: KeyDescription(b"k", "x")}  # type: ignore[arg-type]


class Served(Plugin):
    """A plugin that describes keys and verifies."""

    name, description, version, url = "served", "For tests", "1.2.3", "https://example.com"
    asked: list[object] = []

    def describe_key(self, request: DescribeKeyRequest) -> KeyDescription:
        """Does what the key's identifier says."""
        self.asked.append(request)
        if request.key_id in RAISED:
            raise RAISED[request.key_id]
        if request.key_id in ODD:
            return ODD[request.key_id]()  # type: ignore[no-any-return]
        return KeyDescription(request.key_id, "EC-256")

    def generate_envelope(self, request: GenerateEnvelopeRequest) -> Any:
        """Makes nothing."""

    def verify_signature(self, request: VerifySignatureRequest) -> VerifiedSignature:
        """Finds everything right."""
        self.asked.append(request)
        return VerifiedSignature(
            {check: VerificationResult(success=True) for check in request.signature_verification},
            request.unprocessed_attributes,
        )


class Unmade(Served):
    """Cannot be made, and need not be for its metadata."""

    def __init__(self) -> None:
        raise AssertionError("made")


NO_PLUGIN = "text"


class Depending(Served):
    """A plugin that signs in one way or another, as its settings say."""

    @classmethod
    def get_metadata(cls, request: GetMetadataRequest = NO_CONFIG) -> Metadata:
        """What it is with these settings."""
        cls.asked.append(request)
        kind = request.plugin_config.get("mode", "envelope").upper()
        return super().get_metadata(request)._replace(capabilities=(f"SIGNATURE_GENERATOR.{kind}",))
