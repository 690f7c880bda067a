"""Proposals of trust: statements and stores, and back from their document to the same."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notarykit.bundle.trust import TrustProposal
from notarykit.errors import ContentError, TrustStoreError
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.policy import LEVELS, Action, TrustPolicyDocument, Validation
from notarykit.trust.store import MemoryTrustStore
from tests.support.ca import make_chain
from tests.support.homes import policy_document

CHAIN, OTHER = make_chain("EC-256", 2), make_chain("EC-256", 2)
STORE = MemoryTrustStore({"ca:tests": [CHAIN.ders[-1], OTHER.ders[-1]], "signingAuthority:more": [OTHER.ders[-1]]})


def _policies(**members: Any) -> TrustPolicyDocument:
    return parse_policy_document(json.dumps(policy_document(**members)).encode())


_LEVELS = st.sampled_from([name for name in LEVELS if name != "skip"])
_ACTIONS = st.sampled_from([Action.ENFORCE, Action.LOG])
_OVERRIDES = st.dictionaries(
    st.sampled_from(
        [Validation.AUTHENTICITY, Validation.EXPIRY, Validation.AUTHENTIC_TIMESTAMP, Validation.REVOCATION]
    ),
    _ACTIONS,
)
_SCOPES = st.lists(st.sampled_from(["example.com/a", "example.com/b", "localhost:5000/c"]), min_size=1, unique=True)


@given(level=_LEVELS, override=_OVERRIDES, scopes=_SCOPES, timestamp=st.sampled_from(["always", "afterCertExpiry"]))
def test_document_says_all_of_a_statement(
    level: str, override: dict[Validation, Action], scopes: list[str], timestamp: str
) -> None:
    """Whatever a statement says, it is the same after it was written and read."""
    document = policy_document(
        level=level, override={str(key): str(value) for key, value in override.items()}, scopes=scopes
    )
    document["trustPolicies"][0]["signatureVerification"]["verifyTimestamp"] = timestamp
    policies = parse_policy_document(json.dumps(document).encode())
    proposal = TrustProposal.make(policies, STORE)
    again = TrustProposal.parse(proposal.document)
    assert again.policies == policies
    assert again == proposal


def test_stores_are_those_that_statements_name() -> None:
    """Stores that no statement names stay where they are; certificates are in a fixed order."""
    proposal = TrustProposal.make(_policies(), STORE)
    assert dict(proposal.stores) == {"ca:tests": tuple(sorted([CHAIN.ders[-1], OTHER.ders[-1]]))}
    both = TrustProposal.make(_policies(stores=["signingAuthority:more", "ca:tests"]), STORE)
    assert list(both.stores) == ["ca:tests", "signingAuthority:more"]
    assert [str(store) for store in both.policies.policies[0].stores] == ["signingAuthority:more", "ca:tests"]
    assert both.store.certificates(both.policies.policies[0].stores[0]) == {OTHER.ders[-1]}


def test_prefixes_stay_prefixes() -> None:
    """A document whose scopes are prefixes has its version after it was written and read, and chooses as before."""
    document = policy_document(scopes=["registry.example.com/team/*"])
    document["version"] = "notarykit/1"
    policies = parse_policy_document(json.dumps(document).encode())
    again = TrustProposal.parse(TrustProposal.make(policies, STORE).document).policies
    assert again == policies
    assert again.applicable("registry.example.com/team/hello") == policies.policies[0]


def test_missing_store_is_an_error() -> None:
    """A store that a statement names and nobody has is an error of the trust store."""
    with pytest.raises(TrustStoreError):
        TrustProposal.make(_policies(stores=["ca:absent"]), STORE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"trustPolicy":{},"trustStores":{}}',
        b'{"trustPolicy":[],"trustStores":{}}',
        b'{"trustPolicy":{"version":"1.0","trustPolicies":[]},"trustStores":{}}',
    ],
)
def test_malformed_documents_are_refused(content: bytes) -> None:
    """What is no proposal is refused as content that is wrong."""
    with pytest.raises(ContentError):
        TrustProposal.parse(content)
