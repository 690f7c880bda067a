"""Settings for registries, from the user's configuration and the options of a command."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from notarykit._internal.paths import cache_folder, certificate_folders
from notarykit.config.settings import load_settings
from notarykit.errors import UsageError
from notarykit.net.tls import TLSSettings
from notarykit.oci.registry.auth import Credentials
from notarykit.oci.registry.host import RegistrySettings

if TYPE_CHECKING:
    from notarykit.config.credentials import KnownCredentials


class RegistryOptions(NamedTuple):
    """Registry options of a command.

    Attributes:
        username: User name, or an empty string.
        password: Password; without a user name it is an identity token.
        plain_http: Hosts to be reached over plain HTTP.
        ca_file: File of CA certificates that replace the system's.
        cert_file: File of a client certificate.
        key_file: File of its private key.
        host: Registry that the user name and password are for; by default the first that requests some.
        added_ca_file: File of CA certificates that count beside those.
    """

    username: str = ""
    password: str = ""
    plain_http: frozenset[str] = frozenset()
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    host: str = ""
    added_ca_file: str = ""

    def __repr__(self) -> str:
        return f"RegistryOptions(username={self.username!r}, and secrets that are not shown)"


def registry_settings(options: RegistryOptions) -> RegistrySettings:
    """Returns the settings for all registries of a command.

    Raises:
        ConfigurationError: The general settings are malformed.
    """
    tls = TLSSettings(
        options.ca_file, options.cert_file, options.key_file, certificate_folders(), options.added_ca_file
    )
    plain_http = load_settings().insecure_registries | {host.lower() for host in options.plain_http}
    folder = cache_folder()
    locks, throttles = (os.path.join(folder, name) if folder else "" for name in ("locks", "throttles"))
    return RegistrySettings(plain_http, tls, _look_up(options), locks, _ways_to_log_in, throttles)


def _look_up(options: RegistryOptions) -> Callable[[str], Credentials | None]:
    """Returns the look-up of credentials: those of the options, else the user's."""
    if options.username or options.password:
        return _ForOneRegistry(options).credentials

    return _UsersCredentials()


def load_docker_config(path: str) -> Callable[[str], Credentials | None]:
    """Returns the look-up of credentials in a file of Docker's form and in the helpers that it names.

    It is read when credentials are looked up for the first time, and again for those that were refused.

    Args:
        path: Path of the file, such as a `config.json`.

    Returns:
        A function that returns the credentials for a repository, `host[:port]/name`, or None, also where there is no
        file. It raises `ConfigurationError` where the file is malformed, and `AccessError` where a helper fails.
    """
    return _UsersCredentials(path)


class _UsersCredentials:
    """The user's credentials, in files and helpers of the machine where they are looked up.

    Helpers are called once for each registry. A second look-up for a repository is for credentials that were refused:
    files and helpers are read anew, since a login may have replaced them.
    """

    def __init__(self, docker_config: str = "") -> None:
        self._docker_config = docker_config
        self._known: KnownCredentials | None = None
        self._repositories: set[str] = set()

    def __reduce__(self) -> tuple[object, ...]:
        return _UsersCredentials, (self._docker_config,)

    def __call__(self, repository: str) -> Credentials | None:
        if self._known is None or repository in self._repositories:
            from notarykit.config.credentials import KnownCredentials

            self._known, self._repositories = KnownCredentials(self._docker_config), set()
        self._repositories.add(repository)
        return self._known.find(repository)


def _ways_to_log_in(host: str) -> str:
    from notarykit.config.credentials import ways_to_log_in

    return ways_to_log_in(host)


class _ForOneRegistry:
    """Credentials for one registry: without its name they are sent to the first that requests some, and to no other."""

    def __init__(self, options: RegistryOptions) -> None:
        self._credentials = basic_or_token(options.username, options.password)
        self._host = options.host

    def credentials(self, repository: str) -> Credentials:
        """Returns the credentials for `host/name` or `host`.

        Raises:
            UsageError: They were returned for another registry.
        """
        host = repository.partition("/")[0]
        self._host = self._host or host
        if host != self._host:
            raise UsageError(
                f"the given credentials are for {self._host}, and {host} requires credentials too",
                advice="log in to each, or use one set of registries for each",
            )
        return self._credentials


def basic_or_token(username: str, password: str) -> Credentials:
    """Returns credentials of a name and password; a password without a name is an identity token."""
    return Credentials(username, password) if username else Credentials(identity_token=password)


def credentials_in(environment: Mapping[str, str]) -> tuple[str, str]:
    """Returns `$NOTATION_USERNAME` and `$NOTATION_PASSWORD`."""
    return environment.get("NOTATION_USERNAME", ""), environment.get("NOTATION_PASSWORD", "")
