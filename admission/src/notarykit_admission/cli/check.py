"""Check of all files that the program is given, without serving anybody."""

import warnings
from collections.abc import Callable, Iterator

from notarykit import NotarykitError
from notarykit_admission.access.opened import OpenedAccess
from notarykit_admission.access.registry_files import RegistryFiles
from notarykit_admission.message import one_line
from notarykit_admission.policy.source import PolicySource
from notarykit_admission.program.settings import Settings
from notarykit_admission.server.tls import ServerTLS

_GOOD = "good: "


class _FlawError(Exception):
    """Something can be read, and should not be used."""


def check(settings: Settings) -> tuple[list[str], int]:
    """Returns a line for each part of the files, those with warnings first, and the exit code: 0 if all can be used."""
    parts: dict[str, Callable[[], str]] = {"policy": lambda: _policy(settings)}
    if settings.tls.certificate:
        parts["TLS"] = lambda: _tls(settings)
    parts["registries"] = lambda: _registries(settings)
    lines = list(_look(parts))
    return [line for line, _ in lines], 0 if all(is_good for _, is_good in lines) else 1


def _look(parts: dict[str, Callable[[], str]]) -> Iterator[tuple[str, bool]]:
    for name, look in parts.items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            verdict = _verdict(look)
        for warning in caught:
            yield f"{name}: warning: {one_line(str(warning.message))}", True
        yield f"{name}: {verdict}", verdict.startswith(_GOOD)


def _verdict(look: Callable[[], str]) -> str:
    try:
        return f"{_GOOD}{look()}"
    except NotarykitError as error:
        return f"wrong: {one_line(error.one_line())}"
    except _FlawError as error:
        return f"wrong: {one_line(str(error))}"


def _policy(settings: Settings) -> str:
    policies = PolicySource(settings.policy).current
    rules = policies.rules
    names = ", ".join(sorted(policies.loaded))
    default = f"{rules.default.mode} by default, rules of namespaces: {len(rules.namespaces)}"
    return one_line(f"{names}; {default}; identity {policies.identity}")


def _tls(settings: Settings) -> str:
    tls = ServerTLS(settings.tls)
    if warning := tls.warning():
        raise _FlawError(f"{warning}: renew it")
    return f"the certificate ends at {tls.end:%Y-%m-%dT%H:%M:%SZ}"


def _registries(settings: Settings) -> str:
    OpenedAccess(settings.access, RegistryFiles(settings.access))
    return "their settings can be read"
