"""The trust policy document: what it may say, and what is refused in which words."""

import time
from typing import Any

import pytest

from notarykit.errors import NotarykitWarning, TrustPolicyError
from notarykit.trust.parsing import LARGEST_POLICY, parse_policy_document
from notarykit.trust.policy import StoreReference, StoreType, VerifyTimestamp, check_store_name
from tests.unit.trust.statements import ABSENT, REPOSITORY, make_statement, parse, refusal, skip


def test_a_whole_statement() -> None:
    """Every member of a statement is read."""
    statement = make_statement(
        signatureVerification={
            "level": "strict",
            "override": {"expiry": "log", "revocation": "skip"},
            "verifyTimestamp": "afterCertExpiry",
        },
        trustStores=["ca:acme-rockets", "signingAuthority:sa", "tsa:a.b_c-D"],
        trustedIdentities=["x509.subject: C=US, ST=WA, O=acme-rockets.io", "com.example.id:7"],
    )
    (policy,) = parse(statement).policies
    assert policy.name == "acme"
    assert policy.scopes == (REPOSITORY,)
    assert policy.level.name == "strict"
    assert not policy.level.is_skip
    assert policy.stores == (
        StoreReference(StoreType.CA, "acme-rockets"),
        StoreReference(StoreType.SIGNING_AUTHORITY, "sa"),
        StoreReference(StoreType.TSA, "a.b_c-D"),
    )
    assert [str(store) for store in policy.stores] == ["ca:acme-rockets", "signingAuthority:sa", "tsa:a.b_c-D"]
    assert policy.identities == ("x509.subject: C=US, ST=WA, O=acme-rockets.io", "com.example.id:7")
    assert policy.verify_timestamp is VerifyTimestamp.AFTER_CERT_EXPIRY


@pytest.mark.requirement(
    "trust:kinds-of-scopes",
    "trust:scopes",
    "trust:signature-verification",
    "trust:statement-name",
    "trust:trust-stores",
    "trust:trusted-identities",
)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "statement 1: 'name' must not be empty"),
        ({"name": ABSENT}, "statement 1 has no member 'name'"),
        ({"name": 7}, "statement 1: 'name' must be a string, not an integer"),
        ({"registryScopes": ABSENT}, "statement 'acme' has no member 'registryScopes'"),
        ({"registryScopes": []}, "statement 'acme': 'registryScopes' is empty"),
        ({"registryScopes": "*"}, "statement 'acme': 'registryScopes' must be an array, not a string"),
        ({"registryScopes": [1]}, "statement 'acme': 'registryScopes' must hold only strings, not an integer"),
        ({"registryScopes": ["*", REPOSITORY]}, "statement 'acme': the scope '*' must stand alone"),
        ({"registryScopes": ["*", "*"]}, "statement 'acme': the scope '*' must stand alone"),
        ({"signatureVerification": ABSENT}, "statement 'acme' has no member 'signatureVerification'"),
        ({"signatureVerification": "strict"}, "statement 'acme': 'signatureVerification' must be an object, not a"),
        ({"trustStores": ABSENT}, "statement 'acme': 'trustStores' is absent or empty"),
        ({"trustStores": []}, "statement 'acme': 'trustStores' is absent or empty"),
        ({"trustStores": None}, "statement 'acme': 'trustStores' is absent or empty"),
        ({"trustedIdentities": None}, "statement 'acme': 'trustedIdentities' is absent or empty"),
        ({"signatureVerification": None}, "statement 'acme': 'signatureVerification' must be an object, not null"),
        ({"trustedIdentities": ABSENT}, "statement 'acme': 'trustedIdentities' is absent or empty"),
        ({"trustedIdentities": []}, "statement 'acme': 'trustedIdentities' is absent or empty"),
        ({"trustedIdentities": ["*", "*"]}, "statement 'acme': '*' stands for every identity and must stand alone"),
        ({"trustedIdentities": ["C=US"]}, "statement 'acme': identity 'C=US' is not of the form prefix:value"),
        ({"trustedIdentities": ["x509.subject: C=US"]}, "statement 'acme': identity 'x509.subject: C=US': the"),
    ],
)  # fmt: skip
def test_malformed_members(changes: dict[str, Any], message: str) -> None:
    """A member that is absent, of a wrong type or against a rule is named together with its statement."""
    assert refusal(make_statement(**changes)).startswith(message)


