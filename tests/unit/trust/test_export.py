"""Export of a trust policy to notation's form."""

import json
from typing import Any

import pytest

from notarykit.errors import NoApplicablePolicyError, UsageError
from notarykit.trust.export import ExportedPolicy, export_policy
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.policy import PREFIX_VERSION, TrustPolicyDocument
from tests.unit.trust.statements import make_statement, parse, skip


def _document(*statements: dict[str, Any]) -> TrustPolicyDocument:
    return parse(*statements, version=PREFIX_VERSION)


def _read(exported: ExportedPolicy) -> TrustPolicyDocument:
    return parse_policy_document(json.dumps(exported.to_json()).encode())


TEAM = make_statement(name="team", registryScopes=["r.test/team/*", "r.test/one"])
DEEPER = make_statement(name="deeper", registryScopes=["r.test/team/x/*"])
ALL = make_statement(name="all", registryScopes=["*"])


def test_prefixes_become_names() -> None:
    """Each repository is in the statement that applied to it, in the order in which they were named, once."""
    exported = export_policy(
        _document(TEAM, DEEPER, ALL), ["r.test/team/b", "r.test/team/x/y", "s.test/z", "r.test/team/a", "r.test/team/b"]
    )
    assert [(policy.name, policy.scopes) for policy in exported.document.policies] == [
        ("team", ("r.test/one", "r.test/team/b", "r.test/team/a")),
        ("deeper", ("r.test/team/x/y",)),
        ("all", ("s.test/z",)),
    ]
    assert exported.document.version == "1.0"
    assert exported[1:] == ((), (), ("team", "deeper", "all"))


def test_others_are_not_trusted() -> None:
    """What was below a prefix and is not named does not fall to the statement for all others."""
    exported = export_policy(_document(TEAM, ALL), ["r.test/team/a"])
    assert exported.left_out == ("all",)
    for repository in ("r.test/team/b", "s.test/z"):
        with pytest.raises(NoApplicablePolicyError):
            exported.document.applicable(repository)


def test_repositories_of_no_statement_are_told() -> None:
    """A repository to which nothing applies is in no statement."""
    exported = export_policy(_document(TEAM, DEEPER), ["r.test/team", "r.test/team/a"])
    assert (exported.untrusted, exported.left_out) == (("r.test/team",), ("deeper",))


def test_names_stay_where_they_are() -> None:
    """Scopes that are names are kept, also of a statement that skips, and without their repository being named."""
    named = skip(name="skipped", registryScopes=["r.test/team/skipped"])
    exported = export_policy(_document(TEAM, named), ["r.test/team/skipped", "r.test/one"])
    assert [policy.scopes for policy in exported.document.policies] == [("r.test/one",), ("r.test/team/skipped",)]
    assert exported.untrusted == ()
    team, skipping = exported.to_json()["trustPolicies"]
    assert set(team) - set(skipping) == {"trustStores", "trustedIdentities"}


@pytest.mark.parametrize("repositories", [[], ["s.test/a"]])
def test_nothing_to_export(repositories: list[str]) -> None:
    """A document without a statement would be refused, so none is made."""
    with pytest.raises(UsageError, match="nothing to export"):
        export_policy(_document(DEEPER), repositories)


@pytest.mark.parametrize("repository", ["r.test/team/*", "*", "r.test", "r.test/team/a:v1", "r.test/team/../a", ""])
def test_malformed_repositories(repository: str) -> None:
    """What is no repository's name is refused, however it would match."""
    with pytest.raises(UsageError, match="not of the form registry/repository"):
        export_policy(_document(TEAM, ALL), ["r.test/team/a", repository])


def test_addresses_that_notation_refuses() -> None:
    """A scope with an IPv6 address would have notation refuse the whole document."""
    document = _document(make_statement(name="six", registryScopes=["[::1]/*", "r.test/a"]))
    with pytest.raises(UsageError, match=r"statement 'six': .* such as \[::1\]/a"):
        export_policy(document, ["[::1]/a"])
    assert export_policy(document, ["r.test/a"]).document.policies[0].scopes == ("r.test/a",)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"signatureVerification": {"level": "permissive"}},
        {"signatureVerification": {"level": "audit", "override": {"authenticity": "enforce", "revocation": "skip"}}},
        {"signatureVerification": {"level": "strict", "override": {"expiry": "log"}, "verifyTimestamp": "always"}},
        {"signatureVerification": {"level": "strict", "verifyTimestamp": "afterCertExpiry"}},
        {"trustStores": ["ca:a", "tsa:b", "signingAuthority:c"], "trustedIdentities": ["*"]},
        {"trustedIdentities": ["x509.subject: C=US, ST=WA, O=\u00e9\\, x", "example.id: a"]},
    ],
)
def test_statements_are_what_they_were(changes: dict[str, Any]) -> None:
    """Level, overrides, stores and identities are read again as they were, whatever the scopes."""
    document = parse(make_statement(**changes), skip(name="none", registryScopes=["r.test/none"]))
    assert _read(export_policy(document, [])) == document
