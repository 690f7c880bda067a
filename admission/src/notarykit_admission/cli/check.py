"""Check of all files that the settings name; nothing is served."""

import warnings
from collections.abc import Callable

from notarykit import NotarykitError
from notarykit.errors import ConfigurationError
from notarykit_admission.access.opened import OpenedAccess
from notarykit_admission.access.registry_files import RegistryFiles
from notarykit_admission.message import one_line
from notarykit_admission.policy.source import PolicySource
from notarykit_admission.program.settings import Settings
from notarykit_admission.server.tls import ServerTLS


def check(settings: Settings) -> tuple[list[str], int]:
    """Returns a line for each part of the files, those with warnings first, and the exit code: 0 if all can be used."""
    parts: dict[str, Callable[[], str]] = {"policy": lambda: _policy(settings)}
    if settings.tls.certificate:
        parts["TLS"] = lambda: _tls(settings)
    parts["registries"] = lambda: _registries(settings)
    lines: list[str] = []
    code = 0
    for name, look in parts.items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                found = f"good: {look()}"
            except NotarykitError as error:
                found, code = f"wrong: {one_line(error.one_line())}", 1
        lines += [f"{name}: warning: {one_line(str(warning.message))}" for warning in caught]
        lines.append(f"{name}: {found}")
    return lines, code


def _policy(settings: Settings) -> str:
    policies = PolicySource(settings.policy).current
    rules = policies.rules
    names = ", ".join(sorted(policies.loaded))
    default = f"{rules.default.mode} by default, rules of namespaces: {len(rules.namespaces)}"
    return one_line(f"{names}; {default}; identity {policies.identity}")


def _tls(settings: Settings) -> str:
    tls = ServerTLS(settings.tls)
    if warning := tls.warning():
        raise ConfigurationError(warning, advice="renew it")
    return f"the certificate ends at {tls.end:%Y-%m-%dT%H:%M:%SZ}"


def _registries(settings: Settings) -> str:
    OpenedAccess(settings.access, RegistryFiles(settings.access))
    return "their settings can be read"
