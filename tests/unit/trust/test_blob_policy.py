"""The trust policy document for blobs: what it says beyond one for artifacts, and the statement that applies."""

import json
from typing import Any

import pytest

from notarykit.errors import NoApplicablePolicyError, TrustPolicyError
from notarykit.trust.parsing import parse_blob_policy_document
from notarykit.trust.policy import BlobTrustPolicyDocument
from tests.unit.trust.statements import ABSENT, make_statement


def _parse(*statements: dict[str, Any]) -> BlobTrustPolicyDocument:
    document = {"version": "1.0", "trustPolicies": list(statements)}
    return parse_blob_policy_document(json.dumps(document).encode(), "policy.json")


def _blob_statement(**changes: Any) -> dict[str, Any]:
    return make_statement(**{"registryScopes": ABSENT, **changes})


@pytest.mark.parametrize("value", [False, None, ABSENT])
def test_statement_that_is_not_global_has_no_scope(value: Any) -> None:
    """A statement without globalPolicy, or with false or null, applies by its name alone."""
    (policy,) = _parse(_blob_statement(globalPolicy=value)).policies
    assert policy.scopes == ()
    assert not policy.is_global


def test_global_statement_has_the_global_scope() -> None:
    """A statement with globalPolicy true has the scope that a global one for artifacts has."""
    (policy,) = _parse(_blob_statement(globalPolicy=True)).policies
    assert policy.scopes == ("*",)
    assert policy.is_global


def test_statement_applies_by_its_name_or_globally() -> None:
    """A name selects its statement, the global one too; without a name it is the global one."""
    document = _parse(_blob_statement(name="first"), _blob_statement(name="all", globalPolicy=True))
    assert document.applicable("first").name == "first"
    assert document.applicable("all").name == "all"
    assert document.applicable().name == "all"
    assert document.applicable("").name == "all"


def test_unknown_name_has_no_applicable_statement() -> None:
    """A name that no statement has is refused, even where one is global."""
    document = _parse(_blob_statement(name="first"), _blob_statement(name="all", globalPolicy=True))
    with pytest.raises(NoApplicablePolicyError, match=r"^no applicable blob trust policy with name 'frist'$"):
        document.applicable("frist")


def test_two_global_statements_are_refused() -> None:
    """There is one global statement at most."""
    with pytest.raises(TrustPolicyError, match="statements 'a' and 'b' both have 'globalPolicy'"):
        _parse(_blob_statement(name="a", globalPolicy=True), _blob_statement(name="b", globalPolicy=True))
