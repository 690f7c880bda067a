"""Messages of verify-signature (plugin specification, "verify-signature command")."""

from __future__ import annotations

from notarykit._internal.light_namedtuple import LightNamedTuple
from notarykit._internal.strict_json import Members
from notarykit.plugin.protocol.fields import CONTRACT_VERSION, Config, decode, encode, texts, with_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


NO_EXPIRY = "0001-01-01T00:00:00Z"
"""Expiry that notation writes for a signature without one, and that its plugins read."""

_NOT_THERE = ("expiry", NO_EXPIRY)


class VerifySignatureRequest(LightNamedTuple):
    """Request of verify-signature.

    Attributes:
        critical_attributes: The standard critical attributes, by the specification's names, times in RFC 3339, each
            only if the signature has it; and `extendedAttributes`, a mapping of all that have a primitive value.
        unprocessed_attributes: The names of the critical attributes that the caller does not know.
        certificate_chain: The chain in DER, leaf first.
        trusted_identities: Those of the applicable trust policy.
        signature_verification: The requested checks, capabilities by name.
        plugin_config: The user's settings for the plugin.
        contract_version: The contract's version.
    """

    critical_attributes: Mapping[str, Any]
    unprocessed_attributes: tuple[str, ...]
    certificate_chain: tuple[bytes, ...]
    trusted_identities: tuple[str, ...]
    signature_verification: tuple[str, ...]
    plugin_config: Config = {}
    contract_version: str = CONTRACT_VERSION

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the JSON object."""
        members = {
            "contractVersion": self.contract_version,
            "signature": {
                "criticalAttributes": {"expiry": NO_EXPIRY, **self.critical_attributes},
                "unprocessedAttributes": list(self.unprocessed_attributes),
                "certificateChain": [encode(der) for der in self.certificate_chain],
            },
            "trustPolicy": {
                "trustedIdentities": list(self.trusted_identities),
                "signatureVerification": list(self.signature_verification),
            },
        }
        return with_config(members, self.plugin_config)

    @classmethod
    def from_json(cls, members: Members) -> VerifySignatureRequest:
        """Parses JSON members; raises DocumentError if one is absent, empty or of the wrong type."""
        signature, policy = members.object("signature"), members.object("trustPolicy")
        return cls(
            _critical_attributes(signature.object("criticalAttributes").value),
            texts(signature, "unprocessedAttributes"),
            tuple(decode(text, "certificateChain") for text in signature.texts("certificateChain")),
            texts(policy, "trustedIdentities"),
            texts(policy, "signatureVerification"),
            members.text_map("pluginConfig"),
            members.filled("contractVersion"),
        )


def _critical_attributes(written: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the critical attributes without the zero values that programs in Go write for absent ones."""
    there = {name: value for name, value in written.items() if value is not None and (name, value) != _NOT_THERE}
    return {"extendedAttributes": {}, **there}


class VerificationResult(LightNamedTuple):
    """Result of one check in the response to verify-signature.

    Attributes:
        success: Whether the check passed.
        reason: Why, required where it did not.
    """

    success: bool
    reason: str = ""


class VerifiedSignature(LightNamedTuple):
    """Response to verify-signature.

    Attributes:
        verification_results: One result for each requested check.
        processed_attributes: The critical attributes that the plugin understood and processed.
    """

    verification_results: Mapping[str, VerificationResult]
    processed_attributes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the JSON object."""
        return {
            "verificationResults": {name: each._asdict() for name, each in self.verification_results.items()},
            "processedAttributes": list(self.processed_attributes),
        }

    @classmethod
    def from_json(cls, members: Members) -> VerifiedSignature:
        """Parses JSON members; raises DocumentError if one is absent, empty or of the wrong type."""
        processed = texts(members, "processedAttributes")
        if members.value.get("verificationResults", ...) is None:  # as programs in Go write an empty object
            return cls({}, processed)
        results = members.object("verificationResults")
        return cls({name: _result(results.object(name)) for name in results.value if name in results}, processed)


def _result(members: Members) -> VerificationResult:
    return VerificationResult(members.boolean("success"), members.text("reason", ""))
