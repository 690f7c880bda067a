"""The files in which notation, Docker and podman keep credentials: what they say of a registry, read and taken out.

Where a registry's entry is under `auths`, Docker's and ORAS' readers look for its name, and then for keys that they
reduce to it: older versions wrote whole addresses. podman's look for the most specific path first
(containers-auth.json(5)).
"""

import base64
import binascii
import json
import os
import stat
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from notarykit._internal import files
from notarykit._internal.paths import docker_folder, podman_files, settings_file
from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.errors import ConfigurationError, StorageError
from notarykit.oci.registry.auth import Credentials

LARGEST_FILE = 4 * 1024 * 1024
# The name under which Docker keeps what belongs to its own registry, and the names that this has.
_DOCKER_HUB = "https://index.docker.io/v1/"
_DOCKER_HUB_HOSTS = ("docker.io", "index.docker.io", "registry-1.docker.io")
_SCHEMES = ("https://", "http://")


class Place(NamedTuple):
    """A file with credentials, and what it says of one repository or registry.

    Attributes:
        path: Where it is.
        helper: The helper to ask, or an empty string.
        keys: The keys of its entries, the one that counts first.
        entry: The entry that counts, or None.
        below: The keys that are for paths of the registry and not for it, in podman's files.
    """

    path: str
    helper: str
    keys: tuple[str, ...]
    entry: GoMembers | None
    below: tuple[str, ...]

    def credentials(self) -> Credentials | None:
        """What the file itself knows; None where it knows nothing, or says that a helper does.

        Raises:
            ConfigurationError: The entry is malformed.
        """
        try:
            return _credentials_in(self.entry) if self.entry else None
        except (DocumentError, binascii.Error):
            raise ConfigurationError(
                f"credentials in {self.path}: the entry {self.keys[0]!r} is malformed",
                advice="take it out of the file, and log in again",
            ) from None


def address_of(host: str) -> str:
    """The name by which Docker and credential helpers know a registry."""
    return _DOCKER_HUB if host in _DOCKER_HUB_HOSTS else host


def places(repository: str) -> Iterator[Place]:
    """The files that there are, in the order in which they count.

    Args:
        repository: `host[:port]/name`, or the host alone.

    Raises:
        ConfigurationError: One cannot be read, or is malformed.
    """
    docker = docker_folder()
    for path in (settings_file(), *([os.path.join(docker, "config.json")] if docker else [])):
        yield from _read(path, repository, is_podmans=False)
    for path in podman_files():
        yield from _read(path, repository, is_podmans=True)


def _read(path: str, repository: str, *, is_podmans: bool) -> Iterator[Place]:
    try:
        content = files.read(path, LARGEST_FILE)
        if not content.strip():  # what is empty says nothing to Docker
            return
        document = GoMembers(loads(content), "document")
        store, helpers = document.text("credsStore", ""), document.text_map("credHelpers")
        auths = document.object("auths") if "auths" in document else GoMembers({}, "'auths'")
        host = repository.partition("/")[0]
        helper = next((helpers[name] for name in _names(host) if helpers.get(name)), store)
        keys = _keys(auths, repository, is_podmans=is_podmans)
        below = tuple(key for key in auths.value if key.startswith(f"{host}/") and key not in keys)
        yield Place(path, helper, keys, auths.object(keys[0]) if keys else None, below)
    except FileNotFoundError:
        return
    except (DocumentError, StorageError) as error:
        raise ConfigurationError(f"credentials in {path}: {error}", advice="mend it, or move it away") from None


def _names(host: str) -> tuple[str, ...]:
    """The names that mean a registry as they stand."""
    return (_DOCKER_HUB, *_DOCKER_HUB_HOSTS) if host in _DOCKER_HUB_HOSTS else (host,)


def _keys(auths: GoMembers, repository: str, *, is_podmans: bool) -> tuple[str, ...]:
    """The keys that are for a repository, the one that counts first."""
    parts = repository.split("/")
    names = _names(parts[0])
    paths = ["/".join(parts[:length]) for length in range(len(parts), 1, -1)]
    reduced = (key for key in auths.value if _host_of(key, is_podmans=is_podmans) in names)
    wanted: Iterable[str] = (*paths, parts[0], *names, *reduced) if is_podmans else (*names, *paths, *reduced)
    return tuple(key for key in dict.fromkeys(wanted) if key in auths)


def _host_of(key: str, *, is_podmans: bool) -> str:
    """The host in a key; to podman, a path without a scheme is a part of a registry and not the registry."""
    for scheme in _SCHEMES:
        if key.startswith(scheme):
            return key.removeprefix(scheme).partition("/")[0]
    return key if is_podmans else key.partition("/")[0]


def _credentials_in(entry: GoMembers) -> Credentials | None:
    username, password = entry.text("username", ""), entry.text("password", "")
    if encoded := entry.text("auth", ""):
        # Line ends are left aside as Go's decoder does; bytes that are no UTF-8 stay what they are.
        decoded = base64.b64decode(encoded.replace("\r", "").replace("\n", ""), validate=True)
        username, colon, password = decoded.decode("utf-8", "surrogateescape").partition(":")
        if not colon:
            raise DocumentError(f"{entry.where}: 'auth' is not name:password")
        password = password.rstrip("\0")
    found = Credentials(username, password, entry.text("identitytoken", ""), entry.text("registrytoken", ""))
    return found if found.username or found.identity_token or found.registry_token else None


def take_out(place: Place, keys: Iterable[str]) -> None:
    """Takes entries out of a file and leaves everything else in it as it is.

    Raises:
        ConfigurationError: It is malformed by now.
        StorageError: It cannot be written.
    """
    path = os.path.realpath(place.path)  # Docker too writes through a link
    with files.locked(os.path.dirname(path)):
        try:
            document = loads(files.read(path, LARGEST_FILE))
            for key in keys:
                document["auths"].pop(key, None)
            mode = stat.S_IMODE(os.stat(path).st_mode)
        except (DocumentError, OSError, TypeError, LookupError):
            changed = f"credentials in {place.path} have changed meanwhile"
            raise ConfigurationError(changed, advice="try again") from None
        files.write(path, json.dumps(document, ensure_ascii=False, indent="\t").encode("utf-8"), mode)
