"""Trust policy statements, good throughout, so that a test changes the one member that it is about."""

import json
from typing import Any, Final

import pytest

from notarykit.errors import TrustPolicyError
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.policy import TrustPolicyDocument

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


def refusal(*statements: Any, **changes: Any) -> str:
    """The message with which a document is refused, without the part that is the same in all."""
    with pytest.raises(TrustPolicyError) as caught:
        parse(*statements, **changes)
    start = "policy.json is malformed: "
    assert caught.value.message.startswith(start)
    assert caught.value.exit_code == 2
    return caught.value.message.removeprefix(start)
