"""The messages of the plugin contract: their JSON form, and what is no message."""

import json
from typing import Any

import pytest

from notarykit._internal.strict_json import DocumentError, GoMembers
from notarykit.plugin import (
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

_CONFIG = {"key1": "value1"}
_METADATA = {
    "name": "com.example.nv2plugin",
    "description": "d",
    "version": "1.0.0",
    "url": "https://example.com",
    "supportedContractVersions": ["1.0"],
    "capabilities": ["SIGNATURE_GENERATOR.RAW", "SIGNATURE_GENERATOR.FUTURE"],
}
_DESCRIBE = {"contractVersion": "1.0", "keyId": "k", "pluginConfig": _CONFIG}
_SIGN = {**_DESCRIBE, "keySpec": "RSA-2048", "hashAlgorithm": "SHA-256", "payload": "AAH/"}
_SIGNED = {"keyId": "k", "signature": "AAH/", "signingAlgorithm": "ECDSA-SHA-256", "certificateChain": ["AA==", "AQ=="]}
_ENVELOPE = {
    **_DESCRIBE,
    "expiryDurationInSeconds": 1234567,
    "payload": "AAH/",
    "payloadType": "application/vnd.cncf.notary.payload.v1+json",
    "signatureEnvelopeType": "application/jose+json",
}
_ENVELOPED = {
    "signatureEnvelope": "AAH/",
    "signatureEnvelopeType": "application/jose+json",
    "annotations": {"key1": "value1"},
}
_VERIFY = {
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
    "pluginConfig": _CONFIG,
}
_VERIFIED = {
    "verificationResults": {
        "SIGNATURE_VERIFIER.TRUSTED_IDENTITY": {"success": False, "reason": "r"},
        "SIGNATURE_VERIFIER.REVOCATION_CHECK": {"success": True, "reason": ""},
    },
    "processedAttributes": ["a"],
}

# Each message: what it is in JSON by the specification, and what it is here.
_MESSAGES: list[tuple[dict[str, Any], Any]] = [
    (
        _METADATA,
        Metadata(
            "com.example.nv2plugin",
            "d",
            "1.0.0",
            "https://example.com",
            ("1.0",),
            ("SIGNATURE_GENERATOR.RAW", "SIGNATURE_GENERATOR.FUTURE"),
        ),
    ),
    (_DESCRIBE, DescribeKeyRequest("k", _CONFIG)),
    ({"keyId": "k", "keySpec": "EC-521"}, KeyDescription("k", "EC-521")),
    (_SIGN, GenerateSignatureRequest("k", "RSA-2048", "SHA-256", b"\0\1\xff", _CONFIG)),
    (_SIGNED, GeneratedSignature("k", b"\0\1\xff", "ECDSA-SHA-256", (b"\0", b"\1"))),
    (
        _ENVELOPE,
        GenerateEnvelopeRequest(
            "k",
            b"\0\1\xff",
            "application/vnd.cncf.notary.payload.v1+json",
            "application/jose+json",
            1234567,
            _CONFIG,
        ),
    ),
    (_ENVELOPED, GeneratedEnvelope(b"\0\1\xff", "application/jose+json", {"key1": "value1"})),
    (
        _VERIFY,
        VerifySignatureRequest(
            {"contentType": "c", "expiry": "2030-01-01T00:00:00Z", "extendedAttributes": {"a": 1}},
            ("a",),
            (b"\0",),
            ("*",),
            ("SIGNATURE_VERIFIER.TRUSTED_IDENTITY",),
            _CONFIG,
        ),
    ),
    (
        _VERIFIED,
        VerifiedSignature(
            {
                "SIGNATURE_VERIFIER.TRUSTED_IDENTITY": VerificationResult(success=False, reason="r"),
                "SIGNATURE_VERIFIER.REVOCATION_CHECK": VerificationResult(success=True),
            },
            ("a",),
        ),
    ),
]
_IDS = [type(message).__name__ for _, message in _MESSAGES]
# Members that may be absent.
_OPTIONAL = {"pluginConfig", "expiryDurationInSeconds", "annotations"}
# Members that programs in Go write as null where they are empty.
_EMPTY_IF_NULL = {"verificationResults", "processedAttributes", *_OPTIONAL}


def _read(kind: type, value: Any) -> Any:
    return kind.from_json(GoMembers(value, "message"))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("document", "message"), _MESSAGES, ids=_IDS)
