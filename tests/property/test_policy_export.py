"""An exported trust policy decides for each repository that was named as the policy that it was made of."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from notarykit.errors import UsageError
from notarykit.trust.export import export_policy
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.policy import TrustPolicyDocument

_HOSTS = st.sampled_from(["r.test", "r.test:5000", "docker.io"])
_NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
_REPOSITORIES = st.tuples(_HOSTS, _NAMES).map("/".join)
_PREFIXES = st.one_of(_HOSTS, _REPOSITORIES).map(lambda name: f"{name}/*")
_LEVELS = st.sampled_from([{"level": "strict"}, {"level": "audit", "override": {"expiry": "enforce"}}])


def _parse(document: dict[str, object]) -> TrustPolicyDocument:
    return parse_policy_document(json.dumps(document).encode())


@st.composite
def _documents(draw: st.DrawFn) -> TrustPolicyDocument:
    scopes = draw(st.lists(_REPOSITORIES | _PREFIXES, min_size=1, max_size=8, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, len(scopes)), max_size=3)))
    groups = [scopes[start:end] for start, end in zip([0, *cuts], [*cuts, len(scopes)], strict=True)]
    groups += [["*"]] if draw(st.booleans()) else []
    statements = [
        {
            "name": str(number),
            "registryScopes": group,
            "signatureVerification": draw(_LEVELS),
            "trustStores": [f"ca:store{number}"],
            "trustedIdentities": ["*"],
        }
        for number, group in enumerate(filter(None, groups))
    ]
    return _parse({"version": "notarykit/1", "trustPolicies": statements})


@given(_documents(), st.lists(_REPOSITORIES, min_size=1, max_size=8), st.lists(_REPOSITORIES, max_size=8))
@settings(max_examples=1000)
def test_exported_policy_decides_the_same(document: TrustPolicyDocument, named: list[str], others: list[str]) -> None:
    """A repository that was named has the same statement but for its scopes, and any other has it or none."""
    try:
        exported = _parse(export_policy(document, named).to_json())
    except UsageError:
        assert all(document.choose(repository).policy is None for repository in named)
        return
    for repository in (*named, *others):
        before, after = document.choose(repository).policy, exported.choose(repository).policy
        if before is not None and (after is not None or repository in named):
            assert after is not None
            assert after._replace(scopes=()) == before._replace(scopes=())
        else:
            assert after is None
