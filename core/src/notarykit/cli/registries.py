"""Registries by flags, environment and settings; all references of a command share their connections."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import Any

from notarykit._internal.pickling import check_local
from notarykit._internal.secret_text import mark_in
from notarykit.cli.options import Options
from notarykit.config.registries import RegistryOptions, credentials_in, registry_settings
from notarykit.errors import UsageError
from notarykit.oci.reference import LayoutReference, Reference, is_scope
from notarykit.oci.registry.registries import Registries
from notarykit.oci.repository import Repository


def registry_options(options: Options, hosts: Sequence[str]) -> RegistryOptions:
    """Returns the registry options of a command; flags override the environment.

    Raises:
        UsageError: A key has no certificate, or credentials are set for several registries.
    """
    username, password = options["username"] or "", options["password"] or ""
    check_secret(username, "--username")
    check_secret(password, "--password")
    if not (username or password):
        username, password = credentials_in(options.credentials)
        check_secret(username, "$NOTATION_USERNAME")
        check_secret(password, "$NOTATION_PASSWORD")
    if username and not password and "password-stdin" not in options.values:  # login reads or asks for it
        raise UsageError("a user name without a password", advice="give --password, or $NOTATION_PASSWORD")
    if (username or password) and len(set(hosts)) > 1:
        raise UsageError(
            f"credentials for one registry, and references to {len(set(hosts))}",
            advice="use one command per registry, or log in to each",
        )
    if (username or password) and not hosts:
        raise UsageError("credentials for one registry, and no reference that names it")
    if options["key-file"] and not options["cert-file"]:
        raise UsageError("--key-file requires --cert-file")
    return RegistryOptions(
        username,
        password,
        frozenset(hosts) if options["insecure-registry"] else frozenset(),
        options["ca-file"] or "",
        options["cert-file"] or "",
        options["key-file"] or "",
        next(iter(hosts), ""),
    )


def check_secret(text: str, where: str) -> None:
    """Refuses a name or password with a byte order mark or line end before a registry counts a failed attempt.

    Raises:
        UsageError: It begins or ends with one: neither has control characters (RFC 7617, section 2).
    """
    if mark := mark_in(os.fsencode(text)):
        raise UsageError(f"{where} {mark}", advice="leave it out")


def check_host(host: str) -> None:
    """Refuses an argument that is not a registry's host.

    Raises:
        UsageError: It is not of the form `host[:port]`.
    """
    if "/" in host or not is_scope(f"{host}/repository"):
        raise UsageError(
            f"{host!r} is not a registry host", advice="write it without https:// and without a repository"
        )


def _ways_to_log_in(others: Callable[[str], str], host: str) -> str:
    return f"give --username and --password, {others(host)}"


class NamedRegistries:
    """Registries that references name, by flags, environment and settings; implements `Repositories`.

    With a password of the flags or the environment, it is pickled for processes of this machine alone.

    Args:
        options: Options of the command.
        hosts: Registries that are known already; a user name and password are for the first.

    Raises:
        UsageError: The flags do not go together.
        ConfigurationError: The settings are malformed.
    """

    def __init__(self, options: Options, hosts: Sequence[str]) -> None:
        self._options = registry_options(options, hosts)
        self._is_insecure: bool = options["insecure-registry"]
        is_old = "allow-referrers-api" in options.written
        self._parameters: dict[str, Any] = {
            "timeout": options["timeout"],
            "form": options.values.get("manifest-form", "current"),
            "force_referrers_tag": not options["allow-referrers-api"]
            if is_old
            else bool(options.values.get("force-referrers-tag")),
        }
        self._start()
        self._opened_for(self._options.plain_http)

    def _start(self) -> None:
        self._opened: dict[frozenset[str], Registries] = {}
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        if self._options.password:
            check_local("credentials for registries")
        return {name: value for name, value in self.__dict__.items() if name not in ("_opened", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    def open(self, reference: Reference | LayoutReference) -> Repository:
        """Opens the repository of a reference, which permits plain HTTP to its registry under `--insecure-registry`."""
        assert isinstance(reference, Reference)
        named = {reference.registry} if self._is_insecure else set()
        return self._opened_for(self._options.plain_http | named).open(reference)

    @property
    def named(self) -> Registries:
        """Those that are known already."""
        return self._opened_for(self._options.plain_http)

    def _opened_for(self, plain_http: frozenset[str]) -> Registries:
        with self._lock:
            if plain_http not in self._opened:
                settings = registry_settings(self._options._replace(plain_http=plain_http))
                settings = settings._replace(ways_to_log_in=partial(_ways_to_log_in, settings.ways_to_log_in))
                self._opened[plain_http] = Registries(settings, **self._parameters)
            return self._opened[plain_http]

    def close(self) -> None:
        """Closes all connections."""
        for registries in self._opened.values():
            registries.close()
