"""Both kinds of trust policy documents keep the same rules: put as one of the other kind, a document fares alike."""

import json
import re
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from notarykit.errors import TrustPolicyError
from notarykit.trust.parsing import parse_blob_policy_document, parse_policy_document
from notarykit.trust.policy import BlobTrustPolicyDocument, TrustPolicy, TrustPolicyDocument

_ABSENT = object()
_MISTAKES = st.sampled_from([_ABSENT, None, "", 1, True, [], {}, [None], [""], "strict"])
_SUBJECT = "x509.subject: C=US, ST=WA, O=acme-rockets.io"

_VERIFICATIONS = st.fixed_dictionaries(
    {"level": st.sampled_from(["strict", "permissive", "audit", "skip", "custom", "Strict", None, 1])},
    optional={
        "override": st.dictionaries(
            st.sampled_from(["integrity", "authenticity", "authenticTimestamp", "expiry", "revocation", "Expiry"]),
            st.sampled_from(["enforce", "log", "skip", "Log", None, 1]),
            max_size=2,
        )
        | st.none(),
        "verifyTimestamp": st.sampled_from(["always", "afterCertExpiry", "never", "", None]),
        "comment": st.just("x"),
    },
)
_STORES = st.lists(st.sampled_from(["ca:a", "signingAuthority:a", "tsa:a", "ca:", "CA:a", "ca:../a", "a"]), max_size=2)
_IDENTITIES = st.lists(
    st.sampled_from(
        ["*", _SUBJECT, f"{_SUBJECT}, CN=a", "x509.subject: C=US", "x509.subject: C=DE, ST=B, O=b", "x:y", "x"]
    ),
    max_size=2,
)


def _rarely(usual: st.SearchStrategy[Any], otherwise: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda number: otherwise if number == 9 else usual)


_GOOD = st.one_of(
    st.fixed_dictionaries(
        {
            "signatureVerification": st.sampled_from([{"level": "strict"}, {"level": "audit", "override": {}}]),
            "trustStores": st.just(["ca:a", "tsa:b"]),
            "trustedIdentities": st.sampled_from([["*"], [_SUBJECT]]),
        }
    ),
    st.just({"signatureVerification": {"level": "skip"}, "trustStores": None}),
)
_DOUBTFUL = st.fixed_dictionaries(
    {
        "signatureVerification": _rarely(_VERIFICATIONS, _MISTAKES),
        "trustStores": _rarely(_STORES, _MISTAKES),
        "trustedIdentities": _rarely(_IDENTITIES, _MISTAKES),
    }
)
_STATEMENTS = st.tuples(
    _rarely(st.text("abcdefgh", min_size=2, max_size=2), _MISTAKES),
    _GOOD | _DOUBTFUL,
    _rarely(st.just(False), st.just(True)),
)


def _document(statements: list[tuple[Any, dict[str, Any], bool]], version: Any, *, for_blobs: bool) -> bytes:
    items = []
    for number, (name, members, is_global) in enumerate(statements):
        scopes = {"registryScopes": ["*" if is_global else f"registry.io/{number}"]}
        statement = {"name": name, **members, **({"globalPolicy": is_global} if for_blobs else scopes)}
        items.append({key: value for key, value in statement.items() if value is not _ABSENT})
    return json.dumps({"version": version, "trustPolicies": items}).encode()


def _verdict(
    parse: Callable[[bytes, str], TrustPolicyDocument | BlobTrustPolicyDocument], content: bytes
) -> list[TrustPolicy] | str:
    """The statements, without the scopes of those that are not global, or the reason of the refusal.

    Both are the same for both kinds.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            document = parse(content, "policy")
        except TrustPolicyError as error:
            if "both have 'globalPolicy'" in error.message or "scope '*' is in statement" in error.message:
                return "two global statements"
            reason = error.message.removesuffix(" or 'notarykit/1'")  # the version with prefixes, which blobs have not
            return reason.replace("with 'globalPolicy'", "with the global scope '*'")
    return [policy if policy.is_global else policy._replace(scopes=()) for policy in document.policies]


@given(st.lists(_STATEMENTS, max_size=4), _rarely(st.just("1.0"), st.sampled_from(["1.1", "1", "", None, 1.0])))
@settings(max_examples=2000)
def test_both_kinds_have_one_verdict(statements: list[tuple[Any, dict[str, Any], bool]], version: Any) -> None:
    """A document is accepted with the same statements, or refused for the same reason, in both kinds."""
    for_artifacts = _verdict(parse_policy_document, _document(statements, version, for_blobs=False))
    for_blobs = _verdict(parse_blob_policy_document, _document(statements, version, for_blobs=True))
    assert for_blobs == for_artifacts


@given(st.lists(_STATEMENTS, min_size=1, max_size=4))
@settings(max_examples=500)
def test_accepted_documents_keep_the_rules(statements: list[tuple[Any, dict[str, Any], bool]]) -> None:
    """What is accepted has unique names, at most one global statement, which does not skip, and trust elsewhere."""
    policies = _verdict(parse_blob_policy_document, _document(statements, "1.0", for_blobs=True))
    if isinstance(policies, str):
        return
    names = [policy.name for policy in policies]
    assert names == [name for name, _, _ in statements]
    assert len(set(names)) == len(names)
    assert [policy.is_global for policy in policies] == [is_global for _, _, is_global in statements]
    assert sum(policy.is_global for policy in policies) <= 1
    for policy in policies:
        assert policy.level.is_skip != bool(policy.stores and policy.identities)
        assert not (policy.level.is_skip and policy.is_global)


def test_generated_documents_reach_the_rules() -> None:
    """Of the generated documents many are accepted, and the refused ones break many rules."""
    reasons = Counter[str]()

    @given(st.lists(_STATEMENTS, min_size=1, max_size=4))
    @settings(max_examples=500)
    def count(statements: list[tuple[Any, dict[str, Any], bool]]) -> None:
        verdict = _verdict(parse_blob_policy_document, _document(statements, "1.0", for_blobs=True))
        reasons[re.sub(r"statement \S+: |'.*?'", "", verdict) if isinstance(verdict, str) else ""] += 1

    count()
    assert reasons[""] > 80
    assert len(reasons) > 12
