"""How registries are reached, out of the user's settings and what a command was told."""

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from notarykit._internal.paths import cache_folder, certificate_folders
from notarykit.config.settings import load_settings
from notarykit.errors import UsageError
from notarykit.net.tls import TLSSettings
from notarykit.oci.registry.auth import Credentials
from notarykit.oci.registry.host import RegistrySettings

if TYPE_CHECKING:
    from notarykit.config.credentials import KnownCredentials


class Told(NamedTuple):
    """What a command was told about registries.

    Attributes:
        username: The user's name, or an empty string.
        password: The password; without a name it is an identity token.
        plain_http: The hosts that are to be talked to without TLS.
        ca_file: CA certificates in place of the system's.
        cert_file: A client certificate.
        key_file: Its key.
    """

    username: str = ""
    password: str = ""
    plain_http: frozenset[str] = frozenset()
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    def __repr__(self) -> str:
        return f"Told(username={self.username!r}, and secrets that are not shown)"


def registry_settings(told: Told) -> RegistrySettings:
    """The settings for all registries of a command.

    Raises:
        ConfigurationError: The general settings are malformed.
    """
    tls = TLSSettings(told.ca_file, told.cert_file, told.key_file, certificate_folders())
    plain_http = load_settings().insecure_registries | {host.lower() for host in told.plain_http}
    folder = cache_folder()
    locks = os.path.join(folder, "locks") if folder else ""
    return RegistrySettings(plain_http, tls, _look_up(told), locks, _ways_to_log_in)


def _look_up(told: Told) -> Callable[[str], Credentials | None]:
    """Looks credentials up: those that the command was told, else the user's."""
    if told.username or told.password:
        return _ForOneRegistry(told).credentials

    @cache
    def known() -> "KnownCredentials":
        from notarykit.config.credentials import KnownCredentials

        return KnownCredentials()

    return lambda repository: known().find(repository)


def _ways_to_log_in(host: str) -> str:
    from notarykit.config.credentials import ways_to_log_in

    return ways_to_log_in(host)


class _ForOneRegistry:
    """Credentials that came without a registry's name: they are for the first one that asks, and for no other."""

    def __init__(self, told: Told) -> None:
        self._given = given_credentials(told.username, told.password)
        self._host = ""

    def credentials(self, repository: str) -> Credentials:
        """The credentials for `host/name`, or for `host`.

        Raises:
            UsageError: Another registry has them.
        """
        host = repository.partition("/")[0]
        self._host = self._host or host
        if host != self._host:
            raise UsageError(
                f"the credentials that were given are for {self._host}, and {host} asks for some",
                advice="log in to each, or use one set of registries for each",
            )
        return self._given


def given_credentials(username: str, password: str) -> Credentials:
    """Credentials as commands take them: a password without a name is an identity token."""
    return Credentials(username, password) if username else Credentials(identity_token=password)


def credentials_in(environment: Mapping[str, str]) -> tuple[str, str]:
    """The user's name and the password of `$NOTATION_USERNAME` and `$NOTATION_PASSWORD`."""
    return environment.get("NOTATION_USERNAME", ""), environment.get("NOTATION_PASSWORD", "")