@pytest.mark.requirement("trust:kinds-of-scopes", "trust:no-expansion", "trust:scope-without-asterisk")
@pytest.mark.parametrize(
    "scope",
    [
        "", " ", "registry", "docker.io", "docker.io/", "/repository", "registry.io/*", "*.io/repository", "**",
        "registry.io/Repository", "registry.io/repository:tag", "registry.io/repository@sha256:00", "registry.io//a",
        "https://registry.io/a", "registry.io/a/", "[::1/a", "registry.io:port/a", "registry.io/a b",
        "registry.io/a\n",
    ],
)  # fmt: skip
def test_malformed_scopes(scope: str) -> None:
    """A scope is a repository in full, without a wildcard in it."""
    message = f"statement 'acme': scope {scope!r} is neither '*' nor registry/repository in full"
    hint = "; prefixes are for documents of the version 'notarykit/1'" if scope == "registry.io/*" else ""
    assert refusal(make_statement(registryScopes=[REPOSITORY, scope])) == message + hint


@pytest.mark.requirement("trust:trust-stores")
@pytest.mark.parametrize(
    "store",
    ["", "ca", "acme", "CA:acme", "ca;acme", ":acme", " ca:acme", "cas:acme", "x509/ca:acme", "signingauthority:acme"],
)
def test_malformed_trust_stores(store: str) -> None:
    """A trust store is named by one of the three types and a name."""
    message = f"statement 'acme': trust store {store!r} is not of the form type:name with ca, signingAuthority or tsa"
    assert refusal(make_statement(trustStores=["ca:acme", store])) == message


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../ca", "a\\b", "a b", "a:b", "é", "a\n", "a\0"])
def test_malformed_names_of_stores(name: str) -> None:
    """A store's name cannot lead out of its folder, and the refusal names the statement and the store."""
    refused = refusal(make_statement(trustStores=[f"ca:{name}"]))
    assert refused == f"statement 'acme': trust store name {name!r} must be of letters, digits, '_', '.' and '-'"
    with pytest.raises(ValueError, match="must be of letters, digits"):
        check_store_name(name)


@pytest.mark.parametrize("name", ["a", "...", ".a", "A_b-9.c", "-"])
def test_names_of_stores(name: str) -> None:
    """Letters, digits and three signs make a store's name."""
    assert check_store_name(name) == name


@pytest.mark.requirement("trust:skip-is-not-for-all", "trust:trust-stores", "trust:trusted-identities")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trustStores": ["ca:acme"]}, "level 'skip' takes no trustStores and no trustedIdentities"),
        ({"trustedIdentities": ["*"]}, "level 'skip' takes no trustStores and no trustedIdentities"),
        ({"registryScopes": ["*"]}, "level 'skip' cannot be used with the global scope '*'"),
    ],
)
def test_malformed_skipping_statements(changes: dict[str, Any], message: str) -> None:
    """A statement that skips has no trust in it and is never for all artifacts."""
    assert refusal(skip(**changes)) == f"statement 'acme': {message}"


@pytest.mark.requirement("trust:version")
@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1", "version '1' is not supported; it must be '1.0' or 'notarykit/1'"),
        ("1.1", "version '1.1' is not supported; it must be '1.0' or 'notarykit/1'"),
        ("", "version '' is not supported; it must be '1.0' or 'notarykit/1'"),
        (1.0, "document: 'version' must be a string, not a number"),
        (None, "document: 'version' must be a string, not null"),
    ],
)
def test_other_versions(version: Any, message: str) -> None:
    """A document of another version is not guessed at."""
    assert refusal(make_statement(), version=version) == message


