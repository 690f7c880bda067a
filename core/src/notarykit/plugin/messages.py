"""The messages of the plugin contract 1.0, typed, for calls in this process and for JSON between processes alike.

Plugin specification (plugin-extensibility.md): "Plugin metadata", "Signature Generator", "Signature Envelope
Generator", "verify-signature command". Names in JSON are the specification's; bytes are base64 there and bytes here.
Members that are not known are ignored, as the contract's minor versions require.
"""

import base64
import binascii
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from notarykit.strict_json import DocumentError, Members

CONTRACT_VERSION = "1.0"
Config = Mapping[str, str]


class Capability(StrEnum):
    """What a plugin can do."""

    RAW = "SIGNATURE_GENERATOR.RAW"
    ENVELOPE = "SIGNATURE_GENERATOR.ENVELOPE"
    ENVELOPE_FOR_BLOB = "SIGNATURE_GENERATOR.ENVELOPE_FOR_BLOB"
    TRUSTED_IDENTITY = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"
    REVOCATION_CHECK = "SIGNATURE_VERIFIER.REVOCATION_CHECK"


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _decode(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise DocumentError(f"{name!r} is not base64") from None


class Metadata(NamedTuple):
    """The answer to get-plugin-metadata.

    Attributes:
        name: The plugin's name.
        description: One line for people.
        version: The publisher's version.
        url: Where to find support.
        supported_contract_versions: One for each major version.
        capabilities: What it can do, as the protocol writes it; names that are not known are kept.
    """

    name: str
    description: str
    version: str
    url: str
    supported_contract_versions: tuple[str, ...]
    capabilities: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The members of the JSON object."""
        return {
            "name": self.name,
            "description": self.description,
            "version": self.version,
            "url": self.url,
            "supportedContractVersions": list(self.supported_contract_versions),
            "capabilities": list(self.capabilities),
        }

    @classmethod
    def from_json(cls, members: Members) -> "Metadata":
        """Out of JSON; raises DocumentError where a member is absent, empty or of a wrong type."""
        found = cls(
            members.filled("name"),
            members.filled("description"),
            members.filled("version"),
            members.filled("url"),
            members.texts("supportedContractVersions"),
            members.texts("capabilities"),
        )
        if not (found.supported_contract_versions and found.capabilities):
            raise DocumentError(f"{members.where}: 'supportedContractVersions' and 'capabilities' must not be empty")
        return found


class DescribeKeyRequest(NamedTuple):
    """The request of describe-key.

    Attributes:
        key_id: The key's identifier, in the plugin's own form.
        plugin_config: The user's settings for the plugin.
        contract_version: The contract's version.
    """

    key_id: str
    plugin_config: Config = {}
    contract_version: str = CONTRACT_VERSION

    def to_json(self) -> dict[str, Any]:
        """The members of the JSON object."""
        return _with_config({"contractVersion": self.contract_version, "keyId": self.key_id}, self.plugin_config)

    @classmethod
    def from_json(cls, members: Members) -> "DescribeKeyRequest":
        """Out of JSON; raises DocumentError where a member is absent, empty or of a wrong type."""
        return cls(members.filled("keyId"), members.text_map("pluginConfig"), members.filled("contractVersion"))


class KeyDescription(NamedTuple):
    """The answer to describe-key.

    Attributes:
        key_id: The key's identifier, as in the request.
        key_spec: The key's spec, such as `RSA-2048`.
    """

    key_id: str
    key_spec: str

    def to_json(self) -> dict[str, Any]:
        """The members of the JSON object."""
        return {"keyId": self.key_id, "keySpec": self.key_spec}

    @classmethod
    def from_json(cls, members: Members) -> "KeyDescription":
        """Out of JSON; raises DocumentError where a member is absent, empty or of a wrong type."""
        return cls(members.filled("keyId"), members.filled("keySpec"))


class GenerateSignatureRequest(NamedTuple):
    """The request of generate-signature.

    Attributes:
        key_id: The key's identifier.
        key_spec: What describe-key answered.
        hash_algorithm: The hash that belongs to the key spec, such as `SHA-256`.
        payload: The bytes to sign; the plugin hashes them.
        plugin_config: The user's settings for the plugin.
        contract_version: The contract's version.
    """

    key_id: str
    key_spec: str
    hash_algorithm: str
    payload: bytes
    plugin_config: Config = {}
    contract_version: str = CONTRACT_VERSION

    def to_json(self) -> dict[str, Any]:
        """The members of the JSON object."""
        members = {
            "contractVersion": self.contract_version,
            "keyId": self.key_id,
            "keySpec": self.key_spec,
            "hashAlgorithm": self.hash_algorithm,
            "payload": _encode(self.payload),
        }
        return _with_config(members, self.plugin_config)

    @classmethod
    def from_json(cls, members: Members) -> "GenerateSignatureRequest":
        """Out of JSON; raises DocumentError where a member is absent, empty or of a wrong type."""
        return cls(
            members.filled("keyId"),
            members.filled("keySpec"),
            members.filled("hashAlgorithm"),
            _decode(members.text("payload"), "payload"),
            members.text_map("pluginConfig"),
            members.filled("contractVersion"),
        )


class GeneratedSignature(NamedTuple):
    """The answer to generate-signature.

    Attributes:
        key_id: The key's identifier, as in the request.
        signature: The primitive signature; ECDSA as r and s side by side.
        signing_algorithm: Such as `RSASSA-PSS-SHA-256`.
        certificate_chain: The chain in DER, leaf first, root last.
    """

    key_id: str
    signature: bytes
    signing_algorithm: str
    certificate_chain: tuple[bytes, ...]

    def to_json(self) -> dict[str, Any]:
        """The members of the JSON object."""
        return {
            "keyId": self.key_id,
            "signature": _encode(self.signature),
            "signingAlgorithm": self.signing_algorithm,
            "certificateChain": [_encode(der) for der in self.certificate_chain],
        }

    @classmethod
    def from_json(cls, members: Members) -> "GeneratedSignature":
        """Out of JSON; raises DocumentError where a member is absent, empty or of a wrong type."""
        return cls(
            members.filled("keyId"),
            _decode(members.filled("signature"), "signature"),
            members.filled("signingAlgorithm"),
            tuple(_decode(text, "certificateChain") for text in members.texts("certificateChain")),
        )


class GenerateEnvelopeRequest(NamedTuple):
    """The request of generate-envelope.

    Attributes:
        key_id: The key's identifier.
        payload: The payload to sign.
        payload_type: The payload's media type.
        signature_envelope_type: The envelope's format, as a media type.
        expiry_duration_in_seconds: How long the signature is to be good for, if it expires.
        plugin_config: The user's settings for the plugin.
        contract_version: The contract's version.
    """

    key_id: str
    payload: bytes
    payload_type: str
    signature_envelope_type: str
    expiry_duration_in_seconds: int | None = None
    plugin_config: Config = {}
    contract_version: str = CONTRACT_VERSION

    def to_json(self) -> dict[str, Any]:
        """The members of the JSON object."""
        members: dict[str, Any] = {
            "contractVersion": self.contract_version,
            "keyId": self.key_id,
            "payloadType": self.payload_type,
            "signatureEnvelopeType": self.signature_envelope_type,
            "payload": _encode(self.payload),
        }
        if self.expiry_duration_in_seconds is not None:
            members["expiryDurationInSeconds"] = self.expiry_duration_in_seconds
        return _with_config(members, self.plugin_config)

    @classmethod
    def from_json(cls, members: Members) -> "GenerateEnvelopeRequest":
        """Out of JSON; raises DocumentError where a member is absent, empty or of a wrong type."""
        return cls(
            members.filled("keyId"),
            _decode(members.filled("payload"), "payload"),
            members.filled("payloadType"),
            members.filled("signatureEnvelopeType"),
            members.integer("expiryDurationInSeconds") if "expiryDurationInSeconds" in members else None,
            members.text_map("pluginConfig"),
            members.filled("contractVersion"),
        )


class GeneratedEnvelope(NamedTuple):
    """The answer to generate-envelope.

    Attributes:
        signature_envelope: The envelope.
        signature_envelope_type: Its format, as in the request.
        annotations: To be added to the signature manifest.
    """

    signature_envelope: bytes
    signature_envelope_type: str
    annotations: Mapping[str, str] = {}

    def to_json(self) -> dict[str, Any]:
        """The members of the JSON object."""
        return {
            "signatureEnvelope": _encode(self.signature_envelope),
            "signatureEnvelopeType": self.signature_envelope_type,
            "annotations": dict(self.annotations),
        }

    @classmethod
    def from_json(cls, members: Members) -> "GeneratedEnvelope":
        """Out of JSON; raises DocumentError where a member is absent, empty or of a wrong type."""
        annotations = {} if members.value.get("annotations", ...) is None else members.text_map("annotations")
        return cls(
            _decode(members.filled("signatureEnvelope"), "signatureEnvelope"),
            members.filled("signatureEnvelopeType"),
            annotations,
        )


class VerifySignatureRequest(NamedTuple):
    """The request of verify-signature.

    Attributes:
        critical_attributes: The standard critical attributes, by the specification's names, times in RFC 3339; and
            `extendedAttributes`, a mapping.
        unprocessed_attributes: The names of the critical attributes that the caller does not know.
        certificate_chain: The chain in DER, leaf first.
        trusted_identities: Those of the applicable trust policy.
        signature_verification: The checks that are asked for, capabilities by name.
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
        """The members of the JSON object."""
        members = {
            "contractVersion": self.contract_version,
            "signature": {
                "criticalAttributes": dict(self.critical_attributes),
                "unprocessedAttributes": list(self.unprocessed_attributes),
                "certificateChain": [_encode(der) for der in self.certificate_chain],
            },
            "trustPolicy": {
                "trustedIdentities": list(self.trusted_identities),
                "signatureVerification": list(self.signature_verification),
            },
        }
        return _with_config(members, self.plugin_config)

    @classmethod
    def from_json(cls, members: Members) -> "VerifySignatureRequest":
        """Out of JSON; raises DocumentError where a member is absent, empty or of a wrong type."""
        signature, policy = members.object("signature"), members.object("trustPolicy")
        return cls(
            signature.object("criticalAttributes").value,
            signature.texts("unprocessedAttributes"),
            tuple(_decode(text, "certificateChain") for text in signature.texts("certificateChain")),
            policy.texts("trustedIdentities"),
            policy.texts("signatureVerification"),
            members.text_map("pluginConfig"),
            members.filled("contractVersion"),
        )


class VerificationResult(NamedTuple):
    """One check's result in the answer to verify-signature.

    Attributes:
        success: Whether the check passed.
        reason: Why, required where it did not.
    """

    success: bool
    reason: str = ""


class VerifiedSignature(NamedTuple):
    """The answer to verify-signature.

    Attributes:
        verification_results: A result for each check that was asked for.
        processed_attributes: The critical attributes that the plugin understood and processed.
    """

    verification_results: Mapping[str, VerificationResult]
    processed_attributes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The members of the JSON object."""
        return {
            "verificationResults": {name: each._asdict() for name, each in self.verification_results.items()},
            "processedAttributes": list(self.processed_attributes),
        }

    @classmethod
    def from_json(cls, members: Members) -> "VerifiedSignature":
        """Out of JSON; raises DocumentError where a member is absent, empty or of a wrong type."""
        results = members.object("verificationResults")
        return cls(
            {name: _result(results.object(name)) for name in results.value},
            members.texts("processedAttributes"),
        )


def _result(members: Members) -> VerificationResult:
    return VerificationResult(members.boolean("success"), members.text("reason") if "reason" in members else "")


def _with_config(members: dict[str, Any], config: Config) -> dict[str, Any]:
    if config:
        members["pluginConfig"] = dict(config)
    return members
