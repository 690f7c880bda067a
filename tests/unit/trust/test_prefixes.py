"""Prefixes among the scopes of documents of the version `notarykit/1`."""

import pickle
import warnings

import pytest

from notarykit.errors import NoApplicablePolicyError, NotarykitWarning
from notarykit.trust.policy import PREFIX_VERSION, TrustPolicyDocument
from tests.unit.trust.statements import blob_refusal, make_blob_statement, make_statement, parse, refusal, skip


def _document(*scopes: str) -> TrustPolicyDocument:
    """A document with a statement for each scope, which has it as its name too."""
    return parse(*(make_statement(name=scope, registryScopes=[scope]) for scope in scopes), version=PREFIX_VERSION)


def _refusal(*scopes: str) -> str:
    return refusal(make_statement(registryScopes=list(scopes)), version=PREFIX_VERSION)


@pytest.mark.parametrize(
    ("repository", "scope"),
    [
        ("r.test/team/a", "r.test/team/a"),
        ("r.test/team/b", "r.test/team/*"),
        ("r.test/team/a/b", "r.test/team/a/*"),
        ("r.test/team/a/b/c", "r.test/team/a/*"),
        ("r.test/team/ab/c", "r.test/team/*"),
        ("r.test/team", "r.test/*"),
        ("r.test/teamx/a", "r.test/*"),
        ("r.test/other", "r.test/*"),
        ("r.test:5000/team/a", "*"),
        ("r.testx/team/a", "*"),
        ("s.test/team/a", "*"),
    ],
)
def test_the_name_comes_first_then_the_longest_prefix_then_the_global_scope(repository: str, scope: str) -> None:
    """The order of the statements is of no meaning, and components match as a whole."""
    scopes = ["*", "r.test/*", "r.test/team/*", "r.test/team/a/*", "r.test/team/a"]
    for document in (_document(*scopes), _document(*reversed(scopes))):
        choice = document.choose(repository)
        assert (choice.scope, choice.policy) == (scope, document.applicable(repository))
        assert document.applicable(repository).name == scope
        assert choice.candidates[0] == repository
        assert choice.candidates[-1] == "*"


def test_candidates_are_in_the_order_of_precedence() -> None:
    """The scopes that match a repository are its name, its prefixes and the global one, whatever statements have."""
    wanted = ("r.test/a/b/c", "r.test/a/b/*", "r.test/a/*", "r.test/*", "*")
    choice = _document("s.test/*").choose("r.test/a/b/c")
    assert choice == ("r.test/a/b/c", wanted, "", None, None)
    assert parse(make_statement()).choose("r.test/a/b/c").candidates == ("r.test/a/b/c", "*")


def test_a_prefix_is_not_for_the_name_before_it() -> None:
    """`team/*` is for neither `team` itself nor a name that merely begins with it."""
    document = _document("r.test/team/*")
    for repository in ("r.test/team", "r.test/teamx", "r.test/teamx/a", "r.test/te/am"):
        with pytest.raises(NoApplicablePolicyError) as caught:
            document.applicable(repository)
        assert caught.value.message == f"no trust policy applies to {repository}"


@pytest.mark.parametrize(
    "repository",
    [
        "", "*", "r.test", "r.test/", "r.test/*", "r.test/team/", "r.test/team/*", "r.test//team/a", "r.test/team//a",
        "r.test/team/../other", "r.test/team/./a", "r.test/team/%61", "r.test/team/a%2fb", "r.test/Team/a",
        "r.test/team/A", "r.test/team/a:v1", "r.test/team/a@sha256:00", "r.test/team/a\n", "r.test/team/a b",
        "r.test/team/\uff41", "r.test\\team/a", "https://r.test/team/a", " r.test/team/a",
    ],
)  # fmt: skip
def test_what_is_no_repository_has_no_statement(repository: str) -> None:
    """No prefix takes what merely begins like it, and neither does the global scope of such a document."""
    document = _document("r.test/*", "r.test/team/*", "*")
    assert document.choose(repository).candidates == ()
    with pytest.raises(NoApplicablePolicyError):
        document.applicable(repository)