def test_malformed_documents() -> None:
    """A document that is not JSON, not an object, empty or too large is refused as such."""
    for content, message in (
        (b"", "not JSON: Expecting value at line 1, column 1"),
        (b"[]", "document must be an object, not an array"),
        (b"{}", "document has no member 'version'"),
        (b'{"version":"1.0"}', "document has no member 'trustPolicies'"),
        (b'{"version":"1.0","version":"1.0"}', "member 'version' occurs twice"),
        (b'{"version":"1.0"} x', "not JSON: Extra data"),
        (b" " * (LARGEST_POLICY + 1), "it is larger than 16777216 bytes"),
    ):
        with pytest.raises(TrustPolicyError, match=f"trust policy is malformed: {message}"):
            parse_policy_document(content)


@pytest.mark.requirement("trust:statements")
def test_malformed_lists_of_statements() -> None:
    """There is at least one statement, and each is an object; one that has no name yet goes by its number."""
    assert refusal() == "'trustPolicies' is empty; it needs at least one statement"
    assert refusal(make_statement(), []) == "statement 2 must be an object, not an array"
    assert refusal(make_statement(), make_statement(name="")) == "statement 2: 'name' must not be empty"
    assert refusal(trustPolicies={}) == "document: 'trustPolicies' must be an array, not an object"


@pytest.mark.requirement("trust:one-name")
def test_two_statements_with_one_name() -> None:
    """A name is for one statement."""
    refused = refusal(make_statement(), make_statement(registryScopes=["a.io/b"]))
    assert refused == "two statements have the name 'acme'"


@pytest.mark.parametrize("scope", ["[::1]:5000/a", "localhost:5000/a", "registry/a", "Registry.IO/a"])
def test_scopes_of_unusual_hosts(scope: str) -> None:
    """A scope may name every repository that a reference may."""
    policy = parse(make_statement(registryScopes=[scope])).applicable(scope)
    assert policy.name == "acme"


@pytest.mark.requirement("trust:one-global-scope", "trust:one-statement")
@pytest.mark.parametrize("scope", [REPOSITORY, "*"])
def test_two_statements_with_one_scope(scope: str) -> None:
    """A scope, and the global one too, is in one statement; both are named otherwise."""
    refused = refusal(make_statement(registryScopes=[scope]), make_statement(name="other", registryScopes=[scope]))
    assert refused == f"scope '{scope}' is in statement 'acme' and again in 'other'"


@pytest.mark.requirement("trust:one-statement")
def test_one_scope_twice_in_a_statement() -> None:
    """A scope stands once in its own statement as well."""
    refused = refusal(make_statement(registryScopes=[REPOSITORY, REPOSITORY]))
    assert refused == f"scope '{REPOSITORY}' is in statement 'acme' and again in 'acme'"


def test_unknown_members_bring_a_warning() -> None:
    """Members that are not known are named, and the rest counts."""
    with pytest.warns(NotarykitWarning) as caught:
        document = parse(make_statement(comment="x", globalPolicy=False), description="y")
    assert [str(each.message) for each in caught] == [
        "policy.json: document: member 'description' is not known",
        "policy.json: statement 'acme': member 'comment' is not known",
        "policy.json: statement 'acme': member 'globalPolicy' is not known",
    ]
    assert document.policies[0].name == "acme"


@pytest.mark.parametrize("other", ["truststores", "TrustStores", "tru\u017ftstores"])
def test_members_in_another_case_are_refused(other: str) -> None:
    """A member that programs in Go read as a known one would have them apply another policy."""
    looks_like = f"has the member '{other}', which looks like 'trustStores'"
    assert refusal(make_statement(**{other: []})) == f"statement 'acme' {looks_like}"
    assert refusal(make_statement(), TrustPolicies=[]).startswith(
        "document has the member 'TrustPolicies', which looks"
    )


def test_many_statements() -> None:
    """Twenty thousand statements are read in seconds."""
    statements = [make_statement(name=f"statement {at}", registryScopes=[f"registry.io/{at}"]) for at in range(20_000)]
    begun = time.process_time()
    assert len(parse(*statements).policies) == 20_000
    assert time.process_time() - begun < 8
