"""Credentials for registries, in the files of notation, Docker and podman and in credential helpers.

Order of precedence: notation's `config.json`, Docker's, podman's `auth.json`; in each, the helper of the host, the
helper of all hosts, the entry in the file.
"""

import contextlib
import json
from typing import Any, NamedTuple

from notarykit._internal import files, locks
from notarykit._internal.paths import config_folder, settings_file
from notarykit._internal.strict_json import Members, loads
from notarykit.config import credential_helpers as helpers
from notarykit.config.credential_files import LARGEST_FILE, credential_files, remove_entries, server_address
from notarykit.errors import AccessError, ConfigurationError
from notarykit.net.trace import note
from notarykit.oci.registry.auth import Credentials


class KnownCredentials:
    """Credentials in files and helpers; each helper is called once per registry.

    Args:
        docker_config: The only file that counts, of Docker's form; by default all of the user's count.
    """

    def __init__(self, docker_config: str = "") -> None:
        """Reads no file."""
        self._docker_config = docker_config
        self._from_helpers: dict[tuple[str, str], Credentials | None] = {}

    def find(self, repository: str) -> Credentials | None:
        """Returns the credentials for `host[:port]/name` or `host[:port]`, or None.

        Raises:
            ConfigurationError: A file is malformed.
            AccessError: A helper failed.
        """
        address = server_address(repository.partition("/")[0])
        for file in credential_files(repository, self._docker_config):
            try:
                credentials = self._get(file.helper, address) if file.helper else None
            except AccessError as error:
                raise error.within(f"credentials in {file.path}") from error
            source = f"the helper {file.helper!r} of {file.path}" if credentials else file.path
            credentials = credentials or file.credentials()
            if credentials is not None:
                note(f"credentials for {repository}: from {source}")
                return credentials
        return None

    def _get(self, helper: str, address: str) -> Credentials | None:
        if (helper, address) not in self._from_helpers:
            self._from_helpers[helper, address] = helpers.get(helper, address)
        return self._from_helpers[helper, address]


def credentials_for(repository: str) -> Credentials | None:
    """Returns the credentials for a repository or registry, read anew."""
    return KnownCredentials().find(repository)


def ways_to_log_in(host: str) -> str:
    """Returns advice for a registry that requires credentials, limited to ways that work on this machine."""
    ways = f"set $NOTATION_USERNAME and $NOTATION_PASSWORD, or run 'docker login {host}' or 'podman login {host}'"
    helper = _named_helper(host) or helpers.native_helper()
    return f"{ways} or 'notarykit login {host}'" if helper and helpers.is_installed(helper) else ways


def _named_helper(host: str) -> str:
    return next((file.helper for file in credential_files(host) if file.helper), "")


def helper_for(host: str) -> str:
    """Returns the helper that stores credentials for a registry.

    Raises:
        ConfigurationError: There is none, and credentials are never written to files.
    """
    if helper := _named_helper(host) or helpers.native_helper():
        return helper
    raise ConfigurationError(
        "no credential helper is installed, and credentials are not written to files",
        advice="install one (docker-credential-pass, docker-credential-secretservice), or name one with credsStore; "
        f"or {ways_to_log_in(host)}",
    )


def store_credentials(host: str, credentials: Credentials) -> str:
    """Stores credentials in a helper, never in a file.

    Returns:
        The helper's name if no file names it yet, for `remember_helper`, or an empty string.

    Raises:
        ConfigurationError: There is no helper.
        AccessError: The helper failed.
    """
    helper = helper_for(host)
    helpers.store(helper, server_address(host), credentials)
    return "" if _named_helper(host) else helper


class Erased(NamedTuple):
    """Result of erasing a registry's credentials.

    Attributes:
        files: Files from which entries were removed.
        left: Entries for paths below the registry, which belong to podman: file and key.
    """

    files: tuple[str, ...]
    left: tuple[tuple[str, str], ...]


def erase_credentials(host: str) -> Erased:
    """Erases a registry's credentials from every helper and file.

    Raises:
        ConfigurationError: A file is malformed.
        AccessError: A helper failed.
        StorageError: A file cannot be written.
    """
    sources = list(credential_files(host))
    for helper in dict.fromkeys(file.helper for file in sources if file.helper) or [helpers.native_helper()]:
        if helper:
            helpers.erase(helper, server_address(host))
    for file in sources:
        if file.keys:
            remove_entries(file, file.keys)
    return Erased(
        tuple(file.path for file in sources if file.keys),
        tuple((file.path, key) for file in sources for key in file.path_keys),
    )


def remember_helper(helper: str) -> None:
    """Writes a helper's name into notation's settings if they name none.

    Raises:
        ConfigurationError: The settings are malformed.
        StorageError: They cannot be written.
    """
    path = settings_file()
    with locks.locked(config_folder()):
        members: dict[str, Any] = {}
        with contextlib.suppress(FileNotFoundError), files.as_configuration(f"settings {path}"):
            members = Members(loads(files.read(path, LARGEST_FILE)), "document").value
        if not members.get("credsStore"):
            content = json.dumps({**members, "credsStore": helper}, ensure_ascii=False, indent=4)
            files.write(path, content.encode("utf-8"), 0o600)
