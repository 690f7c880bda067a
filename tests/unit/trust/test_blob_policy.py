"""The trust policy document for blobs: what it says beyond one for artifacts, and the statement that applies."""

import json
import subprocess
import sys
import warnings
from typing import Any

import pytest

from notarykit.errors import NoApplicablePolicyError, NotarykitWarning, TrustPolicyError
from notarykit.trust.parsing import parse_blob_policy_document
from notarykit.trust.policy import Action, Validation
from tests.unit.trust.statements import (
    ABSENT,
    REPOSITORY,
    blob_refusal,
    make_blob_statement,
    make_statement,
    parse,
    parse_blobs,
    refusal,
)

_SKIP = {"signatureVerification": {"level": "skip"}, "trustStores": ABSENT, "trustedIdentities": ABSENT}


def test_the_example_of_the_specification() -> None:
    """The specification's example for blobs is read without a warning."""
    wabbit = "x509.subject: C=US, ST=WA, L=Seattle, O=wabbit-networks.io, OU=Security Tools"
    subject = "x509.subject: C=US, ST=WA, L=Seattle, O=acme-rockets.io, OU=Finance, CN=SecureBuilder"
    relaxed = {"level": "strict", "override": {"expiry": "log", "revocation": "skip"}}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document = parse_blobs(
            make_blob_statement(
                name="wabbit-networks-blobs", trustStores=["ca:wabbit-networks"], trustedIdentities=[wabbit]
            ),
            make_blob_statement(name="use-expired-blobs", signatureVerification=relaxed, trustedIdentities=["*"]),
            make_blob_statement(
                name="global-policy-for-all-blobs",
                signatureVerification={"level": "audit"},
                globalPolicy=True,
                trustStores=["ca:acme-rockets", "ca:acme-rockets-ca2"],
                trustedIdentities=[subject],
            ),
        )
    assert document.applicable("wabbit-networks-blobs").identities == (wabbit,)
    assert document.applicable("use-expired-blobs").level.actions[Validation.REVOCATION] is Action.SKIP
    assert document.applicable().name == "global-policy-for-all-blobs"


def test_statement_is_read_as_one_for_artifacts() -> None:
    """But for where it applies, a statement means the same in both kinds of document."""
    members: dict[str, Any] = {
        "signatureVerification": {
            "level": "permissive",
            "override": {"expiry": "enforce"},
            "verifyTimestamp": "afterCertExpiry",
        },
        "trustStores": ["ca:acme-rockets", "tsa:time"],
        "trustedIdentities": ["*"],
    }
    (for_blobs,) = parse_blobs(make_blob_statement(**members)).policies
    (for_artifacts,) = parse(make_statement(**members)).policies
    assert for_artifacts.scopes == (REPOSITORY,)
    assert for_blobs == for_artifacts._replace(scopes=())


@pytest.mark.requirement("trust:global-policy")
@pytest.mark.parametrize("value", [False, None, ABSENT])
def test_statement_that_is_not_global_has_no_scope(value: Any) -> None:
    """A statement without globalPolicy, or with false or null, applies by its name alone."""
    (policy,) = parse_blobs(make_blob_statement(globalPolicy=value)).policies
    assert policy.scopes == ()
    assert not policy.is_global


@pytest.mark.requirement("trust:global-policy")
def test_global_statement_has_the_global_scope() -> None:
    """A statement with globalPolicy true has the scope that a global one for artifacts has."""
    (policy,) = parse_blobs(make_blob_statement(globalPolicy=True)).policies
    assert policy.scopes == ("*",)
    assert policy.is_global
    assert parse(make_statement(registryScopes=["*"])).policies[0].is_global
    assert not parse(make_statement()).policies[0].is_global


@pytest.mark.parametrize(
    ("value", "kind"), [("true", "a string"), (1, "an integer"), ([], "an array"), ({}, "an object"), (0.0, "a number")]
)
def test_other_than_boolean_is_refused(value: Any, kind: str) -> None:
    """What is nearly true is not true."""
    refused = blob_refusal(make_blob_statement(globalPolicy=value))
    assert refused == f"statement 'acme': 'globalPolicy' must be a boolean, not {kind}"


@pytest.mark.requirement("trust:one-global-policy")
def test_two_global_statements_are_refused() -> None:
    """There is one global statement at most, wherever the two stand."""
    first, last = (make_blob_statement(name=name, globalPolicy=True) for name in ("a", "c"))
    refused = blob_refusal(first, make_blob_statement(name="b", globalPolicy=False), last)
    assert refused == "statements 'a' and 'c' both have 'globalPolicy', and one alone can be global"


def test_statements_that_are_not_global_do_not_exclude_each_other() -> None:
    """Any number of statements goes by their names."""
    statements = [make_blob_statement(name=name) for name in ("a", "b", "c")]
    assert [policy.name for policy in parse_blobs(*statements).policies] == ["a", "b", "c"]


@pytest.mark.requirement("trust:skip-is-not-for-all")
def test_global_statement_cannot_skip() -> None:
    """The level skip is for statements that are chosen by their name."""
    refused = blob_refusal(make_blob_statement(globalPolicy=True, **_SKIP))
    assert refused == "statement 'acme': level 'skip' cannot be used with 'globalPolicy'"
    assert parse_blobs(make_blob_statement(globalPolicy=False, **_SKIP)).policies[0].level.is_skip


