"""Scopes of trust policies for artifacts: which match a repository, and which only look as if they did.

Trust store and trust policy specification, "Selecting a trust policy to verify a signed OCI artifact": a scope is the
repository's name as references write it, or `*`. Documents of the version `notarykit/1` also have prefixes, which are
whole components of such a name, then `/*`: `registry.example.com/team/*` is for everything below `team`, at any depth.
"""

import functools
import re
from collections.abc import Iterable

from notarykit.oci.reference import is_scope

GLOBAL_SCOPE = "*"

_BELOW = "/*"
# Four times what registries' clients take (distribution-spec, "Pulling manifests"); each component makes a candidate.
_LONGEST_NAME = 1020
_DEFAULT_PORTS = ("443", "80")
_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")
_UPPER_CASE = re.compile("[A-Z]")


def is_prefix(scope: str) -> bool:
    """Tells whether a scope has the form of a prefix; whether it is a good one, `why_no_prefix` says."""
    return scope.endswith(_BELOW)


def why_no_prefix(scope: str) -> str:
    """Returns what is wrong with a scope of the form of a prefix, or an empty string.

    `*` stands for whole components, once and at the end, and what stands before it is the beginning of a repository's
    name as references write it, which has no `..`, no empty component and no percent-encoding. Registries do not tell
    case apart in their own names, so a prefix that does would leave out what is meant.
    """
    beginning = scope.removesuffix(_BELOW)
    if not is_scope(f"{beginning}/a"):
        return "what stands before '/*' is not registry, or registry and whole components of a repository's name"
    if _UPPER_CASE.search(beginning):
        return "a prefix is written in lower case"
    return ""


def matching_scopes(repository: str, *, with_prefixes: bool) -> tuple[str, ...]:
    """Returns the scopes that match a repository, in the order of their precedence.

    Args:
        repository: `registry/repository`, without tag or digest.
        with_prefixes: True for a document with prefixes, which come between the name and `*`, the longest first. What
            is not a repository's name, or longer than any, has no scope then: nothing strange is taken for what it
            begins with.
    """
    if not with_prefixes:
        return repository, GLOBAL_SCOPE
    if len(repository) > _LONGEST_NAME or not is_scope(repository):
        return ()
    components = repository.split("/")
    prefixes = ("/".join(components[:count]) + _BELOW for count in range(len(components) - 1, 0, -1))
    return (repository, *prefixes, GLOBAL_SCOPE)


def look_alike(repository: str, scopes: Iterable[str], chosen: str = GLOBAL_SCOPE) -> str | None:
    """Returns the first scope that people take for one of a repository, and that would come before the chosen one.

    It differs by case, default port or Docker Hub's names alone.

    Args:
        repository: `registry/repository`.
        scopes: Scopes of the document.
        chosen: The scope that matches the repository, or `*` where none does.
    """
    if chosen == repository:
        return None
    normalized = _normalized(repository)
    depth = chosen.count("/")
    for scope in scopes:
        if is_prefix(scope):
            is_nearer = scope.count("/") > depth and not repository.startswith(scope[:-1])
            if is_nearer and normalized.startswith(_normalized_prefix(scope)):
                return scope
        elif scope != repository and _normalized(scope) == normalized:
            return scope
    return None


def usual_spelling(scope: str) -> str:
    """Returns a scope as most programs write references: lower case, no default port, Docker Hub's own name."""
    return f"{_normalized_prefix(scope)}*" if is_prefix(scope) else _normalized(scope)


@functools.lru_cache(4096)  # the scopes of a policy are the same for all repositories that are asked about
def _normalized(scope: str) -> str:
    host, _, name = scope.lower().partition("/")
    host = _normalized_host(host)
    if host not in _DOCKER_HUB:
        return f"{host}/{name}"
    return f"docker.io/{name if '/' in name else f'library/{name}'}"


@functools.lru_cache(4096)
def _normalized_prefix(scope: str) -> str:
    host, _, name = scope.lower().removesuffix("*").partition("/")
    host = _normalized_host(host)
    return f"{'docker.io' if host in _DOCKER_HUB else host}/{name}"


def _normalized_host(host: str) -> str:
    bare, _, port = host.rpartition(":")
    if not port.isdecimal():
        return host
    port = port.lstrip("0")  # which no program minds
    return bare if port in _DEFAULT_PORTS else f"{bare}:{port}"
