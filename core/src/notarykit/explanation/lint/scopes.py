"""Scopes of a trust policy that are well formed and do not name what their writer most likely means."""

from collections.abc import Iterator
from typing import NamedTuple

from notarykit.trust.policy import TrustPolicyDocument
from notarykit.trust.scopes import GLOBAL_SCOPE, usual_spelling

# distribution-spec, "Pulling manifests": clients limit registry and name together.
_LONGEST = 255
# Registries' names that need no dot: of this machine, and by convention of image layouts.
_UNQUALIFIED = ("localhost", "local")


class ScopeProblem(NamedTuple):
    """Problem of a scope: rule, member, what is wrong, and what to do."""

    rule: str
    member: str
    problem: str
    fix: str


def scope_problems(document: TrustPolicyDocument) -> dict[str, list[ScopeProblem]]:
    """Returns the problems of the scopes of each statement, by its name."""
    owners = {scope: each.name for each in document.policies for scope in each.scopes if scope != GLOBAL_SCOPE}
    spellings: dict[str, list[str]] = {}
    for scope in owners:
        spellings.setdefault(usual_spelling(scope), []).append(scope)
    problems: dict[str, list[ScopeProblem]] = {policy.name: [] for policy in document.policies}
    for scope, name in owners.items():
        problems[name] += _of_scope(scope, spellings[usual_spelling(scope)], owners)
    return problems


def _of_scope(scope: str, alike: list[str], owners: dict[str, str]) -> Iterator[ScopeProblem]:
    usual = usual_spelling(scope)
    others = [f"{other!r} of statement {owners[other]!r}" for other in alike if other != scope]
    if others:
        yield _problem(
            "scopes-look-alike",
            f"{scope!r} and {', '.join(others)} look alike, and each is for references that are written as it is",
            f"keep one, {usual!r} if references are written so",
        )
    elif usual != scope:
        yield _problem(
            "scope-unusual",
            f"{scope!r} applies only to references that are written as it is, and most programs write {usual!r}",
            f"use {usual!r} if references are written so",
        )
    registry = scope.partition("/")[0]
    if not set(registry) & set(".:[") and registry.lower() not in _UNQUALIFIED:
        yield _problem(
            "registry-unqualified",
            f"{scope!r} is for a registry with the name {registry!r}: names are not expanded",
            f"write the registry's name in full, such as 'docker.io/{scope}'",
        )
    if len(scope) > _LONGEST:
        yield _problem(
            "scope-too-long",
            f"a scope of {len(scope)} letters never applies: programs refuse references of more than {_LONGEST}",
            "leave it out",
        )


def _problem(rule: str, problem: str, fix: str) -> ScopeProblem:
    return ScopeProblem(rule, "registryScopes", problem, fix)