@pytest.mark.parametrize(
    "scope",
    [
        "/*", "//*", "*/*", "r.test/*/*", "r.test//*", "r.test/team//*", "r.test/../*", "r.test/team/../*",
        "r.test/./*", "r.test/%74eam/*", "r.test/team%2f/*", "r.test/te*m/*", "*.test/team/*", "r.test/.*/*",
        "r.test/[a-z]/*", "r.test/(a|b)/*", "r.test/team /*", " r.test/team/*", "r.test/team\n/*", "r.test/t\u00e9am/*",
        "r_test/team/*", "https://r.test/*", "r.test:port/*", "r.test/team:v1/*", "r.test\\team/*",
    ],
)  # fmt: skip
def test_malformed_prefixes(scope: str) -> None:
    """Before the asterisk there are whole components of a name as references write it, and nothing to be expanded."""
    problem = "what stands before '/*' is not registry, or registry and whole components of a repository's name"
    assert _refusal("r.test/a", scope) == f"statement 'acme': scope {scope!r} is no prefix: {problem}"


@pytest.mark.parametrize("scope", ["R.test/*", "r.TEST/team/*", "[::A]/team/*"])
def test_prefixes_in_upper_case(scope: str) -> None:
    """A prefix is lower case, in the registry's name too, which registries do not tell apart by case."""
    assert _refusal(scope) == f"statement 'acme': scope {scope!r} is no prefix: a prefix is written in lower case"


@pytest.mark.parametrize(
    "scope", ["r.test/team*", "r.test/team/*a", "r.test/*team", "r.test/t*/a", "r.test", "r.test/**", "**", ""]
)
def test_other_asterisks(scope: str) -> None:
    """An asterisk anywhere else is refused, as is what is no scope without one."""
    problem = "is neither '*' nor registry/repository in full, nor a prefix of it with '/*'"
    assert _refusal(scope) == f"statement 'acme': scope {scope!r} {problem}"


@pytest.mark.requirement("trust:version")
def test_the_version_says_that_there_may_be_prefixes() -> None:
    """Under 1.0 a prefix is refused; a document for blobs has no version with prefixes."""
    refused = refusal(make_statement(registryScopes=["r.test/team/*"]))
    assert refused.endswith("; prefixes are for documents of the version 'notarykit/1'")
    assert not refusal(make_statement(registryScopes=["r.test/../*"])).endswith("'notarykit/1'")
    supported = f"version {PREFIX_VERSION!r} is not supported; it must be '1.0'"
    assert blob_refusal(make_blob_statement(), version=PREFIX_VERSION) == supported
    for version in ("notarykit/2", "notarykit/1.0", "Notarykit/1", "notarykit", "1.0 "):
        problem = f"version {version!r} is not supported; it must be '1.0' or 'notarykit/1'"
        assert refusal(make_statement(), version=version) == problem


def test_a_text_in_the_form_of_a_prefix_is_none_without_the_version() -> None:
    """A document of 1.0 that a program makes has no prefixes, whatever its scopes look like."""
    (policy,) = _document("r.test/team/*").policies
    document = TrustPolicyDocument((policy,))
    with pytest.raises(NoApplicablePolicyError):
        document.applicable("r.test/team/a")
    assert document.look_alike("r.test/team/a") is None


def test_documents_cross_to_other_processes() -> None:
    """The version goes along where a document is pickled."""
    document = _document("r.test/team/*")
    assert pickle.loads(pickle.dumps(document)).applicable("r.test/team/a").name == "r.test/team/*"