def test_both_forms_of_each_message(document: dict[str, Any], message: Any) -> None:
    """Each message is written as the specification has it and read from there."""
    assert message.to_json() == document
    assert _read(type(message), document) == message
    assert json.loads(json.dumps(message.to_json())) == document


@pytest.mark.parametrize(("document", "message"), _MESSAGES, ids=_IDS)
def test_unknown_members_are_ignored(document: dict[str, Any], message: Any) -> None:
    """Members of later minor versions of the contract do not matter, at the top or further in."""
    later = {**document, "later": {"a": 1}}
    for name in ("signature", "trustPolicy"):
        if isinstance(document.get(name), dict):
            later[name] = {**document[name], "later": []}
    assert _read(type(message), later) == message


@pytest.mark.parametrize(
    ("message", "name"),
    [(message, name) for document, message in _MESSAGES for name in document],
    ids=[f"{type(message).__name__}-{name}" for document, message in _MESSAGES for name in document],
)
def test_absent_and_mistyped_members(message: Any, name: str) -> None:
    """A member of a wrong type is refused by its name, and so is one that must be there and is not."""
    document = message.to_json()
    for wrong in (7.5, None, True):
        if name in _EMPTY_IF_NULL and wrong is None:
            continue
        with pytest.raises(DocumentError, match=f"'{name}'"):
            _read(type(message), {**document, name: wrong})
    absent = {key: value for key, value in document.items() if key != name}
    if name in _OPTIONAL:
        assert _read(type(message), absent) != message
        return
    with pytest.raises(DocumentError, match=f"^message has no member '{name}'"):
        _read(type(message), absent)


@pytest.mark.parametrize(
    ("message", "name"),
    [(message, name) for document, message in _MESSAGES for name, value in document.items() if isinstance(value, str)],
    ids=str,
)
def test_empty_texts(message: Any, name: str) -> None:
    """A text must not be empty, but for the payload to be signed."""
    document = {**message.to_json(), name: ""}
    if isinstance(message, GenerateSignatureRequest) and name == "payload":
        assert _read(type(message), document).payload == b""
        return
    with pytest.raises(DocumentError, match=f"'{name}' must not be empty"):
        _read(type(message), document)


@pytest.mark.parametrize("text", ["A", "AA", "AA=", "AA==\n", "A A=", "_-8=", "é", "AA==x"])
@pytest.mark.parametrize(
    ("kind", "document", "name"),
    [
        (GenerateSignatureRequest, _SIGN, "payload"),
        (GeneratedSignature, _SIGNED, "signature"),
        (GenerateEnvelopeRequest, _ENVELOPE, "payload"),
        (GeneratedEnvelope, _ENVELOPED, "signatureEnvelope"),
    ],
)
def test_what_is_not_base64(kind: type, document: dict[str, Any], name: str, text: str) -> None:
    """Bytes that are not in base64 are refused by their name."""
    with pytest.raises(DocumentError, match=f"'{name}' is not base64"):
        _read(kind, {**document, name: text})


@pytest.mark.parametrize("chain", [["AA==", "*"], ["AA==", 7], "AA=="])
def test_malformed_chains(chain: Any) -> None:
    """A chain is an array of texts in base64."""
    with pytest.raises(DocumentError, match="'certificateChain'"):
        _read(GeneratedSignature, {**_SIGNED, "certificateChain": chain})
    signature = {"criticalAttributes": {}, "unprocessedAttributes": [], "certificateChain": chain}
    with pytest.raises(DocumentError, match="'certificateChain'"):
        _read(VerifySignatureRequest, {**_VERIFY, "signature": signature})


@pytest.mark.parametrize("name", ["supportedContractVersions", "capabilities"])
def test_metadata_needs_versions_and_capabilities(name: str) -> None:
    """A plugin without a contract version, or that can do nothing, is none."""
    with pytest.raises(DocumentError, match="'supportedContractVersions' and 'capabilities' must not be empty"):
        _read(Metadata, {**_METADATA, name: []})


