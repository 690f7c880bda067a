"""Messages of describe-key, generate-signature and generate-envelope.

Plugin specification, "Signature Generator", "Signature Envelope Generator".
"""

from __future__ import annotations

from notarykit._internal.light_namedtuple import LightNamedTuple
from notarykit.plugin.protocol.fields import CONTRACT_VERSION, Config, decode, encode, with_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from notarykit._internal.strict_json import Members


class DescribeKeyRequest(LightNamedTuple):
    """Request of describe-key.

    Attributes:
        key_id: The key's identifier, in the plugin's own form.
        plugin_config: The user's settings for the plugin.
        contract_version: The contract's version.
    """

    key_id: str
    plugin_config: Config = {}
    contract_version: str = CONTRACT_VERSION

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the JSON object."""
        return with_config({"contractVersion": self.contract_version, "keyId": self.key_id}, self.plugin_config)

    @classmethod
    def from_json(cls, members: Members) -> DescribeKeyRequest:
        """Parses JSON members; raises DocumentError if one is absent, empty or of the wrong type."""
        return cls(members.filled("keyId"), members.text_map("pluginConfig"), members.filled("contractVersion"))


class KeyDescription(LightNamedTuple):
    """Response to describe-key.

    Attributes:
        key_id: The key's identifier, as in the request.
        key_spec: The key's spec, such as `RSA-2048`.
    """

    key_id: str
    key_spec: str

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the JSON object."""
        return {"keyId": self.key_id, "keySpec": self.key_spec}

    @classmethod
    def from_json(cls, members: Members) -> KeyDescription:
        """Parses JSON members; raises DocumentError if one is absent, empty or of the wrong type."""
        return cls(members.filled("keyId"), members.filled("keySpec"))


class GenerateSignatureRequest(LightNamedTuple):
    """Request of generate-signature.

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
        """Returns the members of the JSON object."""
        members = {
            "contractVersion": self.contract_version,
            "keyId": self.key_id,
            "keySpec": self.key_spec,
            "hashAlgorithm": self.hash_algorithm,
            "payload": encode(self.payload),
        }
        return with_config(members, self.plugin_config)

    @classmethod
    def from_json(cls, members: Members) -> GenerateSignatureRequest:
        """Parses JSON members; raises DocumentError if one is absent, empty or of the wrong type."""
        return cls(
            members.filled("keyId"),
            members.filled("keySpec"),
            members.filled("hashAlgorithm"),
            decode(members.filled("payload"), "payload"),
            members.text_map("pluginConfig"),
            members.filled("contractVersion"),
        )


class GeneratedSignature(LightNamedTuple):
    """Response to generate-signature.

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
        """Returns the members of the JSON object."""
        return {
            "keyId": self.key_id,
            "signature": encode(self.signature),
            "signingAlgorithm": self.signing_algorithm,
            "certificateChain": [encode(der) for der in self.certificate_chain],
        }

    @classmethod
    def from_json(cls, members: Members) -> GeneratedSignature:
        """Parses JSON members; raises DocumentError if one is absent, empty or of the wrong type."""
        return cls(
            members.filled("keyId"),
            decode(members.filled("signature"), "signature"),
            members.filled("signingAlgorithm"),
            tuple(decode(text, "certificateChain") for text in members.texts("certificateChain")),
        )


class GenerateEnvelopeRequest(LightNamedTuple):
    """Request of generate-envelope.

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
        """Returns the members of the JSON object."""
        members: dict[str, Any] = {
            "contractVersion": self.contract_version,
            "keyId": self.key_id,
            "payloadType": self.payload_type,
            "signatureEnvelopeType": self.signature_envelope_type,
            "payload": encode(self.payload),
        }
        if self.expiry_duration_in_seconds is not None:
            members["expiryDurationInSeconds"] = self.expiry_duration_in_seconds
        return with_config(members, self.plugin_config)

    @classmethod
    def from_json(cls, members: Members) -> GenerateEnvelopeRequest:
        """Parses JSON members; raises DocumentError if one is absent, empty or of the wrong type."""
        return cls(
            members.filled("keyId"),
            decode(members.filled("payload"), "payload"),
            members.filled("payloadType"),
            members.filled("signatureEnvelopeType"),
            members.integer("expiryDurationInSeconds") if "expiryDurationInSeconds" in members else None,
            members.text_map("pluginConfig"),
            members.filled("contractVersion"),
        )


class GeneratedEnvelope(LightNamedTuple):
    """Response to generate-envelope.

    Attributes:
        signature_envelope: The envelope.
        signature_envelope_type: Its format, as in the request.
        annotations: To be added to the signature manifest.
    """

    signature_envelope: bytes
    signature_envelope_type: str
    annotations: Mapping[str, str] = {}

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the JSON object."""
        return {
            "signatureEnvelope": encode(self.signature_envelope),
            "signatureEnvelopeType": self.signature_envelope_type,
            "annotations": dict(self.annotations),
        }

    @classmethod
    def from_json(cls, members: Members) -> GeneratedEnvelope:
        """Parses JSON members; raises DocumentError if one is absent, empty or of the wrong type."""
        annotations = members.text_map("annotations")
        return cls(
            decode(members.filled("signatureEnvelope"), "signatureEnvelope"),
            members.filled("signatureEnvelopeType"),
            annotations,
        )
