"""Messages of the plugin contract: their JSON form, and what is refused."""

import json
from typing import Any

import pytest

from notarykit._internal.strict_json import DocumentError
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
from tests.unit.plugin.protocol.documents import CONFIG, VERIFY_REQUEST, VERIFY_RESPONSE, read_message, verify_member

_METADATA = {
    "name": "com.example.nv2plugin",
    "description": "d",
    "version": "1.0.0",
    "url": "https://example.com",
    "supportedContractVersions": ["1.0"],
    "capabilities": ["SIGNATURE_GENERATOR.RAW", "SIGNATURE_GENERATOR.FUTURE"],
}
_DESCRIBE = {"contractVersion": "1.0", "keyId": "k", "pluginConfig": CONFIG}
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
    (_DESCRIBE, DescribeKeyRequest("k", CONFIG)),
    ({"keyId": "k", "keySpec": "EC-521"}, KeyDescription("k", "EC-521")),
    (_SIGN, GenerateSignatureRequest("k", "RSA-2048", "SHA-256", b"\0\1\xff", CONFIG)),
    (_SIGNED, GeneratedSignature("k", b"\0\1\xff", "ECDSA-SHA-256", (b"\0", b"\1"))),
    (
        _ENVELOPE,
        GenerateEnvelopeRequest(
            "k",
            b"\0\1\xff",
            "application/vnd.cncf.notary.payload.v1+json",
            "application/jose+json",
            1234567,
            CONFIG,
        ),
    ),
    (_ENVELOPED, GeneratedEnvelope(b"\0\1\xff", "application/jose+json", {"key1": "value1"})),
    (
        VERIFY_REQUEST,
        VerifySignatureRequest(
            {"contentType": "c", "expiry": "2030-01-01T00:00:00Z", "extendedAttributes": {"a": 1}},
            ("a",),
            (b"\0",),
            ("*",),
            ("SIGNATURE_VERIFIER.TRUSTED_IDENTITY",),
            CONFIG,
        ),
    ),
    (
        VERIFY_RESPONSE,
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


@pytest.mark.requirement("plugin:envelope-request-members", "plugin:payload-to-sign", "plugin:versioned-contract")
@pytest.mark.parametrize(("document", "message"), _MESSAGES, ids=_IDS)
def test_message_is_written_and_read_as_specified(document: dict[str, Any], message: Any) -> None:
    """Each message is written as the specification has it and read from there."""
    assert message.to_json() == document
    assert read_message(type(message), document) == message
    assert json.loads(json.dumps(message.to_json())) == document


@pytest.mark.requirement("plugin:unknown-members")
@pytest.mark.parametrize(("document", "message"), _MESSAGES, ids=_IDS)
def test_unknown_members_are_ignored(document: dict[str, Any], message: Any) -> None:
    """Members of later minor versions of the contract do not matter, at the top or further in."""
    later = {**document, "later": {"a": 1}}
    for name in ("signature", "trustPolicy"):
        if isinstance(document.get(name), dict):
            later[name] = {**document[name], "later": []}
    assert read_message(type(message), later) == message


@pytest.mark.requirement(
    "plugin:envelope-members",
    "plugin:envelope-request-members",
    "plugin:metadata-members",
    "plugin:signature-members",
    "plugin:verification-members",
)
@pytest.mark.parametrize(
    ("message", "name"),
    [(message, name) for document, message in _MESSAGES for name in document],
    ids=[f"{type(message).__name__}-{name}" for document, message in _MESSAGES for name in document],
)
def test_absent_or_mistyped_member_is_refused(message: Any, name: str) -> None:
    """A member of a wrong type is refused by its name, and so is one that must be there and is not."""
    document = message.to_json()
    for wrong in (7.5, None, True):
        if name in _EMPTY_IF_NULL and wrong is None:
            continue
        with pytest.raises(DocumentError, match=f"'{name}'"):
            read_message(type(message), {**document, name: wrong})
    absent = {key: value for key, value in document.items() if key != name}
    if name in _OPTIONAL:
        assert read_message(type(message), absent) != message
        return
    with pytest.raises(DocumentError, match=f"^message has no member '{name}'"):
        read_message(type(message), absent)


@pytest.mark.requirement(
    "plugin:envelope-members",
    "plugin:metadata-members",
    "plugin:signature-members",
    "plugin:validation-error",
)
@pytest.mark.parametrize(
    ("message", "name"),
    [(message, name) for document, message in _MESSAGES for name, value in document.items() if isinstance(value, str)],
    ids=str,
)
def test_empty_string_is_refused(message: Any, name: str) -> None:
    """A text must not be empty."""
    document = {**message.to_json(), name: ""}
    with pytest.raises(DocumentError, match=f"'{name}' must not be empty"):
        read_message(type(message), document)


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
def test_invalid_base64_is_refused(kind: type, document: dict[str, Any], name: str, text: str) -> None:
    """Bytes that are not in base64 are refused by their name."""
    with pytest.raises(DocumentError, match=f"'{name}' is not base64"):
        read_message(kind, {**document, name: text})


@pytest.mark.parametrize("chain", [["AA==", "*"], ["AA==", 7], "AA=="])
def test_malformed_chain_is_refused(chain: Any) -> None:
    """A chain is an array of texts in base64."""
    with pytest.raises(DocumentError, match="'certificateChain'"):
        read_message(GeneratedSignature, {**_SIGNED, "certificateChain": chain})
    signature = {"criticalAttributes": {}, "unprocessedAttributes": [], "certificateChain": chain}
    with pytest.raises(DocumentError, match="'certificateChain'"):
        read_message(VerifySignatureRequest, {**VERIFY_REQUEST, "signature": signature})


@pytest.mark.requirement("plugin:capabilities")
@pytest.mark.parametrize("name", ["supportedContractVersions", "capabilities"])
def test_metadata_needs_versions_and_capabilities(name: str) -> None:
    """A plugin without a contract version, or that can do nothing, is none."""
    with pytest.raises(DocumentError, match="'supportedContractVersions' and 'capabilities' must not be empty"):
        read_message(Metadata, {**_METADATA, name: []})


@pytest.mark.parametrize("config", [{"a": 1}, {"a": []}, {"a": {}}])
def test_plugin_configuration_must_be_of_strings(config: Any) -> None:
    """The plugin's configuration is a map of texts."""
    with pytest.raises(DocumentError, match="'pluginConfig': 'a' must be a string"):
        read_message(DescribeKeyRequest, {**_DESCRIBE, "pluginConfig": config})


@pytest.mark.requirement("plugin:envelope-request-members")
def test_absent_options_are_not_written() -> None:
    """Without configuration and expiry, their members are not written at all."""
    assert DescribeKeyRequest("k").to_json() == {"contractVersion": "1.0", "keyId": "k"}
    request = GenerateEnvelopeRequest("k", b"", "p", "e").to_json()
    assert "expiryDurationInSeconds" not in request
    assert "pluginConfig" not in request


@pytest.mark.parametrize("null", [True, False])
def test_null_is_an_empty_map_or_list(null: bool) -> None:
    """Programs in Go write null for a map or a list that they never made: it is read as an empty one."""
    no_map: Any = None if null else {}
    no_list: Any = None if null else []
    assert read_message(GeneratedEnvelope, {**_ENVELOPED, "annotations": no_map}).annotations == {}
    assert (
        read_message(VerifiedSignature, {**VERIFY_RESPONSE, "processedAttributes": no_list}).processed_attributes == ()
    )
    for kind, document in (
        (DescribeKeyRequest, _DESCRIBE),
        (GenerateSignatureRequest, _SIGN),
        (GenerateEnvelopeRequest, _ENVELOPE),
        (VerifySignatureRequest, VERIFY_REQUEST),
    ):
        assert read_message(kind, {**document, "pluginConfig": no_map}).plugin_config == {}
    signature = {**verify_member("signature"), "unprocessedAttributes": no_list}
    trusted = {"trustedIdentities": no_list, "signatureVerification": no_list}
    request = read_message(VerifySignatureRequest, {**VERIFY_REQUEST, "signature": signature, "trustPolicy": trusted})
    assert (request.unprocessed_attributes, request.trusted_identities, request.signature_verification) == ((),) * 3