@pytest.mark.parametrize("scopes", [["*"], [REPOSITORY], [], "*"])
def test_policy_for_artifacts_is_refused(scopes: Any) -> None:
    """Scopes restrict what they cannot restrict here, so the document is of the other kind."""
    refused = blob_refusal(make_statement(registryScopes=scopes))
    assert refused == "statement 'acme' has 'registryScopes': this is a trust policy for artifacts"


def test_scopes_that_are_null_are_absent() -> None:
    """Null restricts nothing, and brings no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parse_blobs(make_blob_statement(registryScopes=None)) == parse_blobs(make_blob_statement())


@pytest.mark.filterwarnings("ignore:.*'globalPolicy' is not known")
@pytest.mark.parametrize("is_global", [True, False])
def test_policy_for_blobs_is_refused_for_artifacts(is_global: bool) -> None:
    """A statement without scopes is none for artifacts, and what is for blobs is called so."""
    refused = refusal(make_blob_statement(globalPolicy=is_global))
    assert refused == "statement 'acme' has no member 'registryScopes': this is a trust policy for blobs"
    assert refusal(make_blob_statement()) == "statement 'acme' has no member 'registryScopes'"


@pytest.mark.parametrize("other", ["GlobalPolicy", "globalpolicy", "RegistryScopes", "TrustStores"])
def test_members_in_another_case_are_refused(other: str) -> None:
    """A member that programs in Go read as a known one would have them apply another policy."""
    refused = blob_refusal(make_blob_statement(**{other: None}))
    assert refused.startswith(f"statement 'acme' has the member '{other}', which looks like ")


def test_unknown_members_bring_a_warning() -> None:
    """Members that are not known are named, and the rest counts."""
    with pytest.warns(NotarykitWarning) as caught:
        document = parse_blobs(make_blob_statement(comment="x"), description="y")
    assert [str(each.message) for each in caught] == [
        "policy.json: document: member 'description' is not known",
        "policy.json: statement 'acme': member 'comment' is not known",
    ]
    assert document.policies[0].name == "acme"


def test_document_goes_by_its_kind_in_messages() -> None:
    """Without a name the document is called what it is."""
    with pytest.raises(TrustPolicyError, match=r"^blob trust policy is malformed: document has no member 'version'$"):
        parse_blob_policy_document(b"{}")
    content = json.dumps({"version": "1.0", "trustPolicies": [make_blob_statement()]}).encode()
    assert parse_blob_policy_document(content) == parse_blobs(make_blob_statement())


@pytest.mark.requirement("trust:blob-statement-by-name", "trust:global-blob-statement", "trust:global-policy")
def test_statement_applies_by_its_name_or_globally() -> None:
    """A name selects its statement, the global one too; without a name it is the global one, wherever it stands."""
    first, everything = make_blob_statement(name="first"), make_blob_statement(name="all", globalPolicy=True)
    for statements in ((first, everything), (everything, first)):
        document = parse_blobs(*statements)
        assert document.applicable("first").name == "first"
        assert document.applicable("all").name == "all"
        assert document.applicable().name == "all"
        assert document.applicable("").name == "all"


@pytest.mark.requirement("trust:global-blob-statement", "trust:no-blob-statement")
@pytest.mark.parametrize("name", ["frist", "First", "first ", " ", "*", "firs"])
def test_names_are_compared_letter_by_letter(name: str) -> None:
    """A name that no statement equals has none that applies, even where one is global."""
    document = parse_blobs(make_blob_statement(name="first"), make_blob_statement(name="all", globalPolicy=True))
    with pytest.raises(NoApplicablePolicyError) as caught:
        document.applicable(name)
    assert caught.value.message == f"no applicable blob trust policy with name {name!r}"
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("names", "name", "advice"),
    [
        (["releases", "nightly"], "relases", "did you mean 'releases'?"),
        (["releases", "nightly"], "x", "there are 'releases', 'nightly'"),
        (["releases"], "x", "there is 'releases'"),
        (list("abcde"), "xyz", "there are 'a', 'b', 'c', 'd', 'e'"),
        (list("abcdef"), "xyz", "there are 'a', 'b', 'c', 'd', 'e', and others"),
        (
            ["releases"],
            "",
            "name one with --policy-name (there is 'releases'), or set the \"globalPolicy\" of one to true",
        ),
        (["a\nb"], "x", "there is 'a\\nb'"),
    ],
)
def test_advice_has_the_names_that_exist(names: list[str], name: str, advice: str) -> None:
    """Advice is the nearest name, or the first names, and without a name how to do without."""
    document = parse_blobs(*(make_blob_statement(name=each) for each in names))
    with pytest.raises(NoApplicablePolicyError) as caught:
        document.applicable(name)
    assert caught.value.advice == advice


@pytest.mark.requirement("trust:global-blob-statement")
def test_no_global_statement() -> None:
    """Without a name, a document whose statements all have names alone applies to nothing."""
    with pytest.raises(NoApplicablePolicyError) as caught:
        parse_blobs(make_blob_statement()).applicable()
    assert caught.value.message == "no global blob trust policy, which a blob needs where no policy is named"
    assert caught.value.exit_code == 1


def test_nearest_names_cost_no_start() -> None:
    """The library that finds the nearest name is imported for it alone."""
    program = "import sys, notarykit.trust.parsing; print('difflib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
