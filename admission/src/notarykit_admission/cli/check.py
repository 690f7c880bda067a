"""Check of all files that the program is given, without serving anybody."""

from collections.abc import Callable, Iterator

from notarykit import NotarykitError
from notarykit_admission.access.opened import OpenedAccess
from notarykit_admission.access.own import OwnSettings
from notarykit_admission.message import one_line
from notarykit_admission.policy.source import PolicySource
from notarykit_admission.program.settings import Settings
from notarykit_admission.server.tls import ServerTLS


class _FlawError(Exception):
    """Something can be read, and should not be used."""


def check(settings: Settings) -> tuple[list[str], int]:
    """Returns a line for each part of the files, and the exit code: 0 if all can be used, or 1."""
    parts: dict[str, Callable[[], str]] = {"policy": lambda: _policy(settings)}
    if settings.tls.certificate:
        parts["TLS"] = lambda: _tls(settings)
    parts["registries"] = lambda: _registries(settings)
    lines = list(_look(parts))
    return [line for line, _ in lines], 0 if all(is_good for _, is_good in lines) else 1


def _look(parts: dict[str, Callable[[], str]]) -> Iterator[tuple[str, bool]]:
    for name, look in parts.items():
        try:
            yield f"{name}: good: {look()}", True
        except NotarykitError as error:
            yield f"{name}: wrong: {one_line(error.one_line())}", False
        except _FlawError as error:
            yield f"{name}: wrong: {one_line(str(error))}", False


def _policy(settings: Settings) -> str:
    policies = PolicySource(settings.policy).current
    rules = policies.rules
    names = ", ".join(sorted(policies.loaded))
    default = f"{rules.default.mode} by default, {len(rules.namespaces)} namespaces with rules of their own"
    return one_line(f"{names}; {default}; identity {policies.identity}")


def _tls(settings: Settings) -> str:
    tls = ServerTLS(settings.tls)
    if warning := tls.warning():
        raise _FlawError(f"{warning}: renew it")
    return f"the certificate ends at {tls.end:%Y-%m-%dT%H:%M:%SZ}"


def _registries(settings: Settings) -> str:
    OpenedAccess(settings.access, OwnSettings(settings.access))
    return "their settings can be read"
