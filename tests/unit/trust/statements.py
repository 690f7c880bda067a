"""Trust policy statements, good throughout, so that a test changes the one member that it is about."""

import json
from typing import Any, Final

import pytest

from notarykit.errors import TrustPolicyError
from notarykit.trust.parsing import parse_blob_policy_document, parse_policy_document
from notarykit.trust.policy import BlobTrustPolicyDocument, TrustPolicyDocument

ABSENT: Final = object()
REPOSITORY: Final = "registry.acme-rockets.io/software/net-monitor"


def make_statement(**changes: Any) -> dict[str, Any]:
    """A good statement with changes; a member with the value `ABSENT` is left out."""
    good = {
        "name": "acme",
        "registryScopes": [REPOSITORY],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:acme-rockets"],
        "trustedIdentities": ["x509.subject: C=US, ST=WA, O=acme-rockets.io"],
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ABSENT}


def skip(**changes: Any) -> dict[str, Any]:
    """A good statement of the level `skip` with changes."""
    without = {"signatureVerification": {"level": "skip"}, "trustStores": ABSENT, "trustedIdentities": ABSENT}
    return make_statement(**{**without, **changes})


def parse(*statements: Any, **changes: Any) -> TrustPolicyDocument:
    """A document of statements, with changes to its other members."""
    document = {"version": "1.0", "trustPolicies": list(statements), **changes}
    return parse_policy_document(json.dumps(document).encode(), "policy.json")


def make_blob_statement(**changes: Any) -> dict[str, Any]:
    """A good statement for blobs with changes."""
    return make_statement(**{"registryScopes": ABSENT, **changes})


def parse_blobs(*statements: Any, **changes: Any) -> BlobTrustPolicyDocument:
    """A document of statements for blobs, with changes to its other members."""
    document = {"version": "1.0", "trustPolicies": list(statements), **changes}
    return parse_blob_policy_document(json.dumps(document).encode(), "policy.json")


def refusal(*statements: Any, **changes: Any) -> str:
    """The message with which a document is refused, without the part that is the same in all."""
    with pytest.raises(TrustPolicyError) as caught:
        parse(*statements, **changes)
    return _reason(caught.value)


def blob_refusal(*statements: Any, **changes: Any) -> str:
    """The same for a document for blobs."""
    with pytest.raises(TrustPolicyError) as caught:
        parse_blobs(*statements, **changes)
    return _reason(caught.value)


def _reason(error: TrustPolicyError) -> str:
    start = "policy.json is malformed: "
    assert error.message.startswith(start)
    assert error.exit_code == 2
    return error.message.removeprefix(start)
