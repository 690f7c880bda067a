"""The scope that comes nearest to a repository, and the difference."""

import pytest

from notarykit.explanation.nearest_scope import nearest_scope
from notarykit.trust.policy import PREFIX_VERSION
from tests.unit.trust.statements import make_statement, parse


@pytest.mark.parametrize(
    ("repository", "scopes", "nearest", "difference"),
    [
        (
            "r.test/team/a",
            ["r.test/teams/a"],
            "r.test/teams/a",
            "component 1 is 'teams' in the scope, and 'team' in the",
        ),
        (
            "r.test/a",
            ["s.test/a", "r.test/b"],
            "r.test/b",
            "component 1 is 'b' in the scope, and 'a' in the repository",
        ),
        ("r.test/team/a", ["s.test/team/a"], "s.test/team/a", "the registry is 's.test' in the scope, and 'r.test' in"),
        ("r.test/team", ["r.test/team/*"], "r.test/team/*", "a prefix is for what is below 'r.test/team', and not for"),
        ("r.test/team", ["r.test/team/a/b"], "r.test/team/a/b", "the scope goes on with '/a/b'"),
        ("r.test/team/a/b", ["r.test/team"], "r.test/team", "the repository goes on with '/a/b', and a scope is a"),
        ("r.test/team/a", ["r.test:443/team/*"], "r.test:443/team/*", "the scope 'r.test:443/team/*' differs from its"),
        ("r.test/team/a", ["r.test/team/b", "r.test/*"], "r.test/team/b", "component 2 is 'b' in the scope, and 'a'"),
        ("r.test/Team/a", ["r.test/team/a"], "r.test/team/a", "the scope 'r.test/team/a' differs from it by case"),
    ],
)
def test_the_nearest_scope_and_its_difference(
    repository: str, scopes: list[str], nearest: str, difference: str
) -> None:
    """Of the scopes that do not match, the one with most in common is told with the first thing that differs."""
    document = parse(
        *(make_statement(name=f"of {scope}", registryScopes=[scope]) for scope in (*scopes, "*")),
        version=PREFIX_VERSION,
    )
    found = nearest_scope(document, document.choose(repository))
    assert found is not None
    assert (found.scope, found.policy) == (nearest, f"of {nearest}")
    assert found.difference.startswith(difference)


@pytest.mark.parametrize("scopes", [["*"], ["registry.example.com/other"], ["r.test/team/a"], ["r.test/*", "*"]])
def test_nothing_is_near(scopes: list[str]) -> None:
    """What matches is not near, and neither is what has nothing in common."""
    statements = [make_statement(name=scope, registryScopes=[scope]) for scope in scopes]
    document = parse(*statements, version=PREFIX_VERSION)
    assert nearest_scope(document, document.choose("r.test/team/a")) is None


def test_many_scopes_are_compared_soon() -> None:
    """With a hundred thousand scopes the nearest is found without comparing the letters of each."""
    scopes = [f"r{number}.test/a" for number in range(100_000)]
    document = parse(make_statement(registryScopes=[*scopes, "r.test/team/b"]))
    found = nearest_scope(document, document.choose("r.test/team/a"))
    assert found is not None
    assert found.scope == "r.test/team/b"
