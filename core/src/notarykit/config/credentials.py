"""Credentials for registries: where notation, Docker and podman keep them, and the helpers that hold them.

The order: notation's `config.json`, Docker's, podman's `auth.json`. In each, the helper for the host counts first, then
the helper for all hosts, then what is written in the file itself. The first that knows the registry counts.
"""

import json
from typing import Any, NamedTuple

from notarykit._internal import files
from notarykit._internal.paths import config_folder, settings_file
from notarykit._internal.strict_json import DocumentError, Members, loads
from notarykit.config import credential_helpers as helpers
from notarykit.config.credential_files import LARGEST_FILE, address_of, places, take_out
from notarykit.errors import AccessError, ConfigurationError, StorageError
from notarykit.net.trace import note
from notarykit.oci.registry.auth import Credentials


class KnownCredentials:
    """What the user's files and helpers know of registries; a helper is asked once for each."""

    def __init__(self) -> None:
        """Reads nothing yet."""
        self._answers: dict[tuple[str, str], Credentials | None] = {}

    def find(self, repository: str) -> Credentials | None:
        """The credentials for `host[:port]/name` or for `host[:port]`, or None where nothing is known.

        Raises:
            ConfigurationError: A file is malformed.
            AccessError: A helper failed.
        """
        address = address_of(repository.partition("/")[0])
        for place in places(repository):
            try:
                found = self._ask(place.helper, address) if place.helper else None
            except AccessError as error:
                error.within(f"credentials in {place.path}")
                raise
            source = f"the helper {place.helper!r} of {place.path}" if found else place.path
            found = found or place.credentials()
            if found is not None:
                note(f"credentials for {repository}: from {source}")
                return found
        return None

    def _ask(self, helper: str, address: str) -> Credentials | None:
        if (helper, address) not in self._answers:
            self._answers[helper, address] = helpers.ask(helper, address)
        return self._answers[helper, address]


def credentials_for(repository: str) -> Credentials | None:
    """The credentials for a repository or a registry; as `KnownCredentials.find`, anew each time."""
    return KnownCredentials().find(repository)


def ways_to_log_in(host: str) -> str:
    """What a person can do for whom a registry wants credentials; no way that would be refused here."""
    ways = f"set $NOTATION_USERNAME and $NOTATION_PASSWORD, or run 'docker login {host}' or 'podman login {host}'"
    helper = _named_helper(host) or helpers.native_helper()
    return f"{ways} or 'notarykit login {host}'" if helper and helpers.is_installed(helper) else ways


def _named_helper(host: str) -> str:
    return next((place.helper for place in places(host) if place.helper), "")


def helper_for(host: str) -> str:
    """The helper that is to keep credentials for a registry.

    Raises:
        ConfigurationError: There is none, and credentials are never written to a file.
    """
    if helper := _named_helper(host) or helpers.native_helper():
        return helper
    raise ConfigurationError(
        "there is no credential helper, and credentials are not written to files",
        advice="install one (docker-credential-pass, docker-credential-secretservice), or name one with credsStore; "
        f"or {ways_to_log_in(host)}",
    )


def store_credentials(host: str, credentials: Credentials) -> str:
    """Gives credentials to a helper; they are never written to a file.

    Returns:
        The helper's name where no file names it yet, for `remember_helper`, or an empty string.

    Raises:
        ConfigurationError: There is no helper.
        AccessError: The helper failed.
    """
    helper = helper_for(host)
    helpers.store(helper, address_of(host), credentials)
    return "" if _named_helper(host) else helper


class Erased(NamedTuple):
    """What was done to have a registry forgotten.

    Attributes:
        files: The files that had entries for it.
        left: The files that have entries for paths of it, each with one of their keys: podman's, whose own they are.
    """

    files: tuple[str, ...]
    left: tuple[tuple[str, str], ...]


def erase_credentials(host: str) -> Erased:
    """Has every helper forget a registry, and takes its entries out of every file: nothing is found for it any more.

    Raises:
        ConfigurationError: A file is malformed.
        AccessError: A helper failed.
        StorageError: A file cannot be written.
    """
    found = list(places(host))
    for helper in dict.fromkeys(place.helper for place in found if place.helper) or [helpers.native_helper()]:
        if helper:
            helpers.erase(helper, address_of(host))
    for place in found:
        if place.keys:
            take_out(place, place.keys)
    return Erased(
        tuple(place.path for place in found if place.keys),
        tuple((place.path, key) for place in found for key in place.below),
    )


def remember_helper(helper: str) -> None:
    """Writes into notation's settings which helper holds the credentials, if they name none.

    Raises:
        ConfigurationError: The settings are malformed.
        StorageError: They cannot be written.
    """
    path = settings_file()
    with files.locked(config_folder()):
        members: dict[str, Any] = {}
        try:
            members = Members(loads(files.read(path, LARGEST_FILE)), "document").value
        except FileNotFoundError:
            pass
        except (DocumentError, StorageError) as error:
            raise ConfigurationError(f"settings {path}: {error}", advice="mend it, or move it away") from None
        if not members.get("credsStore"):
            content = json.dumps({**members, "credsStore": helper}, ensure_ascii=False, indent=4)
            files.write(path, content.encode("utf-8"), 0o600)
