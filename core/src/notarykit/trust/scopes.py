"""Scopes that look alike: trust policies compare them letter by letter, and people do not.

Trust store and trust policy specification, "Registry Scopes": a scope is the repository's name as references write it.
"""

import functools
from collections.abc import Iterable

_DEFAULT_PORTS = ("443", "80")
_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


def look_alike(repository: str, scopes: Iterable[str]) -> str | None:
    """Returns the first scope that differs from a repository's by case, default port or Docker Hub's names alone."""
    normalized = _normalized(repository)
    return next((scope for scope in scopes if scope != repository and _normalized(scope) == normalized), None)


@functools.lru_cache(4096)  # the scopes of a policy are the same for all repositories that are asked about
def _normalized(scope: str) -> str:
    host, _, name = scope.lower().partition("/")
    bare, _, port = host.rpartition(":")
    if port.isdecimal():
        port = port.lstrip("0")  # which no program minds
        host = bare if port in _DEFAULT_PORTS else f"{bare}:{port}"
    if host not in _DOCKER_HUB:
        return f"{host}/{name}"
    return f"docker.io/{name if '/' in name else f'library/{name}'}"
