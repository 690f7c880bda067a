"""Documents of the plugin contract as the specification has them."""

from typing import Any

from notarykit._internal.strict_json import GoMembers

CONFIG = {"key1": "value1"}
VERIFY_REQUEST = {
    "contractVersion": "1.0",
    "signature": {
        "criticalAttributes": {"contentType": "c", "expiry": "2030-01-01T00:00:00Z", "extendedAttributes": {"a": 1}},
        "unprocessedAttributes": ["a"],
        "certificateChain": ["AA=="],
    },
    "trustPolicy": {
        "trustedIdentities": ["*"],
        "signatureVerification": ["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"],
    },
    "pluginConfig": CONFIG,
}
VERIFY_RESPONSE = {
    "verificationResults": {
        "SIGNATURE_VERIFIER.TRUSTED_IDENTITY": {"success": False, "reason": "r"},
        "SIGNATURE_VERIFIER.REVOCATION_CHECK": {"success": True, "reason": ""},
    },
    "processedAttributes": ["a"],
}


def read_message(kind: type, value: Any) -> Any:
    """Returns a message read from its decoded JSON document."""
    return kind.from_json(GoMembers(value, "message"))  # type: ignore[attr-defined]


def verify_member(name: str) -> dict[str, Any]:
    """Returns a copy of an object in the request of verify-signature."""
    part: Any = VERIFY_REQUEST[name]
    return dict(part)
