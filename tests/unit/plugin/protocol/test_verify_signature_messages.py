"""Messages of verify-signature: nested members, results and expiry."""

from typing import Any

import pytest

from notarykit._internal.strict_json import DocumentError
from notarykit.plugin import (
    VerificationResult,
    VerifiedSignature,
    VerifySignatureRequest,
)
from tests.unit.plugin.protocol.documents import VERIFY_REQUEST, VERIFY_RESPONSE, read_message, verify_member


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
def test_absent_or_mistyped_nested_member_is_refused(part: str, name: str) -> None:
    """What is further in is looked at as strictly: it must be there, and of its type."""
    absent = {key: value for key, value in verify_member(part).items() if key != name}
    for members in (absent, {**absent, name: "x"}, {**absent, name: 1}):
        with pytest.raises(DocumentError, match=f"'{name}'"):
            read_message(VerifySignatureRequest, {**VERIFY_REQUEST, part: members})


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
def test_malformed_result_is_refused(results: Any) -> None:
    """A result is an object that says whether the check passed."""
    with pytest.raises(DocumentError):
        read_message(VerifiedSignature, {**VERIFY_RESPONSE, "verificationResults": results})


def test_reason_is_optional() -> None:
    """The reason of a check that passed may be absent."""
    found = read_message(VerifiedSignature, {**VERIFY_RESPONSE, "verificationResults": {"c": {"success": True}}})
    assert found.verification_results == {"c": VerificationResult(success=True)}


@pytest.mark.requirement("plugin:critical-attributes")
@pytest.mark.parametrize("written", ["0001-01-01T00:00:00Z", None, ...])
def test_absent_expiry_has_notations_form(written: object) -> None:
    """The year 1 of notation, null and nothing at all are no expiry; what is written for none is notation's form."""
    critical: dict[str, object] = {"contentType": "c", "authenticSigningTime": None, "extendedAttributes": None}
    critical |= {} if written is ... else {"expiry": written}
    signature = {**verify_member("signature"), "criticalAttributes": critical}
    request = read_message(VerifySignatureRequest, {**VERIFY_REQUEST, "signature": signature})
    assert request.critical_attributes == {"contentType": "c", "extendedAttributes": {}}
    assert request.to_json()["signature"]["criticalAttributes"]["expiry"] == "0001-01-01T00:00:00Z"
