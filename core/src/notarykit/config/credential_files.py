"""Credential files of notation, Docker and podman: entries of a registry, read and removed.

Under `auths`, Docker and ORAS look for the registry's name, then for keys that they reduce to it, since older versions
wrote whole URLs. podman looks for the most specific path first (containers-auth.json(5)).
"""

import json
import os
import stat
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from notarykit._internal import files, locks
from notarykit._internal.paths import docker_folder, podman_files, settings_file
from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.config.credential_entries import (
    entries_of,
    host_names,
    is_docker_hub,
    read_entry,
    without_scheme,
)
from notarykit.errors import ConfigurationError, StorageError
from notarykit.oci.registry.auth import Credentials

LARGEST_FILE = 4 * 1024 * 1024
# The key of Docker Hub in credential files and helpers.
_DOCKER_HUB = "https://index.docker.io/v1/"


class CredentialFile(NamedTuple):
    """Credential file, with its entries for one repository or registry.

    Attributes:
        path: Path of the file.
        helper: Name of the credential helper, or an empty string.
        keys: Keys of the entries, the one that applies first.
        entry: Entry that applies, or None.
        path_keys: Keys for paths below the registry, in podman's files.
    """

    path: str
    helper: str
    keys: tuple[str, ...]
    entry: GoMembers | None
    path_keys: tuple[str, ...]

    def credentials(self) -> Credentials | None:
        """Returns the credentials in the file, or None if it has none or leaves them to a helper.

        Raises:
            ConfigurationError: The entry is malformed.
        """
        return read_entry(self.entry, self.keys[0], self.path) if self.entry else None


def server_address(host: str) -> str:
    """Returns the key of a registry in Docker's files and credential helpers."""
    return _DOCKER_HUB if is_docker_hub(host) else host


def credential_files(repository: str, docker_config: str = "") -> Iterator[CredentialFile]:
    """Yields the existing files, in order of precedence.

    Args:
        repository: `host[:port]/name`, or the host alone.
        docker_config: The only file that counts, of Docker's form; by default all of the user's count.

    Raises:
        ConfigurationError: A file cannot be read, or is malformed.
    """
    if docker_config:
        yield from _read(docker_config, repository, is_podman=False)
        return
    docker = docker_folder()
    for path in (settings_file(), *([os.path.join(docker, "config.json")] if docker else [])):
        yield from _read(path, repository, is_podman=False)
    for path in podman_files():
        yield from _read(path, repository, is_podman=True)


def _read(path: str, repository: str, *, is_podman: bool) -> Iterator[CredentialFile]:
    try:
        content = files.read(path, LARGEST_FILE)
        if not content.strip():  # Docker ignores empty files
            return
        document = GoMembers(loads(content), "document")
        store, helpers = document.text("credsStore", ""), document.text_map("credHelpers")
        auths = entries_of(document)
        host = repository.partition("/")[0]
        helper = next((helpers[name] for name in _names(host) if helpers.get(name)), store)
        keys = _keys(auths, repository, is_podman=is_podman)
        path_keys = tuple(key for key in auths.value if key.startswith(f"{host}/") and key not in keys)
        yield CredentialFile(path, helper, keys, auths.object(keys[0]) if keys else None, path_keys)
    except FileNotFoundError:
        return
    except (DocumentError, StorageError) as error:
        raise ConfigurationError(f"credentials in {path}: {error}", advice="correct it, or move it away") from None


def _names(host: str) -> tuple[str, ...]:
    """Returns the exact names of a registry."""
    return (_DOCKER_HUB, *host_names(host)) if is_docker_hub(host) else (host,)


def _keys(auths: GoMembers, repository: str, *, is_podman: bool) -> tuple[str, ...]:
    """Returns the keys for a repository, the one that applies first."""
    parts = repository.split("/")
    names = _names(parts[0])
    paths = ["/".join(parts[:length]) for length in range(len(parts), 1, -1)]
    reduced = (key for key in auths.value if _host_of(key, is_podman=is_podman) in names)
    candidates: Iterable[str] = (*paths, parts[0], *names, *reduced) if is_podman else (*names, *paths, *reduced)
    return tuple(key for key in dict.fromkeys(candidates) if key in auths)


def _host_of(key: str, *, is_podman: bool) -> str:
    """Returns the host of a key; podman does not reduce a path without a scheme to its host."""
    address = without_scheme(key)
    return key if is_podman and address == key else address.partition("/")[0]


def remove_entries(file: CredentialFile, keys: Iterable[str]) -> None:
    """Removes entries from a file and keeps everything else in it.

    Raises:
        ConfigurationError: The file is now malformed.
        StorageError: It cannot be written.
    """
    path = os.path.realpath(file.path)  # links are followed, as by Docker
    with locks.locked(os.path.dirname(path)):
        try:
            document = loads(files.read(path, LARGEST_FILE))
            for key in keys:
                document["auths"].pop(key, None)
            mode = stat.S_IMODE(os.stat(path).st_mode)
        except (DocumentError, OSError, TypeError, LookupError):
            changed = f"credentials in {file.path} changed concurrently"
            raise ConfigurationError(changed, advice="try again") from None
        files.write(path, json.dumps(document, ensure_ascii=False, indent="\t").encode("utf-8"), mode)