@pytest.mark.parametrize("config", [{"a": 1}, {"a": []}, {"a": {}}])
def test_plugin_configuration_is_of_texts(config: Any) -> None:
    """The plugin's configuration is a map of texts."""
    with pytest.raises(DocumentError, match="'pluginConfig': 'a' must be a string"):
        _read(DescribeKeyRequest, {**_DESCRIBE, "pluginConfig": config})


def test_what_is_left_out_of_requests() -> None:
    """Without configuration and expiry, their members are not written at all."""
    assert DescribeKeyRequest("k").to_json() == {"contractVersion": "1.0", "keyId": "k"}
    request = GenerateEnvelopeRequest("k", b"", "p", "e").to_json()
    assert "expiryDurationInSeconds" not in request
    assert "pluginConfig" not in request


@pytest.mark.parametrize("null", [True, False])
def test_what_may_be_null(null: bool) -> None:
    """Programs in Go write null for a map or a list that they never made: it is read as an empty one."""
    no_map: Any = None if null else {}
    no_list: Any = None if null else []
    assert _read(GeneratedEnvelope, {**_ENVELOPED, "annotations": no_map}).annotations == {}
    assert _read(VerifiedSignature, {**_VERIFIED, "processedAttributes": no_list}).processed_attributes == ()
    for kind, document in (
        (DescribeKeyRequest, _DESCRIBE),
        (GenerateSignatureRequest, _SIGN),
        (GenerateEnvelopeRequest, _ENVELOPE),
        (VerifySignatureRequest, _VERIFY),
    ):
        assert _read(kind, {**document, "pluginConfig": no_map}).plugin_config == {}
    signature = {**_part("signature"), "unprocessedAttributes": no_list}
    trusted = {"trustedIdentities": no_list, "signatureVerification": no_list}
    request = _read(VerifySignatureRequest, {**_VERIFY, "signature": signature, "trustPolicy": trusted})
    assert (request.unprocessed_attributes, request.trusted_identities, request.signature_verification) == ((),) * 3


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("signature", "criticalAttributes"),
        ("signature", "unprocessedAttributes"),
        ("signature", "certificateChain"),
        ("trustPolicy", "trustedIdentities"),
        ("trustPolicy", "signatureVerification"),
    ],
)
def test_parts_of_the_request_to_verify(part: str, name: str) -> None:
    """What is further in is looked at as strictly: it must be there, and of its type."""
    absent = {key: value for key, value in _part(part).items() if key != name}
    for members in (absent, {**absent, name: "x"}, {**absent, name: 1}):
        with pytest.raises(DocumentError, match=f"'{name}'"):
            _read(VerifySignatureRequest, {**_VERIFY, part: members})


def _part(name: str) -> dict[str, Any]:
    part: Any = _VERIFY[name]
    return dict(part)


@pytest.mark.parametrize(
    "results",
    [
        {"c": {}},
        {"c": {"success": 1}},
        {"c": {"success": "true"}},
        {"c": True},
        {"c": {"success": False, "reason": 1}},
        [],
    ],
)
def test_malformed_results(results: Any) -> None:
    """A result is an object that says whether the check passed."""
    with pytest.raises(DocumentError):
        _read(VerifiedSignature, {**_VERIFIED, "verificationResults": results})


def test_a_result_needs_no_reason() -> None:
    """The reason of a check that passed may be absent."""
    found = _read(VerifiedSignature, {**_VERIFIED, "verificationResults": {"c": {"success": True}}})
    assert found.verification_results == {"c": VerificationResult(success=True)}


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00Z", None, ...])
def test_a_signature_that_does_not_expire(written: object) -> None:
    """The year 1 of notation, null and nothing at all are no expiry; what is written for none is notation's form."""
    critical: dict[str, object] = {"contentType": "c", "authenticSigningTime": None, "extendedAttributes": None}
    critical |= {} if written is ... else {"expiry": written}
    signature = {**_part("signature"), "criticalAttributes": critical}
    request = _read(VerifySignatureRequest, {**_VERIFY, "signature": signature})
    assert request.critical_attributes == {"contentType": "c", "extendedAttributes": {}}
    assert request.to_json()["signature"]["criticalAttributes"]["expiry"] == "0001-01-01T00:00:00Z"