def test_a_prefix_does_not_skip() -> None:
    """What is not to be verified is named, repository by repository: a prefix grows with what others push."""
    problem = "level 'skip' cannot be used with the global scope '*' or a prefix: name each repository"
    for scope in ("r.test/*", "r.test/team/*", "*"):
        statement = skip(registryScopes=[scope] if scope == "*" else ["r.test/a", scope])
        assert refusal(statement, version=PREFIX_VERSION) == f"statement 'acme': {problem}"
    named = parse(skip(registryScopes=["r.test/team/a"]), make_statement(name="b"), version=PREFIX_VERSION)
    assert named.applicable("r.test/team/a").level.is_skip


def test_a_prefix_is_in_one_statement() -> None:
    """A prefix in two statements is refused, as is `*` beside another scope."""
    two = [make_statement(name=name, registryScopes=["r.test/team/*"]) for name in "ab"]
    assert refusal(*two, version=PREFIX_VERSION) == "scope 'r.test/team/*' is in statement 'a' and again in 'b'"
    assert _refusal("*", "r.test/*") == "statement 'acme': the scope '*' must stand alone"


_ALIKE = [
    ("r.test:443/team/a", "r.test/team/*", "*"),
    ("R.test/team/a", "r.test/*", "*"),
    ("r.test/team/a", "r.test:443/team/a", "r.test/team/*"),
    ("r.test/team/a/b", "r.test:0080/team/a/*", "r.test/team/*"),
    ("docker.io/hello", "docker.io/library/*", "docker.io/*"),
    ("docker.io/acme/a", "index.docker.io/acme/*", "*"),
]


@pytest.mark.parametrize(("repository", "alike", "chosen"), _ALIKE)
def test_a_nearer_scope_that_differs_in_form_alone(repository: str, alike: str, chosen: str) -> None:
    """Where another scope means the repository and would come first, a warning names both."""
    document = _document(alike, chosen)
    assert document.look_alike(repository) == alike
    with pytest.warns(NotarykitWarning) as caught:
        assert document.applicable(repository).name == chosen
    (warning,) = caught
    part = "its beginning" if alike.endswith("*") else "it"
    assert f"statement {chosen!r}, with the scope {chosen!r}, applies to {repository}" in str(warning.message)
    assert f"the scope {alike!r} differs from {part} by case, default port" in str(warning.message)


@pytest.mark.parametrize(
    ("repository", "other", "chosen"),
    [
        ("r.test/team/a", "r.test:443/team/*", "r.test/team/a"),
        ("r.test/team/a", "r.test:443/team/*", "r.test/team/*"),
        ("r.test/team/a", "r.test:443/*", "r.test/team/*"),
        ("r.test/team/a", "r.test:5000/team/*", "*"),
        ("r.test/team/a", "r.test:443/tea/*", "*"),
        ("docker.io/acme/hello", "docker.io/library/*", "*"),
    ],
)
def test_scopes_that_would_not_come_first(repository: str, other: str, chosen: str) -> None:
    """What is not nearer than the scope that applies, or another name, brings no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _document(other, chosen).applicable(repository).name == chosen


def test_the_refusal_names_a_prefix_that_looks_alike() -> None:
    """Where nothing applies, the refusal says which prefix was meant."""
    with pytest.raises(NoApplicablePolicyError) as caught:
        _document("r.test/team/*").applicable("r.test:443/team/a")
    assert "r.test:443/team/a: the scope 'r.test/team/*' differs from its beginning by case" in caught.value.message


def test_what_is_longer_than_any_name_has_no_scope() -> None:
    """A name of up to 1020 characters, four times what registries take, has scopes; each component is a candidate."""
    document = _document("r.test/team/*", "*")
    longest = "r.test/team/" + "a/" * 503 + "ab"
    assert len(longest) == 1020
    assert document.applicable(longest).name == "r.test/team/*"
    for repository in (f"{longest}c", longest + "/a" * 100_000):
        assert document.choose(repository).candidates == ()
        with pytest.raises(NoApplicablePolicyError):
            document.applicable(repository)
