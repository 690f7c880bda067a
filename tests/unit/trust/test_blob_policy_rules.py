"""The trust policy document for blobs keeps the rules of one for artifacts."""

from typing import Any

import pytest

from tests.unit.trust.statements import ABSENT, blob_refusal, make_blob_statement


@pytest.mark.requirement(
    "trust:level",
    "trust:signature-verification",
    "trust:statement-name",
    "trust:trust-stores",
    "trust:trusted-identities",
)
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"name": ABSENT}, "statement 1 has no member 'name'"),
        ({"name": ""}, "statement 1: 'name' must not be empty"),
        ({"signatureVerification": ABSENT}, "statement 'acme' has no member 'signatureVerification'"),
        ({"signatureVerification": {}}, "has no member 'level'"),
        ({"signatureVerification": {"override": {"expiry": "log"}}}, "has no member 'level'"),
        ({"signatureVerification": {"level": "lenient"}}, "level 'lenient' is not one of"),
        ({"trustStores": ABSENT}, "statement 'acme': 'trustStores' is absent or empty"),
        ({"trustStores": ["acme"]}, "statement 'acme': trust store 'acme' is not of the form type:name"),
        ({"trustedIdentities": ABSENT}, "statement 'acme': 'trustedIdentities' is absent or empty"),
        ({"trustedIdentities": ["x509.subject: C=US"]}, "the mandatory attribute ST is missing"),
    ],
)
def test_rules_of_statements(changes: dict[str, Any], refusal: str) -> None:
    """A statement for blobs must have what one for artifacts must have."""
    assert refusal in blob_refusal(make_blob_statement(**changes))


@pytest.mark.requirement("trust:one-name", "trust:statements", "trust:version")
def test_rules_of_documents() -> None:
    """So must the document, in which a name is for one statement."""
    assert blob_refusal(make_blob_statement(), version="1.1") == "version '1.1' is not supported; it must be '1.0'"
    assert blob_refusal() == "'trustPolicies' is empty; it needs at least one statement"
    assert blob_refusal(make_blob_statement(), make_blob_statement()) == "two statements have the name 'acme'"
