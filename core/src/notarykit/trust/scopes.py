"""Scopes that mean one repository to people and are two to a trust policy, which compares letter by letter.

Trust store and trust policy specification, "Registry Scopes": a scope is the repository's name as references write it.
"""

from collections.abc import Iterable

_DEFAULT_PORTS = ("443", "80")
_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


def look_alike(repository: str, scopes: Iterable[str]) -> str | None:
    """The first scope that differs from a repository's name by case, default port or Docker Hub's names alone."""
    meant = _meant(repository)
    return next((scope for scope in scopes if scope != repository and _meant(scope) == meant), None)


def _meant(scope: str) -> str:
    host, _, name = scope.lower().partition("/")
    bare, _, port = host.rpartition(":")
    if port in _DEFAULT_PORTS:
        host = bare
    if host not in _DOCKER_HUB:
        return f"{host}/{name}"
    return f"docker.io/{name if '/' in name else f'library/{name}'}"
