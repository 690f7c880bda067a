"""The scope of a trust policy that comes nearest to a repository without matching it, for people who expected it to."""

from difflib import SequenceMatcher
from typing import NamedTuple

from notarykit.trust.policy import PolicyChoice, TrustPolicyDocument
from notarykit.trust.scopes import GLOBAL_SCOPE, is_prefix

_MOST_COMPARED = 1000
_LEAST_ALIKE = 0.6


class NearestScope(NamedTuple):
    """Scope that does not match a repository.

    Attributes:
        scope: The scope.
        policy: Name of its statement.
        difference: What sets it apart from the repository, as a clause.
    """

    scope: str
    policy: str
    difference: str


def nearest_scope(document: TrustPolicyDocument, choice: PolicyChoice) -> NearestScope | None:
    """Returns the scope that a repository misses by the least, or None where none is near.

    Args:
        document: The document.
        choice: Its choice for the repository.
    """
    owners = {scope: policy.name for policy in document.policies for scope in policy.scopes}
    if choice.alike is not None:
        return NearestScope(choice.alike, owners[choice.alike], choice.difference)
    others = [scope for scope in owners if scope not in choice.candidates and scope != GLOBAL_SCOPE]
    common = {scope: _common(scope, choice.repository) for scope in others}
    most = max(common.values(), default=0)
    nearest = [scope for scope in others if common[scope] == most][:_MOST_COMPARED]
    alike = {scope: SequenceMatcher(None, scope, choice.repository).ratio() for scope in nearest}
    best = max(nearest, key=alike.__getitem__, default=None)
    if best is None or (not most and alike[best] < _LEAST_ALIKE):
        return None
    return NearestScope(best, owners[best], scope_difference(best, choice.repository))


def _common(scope: str, repository: str) -> int:
    """Returns the number of components with which both begin."""
    count = 0
    for ours, theirs in zip(_components(scope), repository.split("/"), strict=False):
        if ours != theirs:
            break
        count += 1
    return count


def _components(scope: str) -> list[str]:
    return (scope[:-2] if is_prefix(scope) else scope).split("/")


def scope_difference(scope: str, repository: str) -> str:
    """Returns why a scope does not match a repository, as a clause that has both in it."""
    ours, theirs = _components(scope), repository.split("/")
    place = _common(scope, repository)
    if place < min(len(ours), len(theirs)):
        part = "the registry" if not place else f"component {place}"
        case = ", which is another case" if ours[place].lower() == theirs[place].lower() else ""
        return f"{part} is {ours[place]!r} in the scope, and {theirs[place]!r} in the repository{case}"
    if len(ours) > len(theirs):
        rest = "/".join(ours[len(theirs) :])
        return f"the scope goes on with {f'/{rest}'!r}"
    if is_prefix(scope):
        if len(ours) == len(theirs):
            return f"a prefix is for what is below {repository!r}, and not for {repository!r} itself"
        return "it is a prefix, and prefixes match in documents of the version 'notarykit/1' alone"
    rest = "/".join(theirs[len(ours) :])
    return f"the repository goes on with {f'/{rest}'!r}, and a scope is a repository's name in full"
