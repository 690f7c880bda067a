"""The choice of a statement by its scopes, beside a slow model that was written for itself."""

import json
import string
import warnings

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from notarykit.errors import NoApplicablePolicyError, NotarykitWarning, TrustPolicyError
from notarykit.oci.reference import is_scope, parse_reference
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.policy import TrustPolicyDocument

_LOWER = frozenset(string.ascii_lowercase + string.digits)
_HOST = frozenset(string.ascii_letters + string.digits)
_DIGEST = f"sha256:{'0' * 64}"

_HOSTS = st.sampled_from(
    ["r.test", "r.test:443", "r.test:5000", "R.test", "r", "docker.io", "index.docker.io", "[::1]"]
)
_COMPONENTS = st.sampled_from(["a", "b", "ab", "a.b", "a-b", "a__b", "library", "0"])
_HOSTILE = st.sampled_from(
    ["", ".", "..", "*", "**", "A", "%61", "a%2fb", "a*", ".*", "a:b", "a@b", "a\n", "\u0430", "a_", " "]
)


def _rarely(usual: st.SearchStrategy[str], otherwise: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.integers(0, 19).flatmap(lambda number: otherwise if number == 19 else usual)


def _names(least: int) -> st.SearchStrategy[str]:
    """Names of repositories, and seldom what is none, with at least as many components behind the registry."""
    parts = st.lists(_rarely(_COMPONENTS, _HOSTILE), min_size=least, max_size=4)
    return st.tuples(_rarely(_HOSTS, _HOSTILE), parts).map(lambda name: "/".join((name[0], *name[1])))


_REPOSITORIES = _names(1)
_SCOPES = st.one_of(_names(1), _names(0).map(lambda name: f"{name}/*"), st.just("*"))


def _is_component(text: str) -> bool:
    """Lower-case letters and digits, with one dot, one or two underscores or any dashes between them."""
    kinds = "".join("x" if character in _LOWER else character for character in text)
    while "xx" in kinds:
        kinds = kinds.replace("xx", "x")
    while "--" in kinds:
        kinds = kinds.replace("--", "-")
    for separator in ("__", "_", ".", "-"):
        kinds = kinds.replace(f"x{separator}x", "xx").replace(f"x{separator}x", "xx")
    return bool(kinds) and set(kinds) == {"x"}


def _is_host(text: str) -> bool:
    name, colon, port = text.partition("]")[2].partition(":") if text.startswith("[") else text.partition(":")
    if colon and not (port and set(port) <= frozenset(string.digits)):
        return False
    if text.startswith("["):
        inner = text[1:].partition("]")[0]
        return name == "" and bool(inner) and set(inner) <= frozenset(f"{string.hexdigits}:")
    labels = name.split(".")
    return all(
        label and set(label) <= _HOST | {"-"} and not label.startswith("-") and not label.endswith("-")
        for label in labels
    )


def _is_repository(text: str) -> bool:
    host, *parts = text.split("/")
    return bool(parts) and _is_host(host) and all(map(_is_component, parts))


def _is_good_prefix(scope: str) -> bool:
    host, *parts = scope[:-2].split("/")
    return _is_host(host) and host == host.lower() and all(map(_is_component, parts))


def _model(scopes: list[str], repository: str) -> str | None:
    """The scope that decides: each is compared, component by component, and the best is taken."""
    best, rank = None, -1
    asked = repository.split("/")
    for scope in scopes:
        if scope == "*":
            found = 0
        elif scope.endswith("/*"):
            wanted = scope.split("/")[:-1]
            is_below = len(asked) > len(wanted) and all(a == b for a, b in zip(asked, wanted, strict=False))
            found = len(wanted) if is_below else -1
        else:
            found = 1_000_000 if asked == scope.split("/") else -1
        if found > rank:
            best, rank = scope, found
    return best


def _parse(scopes: list[list[str]]) -> TrustPolicyDocument:
    statements = [
        {
            "name": f"statement {number}",
            "registryScopes": each,
            "signatureVerification": {"level": "strict"},
            "trustStores": ["ca:a"],
            "trustedIdentities": ["*"],
        }
        for number, each in enumerate(scopes)
    ]
    return parse_policy_document(json.dumps({"version": "notarykit/1", "trustPolicies": statements}).encode())


@given(st.lists(_SCOPES, min_size=1, max_size=8, unique=True), st.lists(_REPOSITORIES, max_size=8))
@settings(max_examples=1500)
def test_choice_is_that_of_the_model(scopes: list[str], repositories: list[str]) -> None:
    """Of the scopes in any order and any distribution over statements, the one that the model takes decides."""
    good = [s for s in scopes if s == "*" or (_is_good_prefix(s) if s.endswith("/*") else _is_repository(s))]
    assume(good)
    statements = [["*"]] if "*" in good else []
    others = [scope for scope in good if scope != "*"]
    half = len(others) // 2
    statements += [part for part in (others[:half], others[half:]) if part]
    document = _parse(statements)
    below = [f"{scope[:-2]}/{part}" for scope in good if scope.endswith("/*") for part in ("a", "b/c", "../a", "")]
    for repository in (*repositories, *good, *below):
        expected = _model(good, repository) if _is_repository(repository) else None
        choice = document.choose(repository)
        assert (choice.scope or None) == expected
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotarykitWarning)
            try:
                policy = document.applicable(repository)
            except NoApplicablePolicyError:
                assert expected is None
            else:
                assert expected in policy.scopes
                assert policy is choice.policy


@given(_SCOPES)
@settings(max_examples=1500)
def test_scopes_are_refused_as_by_the_model(scope: str) -> None:
    """A scope is taken or refused as the model says, which reads it character by character."""
    is_good = scope == "*" or (_is_good_prefix(scope) if scope.endswith("/*") else _is_repository(scope))
    try:
        _parse([[scope]])
    except TrustPolicyError:
        assert not is_good
    else:
        assert is_good


@given(_REPOSITORIES)
@settings(max_examples=500)
def test_repositories_are_those_of_references(repository: str) -> None:
    """What the model takes for a repository is what a reference can name."""
    assert is_scope(repository) == _is_repository(repository)
    if _is_repository(repository):
        assert parse_reference(f"{repository}@{_DIGEST}").scope == repository


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=500)
def test_any_text_is_no_prefix_and_has_none(scope: str, repository: str) -> None:
    """Whatever text stands before the asterisk or is asked about, it is refused or is a name in full."""
    try:
        document = _parse([[f"{scope}/*"]])
    except TrustPolicyError:
        assert not _is_good_prefix(f"{scope}/*")
        document = _parse([["r.test/*"]])
    for asked in (repository, f"r.test/{repository}", f"{scope}/{repository}"):
        if document.choose(asked).policy is not None:
            assert _is_repository(asked)


def test_long_texts_take_no_time() -> None:
    """Names of many components, of a million characters or of none have no statement, and soon."""
    document = _parse([["r.test/a/*"]])
    deep = f"r.test/a/{'b/' * 500}b"
    assert document.choose(deep).scope == "r.test/a/*"
    for hostile in (f"{deep}{'/cc' * 4}", f"r.test/a/{'b/' * 500_000}b", f"r.test/a/{'b' * 1_000_000}"):
        assert document.choose(hostile).candidates == ()
    for scope in ("-" * 300_000, "a-" * 150_000, f"{'a_' * 150_000}_", "." * 300_000):
        with pytest.raises(TrustPolicyError):
            _parse([[f"r.test/{scope}/*"]])
