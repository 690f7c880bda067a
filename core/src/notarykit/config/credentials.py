"""Credentials for registries: where notation, Docker and podman keep them, and the helpers that hold them.

The order: notation's `config.json`, Docker's, podman's `auth.json`. In each, the helper for the host counts first, then
the helper for all hosts, then what is written in the file itself. The first that knows the host counts.
"""

import base64
import binascii
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from notarykit import files
from notarykit.errors import AccessError, ConfigurationError, StorageError
from notarykit.oci.registry.auth import Credentials
from notarykit.places import config_folder, settings_file
from notarykit.strict_json import DocumentError, Members, loads

_LARGEST_FILE = 4 * 1024 * 1024
_HELPER_SECONDS = 60
# The name under which Docker keeps what belongs to docker.io.
_DOCKER_HUB = "https://index.docker.io/v1/"
# What a helper answers as the user's name when the secret is an identity token.
_IDENTITY_TOKEN = "<token>"  # noqa: S105 - a marker, no secret
_NOT_FOUND = "credentials not found"
_NATIVE_HELPERS = {
    "darwin": ("osxkeychain",),
    "win32": ("wincred",),
    "linux": ("pass", "secretservice"),
}


class Place(NamedTuple):
    """A file with credentials.

    Attributes:
        path: Where it is.
        helper: The helper for the host in question, or an empty string.
        entry: What the file itself has for the host, or None.
    """

    path: str
    helper: str
    entry: Members | None


def credentials_for(host: str) -> Credentials | None:
    """The credentials for a registry's host, or None where nothing is known.

    Raises:
        ConfigurationError: A file is malformed.
        AccessError: A helper failed.
    """
    for place in _places(host):
        found = _from_helper(place.helper, host) if place.helper else None
        found = found or _from_entry(place)
        if found is not None:
            return found
    return None


def store_credentials(host: str, credentials: Credentials) -> str:
    """Gives credentials to a helper; they are never written to a file.

    Returns:
        The helper's name where no file names it yet, for `remember_helper`, or an empty string.

    Raises:
        ConfigurationError: There is no helper.
        AccessError: The helper failed.
    """
    named = next((place.helper for place in _places(host) if place.helper), "")
    helper = named or _native_helper()
    if not helper:
        raise ConfigurationError(
            "there is no credential helper, and credentials are not written to files",
            advice="install one (docker-credential-pass, docker-credential-secretservice), or name one with credsStore",
        )
    secret = credentials.identity_token or credentials.password
    username = _IDENTITY_TOKEN if credentials.identity_token else credentials.username
    request = {"ServerURL": _key(host), "Username": username, "Secret": secret}
    if not secret.isascii() and secret != secret.encode("utf-8", "replace").decode("utf-8"):
        raise AccessError(f"credential helper {helper!r} keeps text, and the password is not UTF-8")
    _run_helper(helper, "store", json.dumps(request))
    return "" if named else helper


def erase_credentials(host: str) -> None:
    """Has every helper that may hold credentials for a host forget them.

    Raises:
        AccessError: A helper failed.
    """
    helpers = [place.helper for place in _places(host) if place.helper] or [_native_helper()]
    for helper in dict.fromkeys(helpers):
        if helper:
            _run_helper(helper, "erase", _key(host))


def _key(host: str) -> str:
    return _DOCKER_HUB if host == "docker.io" else host


def _files() -> Iterator[str]:
    yield settings_file()
    home = os.path.expanduser("~")
    yield os.path.join(os.environ.get("DOCKER_CONFIG") or os.path.join(home, ".docker"), "config.json")
    if "REGISTRY_AUTH_FILE" in os.environ:
        yield os.environ["REGISTRY_AUTH_FILE"]
    if "XDG_RUNTIME_DIR" in os.environ:
        yield os.path.join(os.environ["XDG_RUNTIME_DIR"], "containers", "auth.json")
    yield os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "containers", "auth.json")


def _places(host: str) -> Iterator[Place]:
    for path in _files():
        try:
            document = Members(loads(files.read(path, _LARGEST_FILE)), "document")
            helpers = document.text_map("credHelpers")
            store = document.text("credsStore") if "credsStore" in document else ""
            auths = document.object("auths") if "auths" in document else Members({}, "'auths'")
            name = next((each for each in _names(host) if each in auths), None)
            entry = auths.object(name) if name else None
        except FileNotFoundError:
            continue
        except (DocumentError, StorageError) as error:
            raise ConfigurationError(f"credentials in {path}: {error}", advice="mend it, or move it away") from None
        yield Place(path, helpers.get(host) or helpers.get(_key(host)) or store, entry)


def _names(host: str) -> tuple[str, ...]:
    """The names under which files have a host; older ones wrote whole addresses."""
    return (_key(host), host, f"https://{host}", f"https://{host}/v1/", f"https://{host}/v2/")


def _from_entry(place: Place) -> Credentials | None:
    if place.entry is None:
        return None
    try:
        entry = place.entry
        identity_token = entry.text("identitytoken") if "identitytoken" in entry else ""
        username = entry.text("username") if "username" in entry else ""
        password = entry.text("password") if "password" in entry else ""
        if entry.value.get("auth"):
            decoded = base64.b64decode(entry.text("auth"), validate=True).decode("utf-8", "surrogateescape")
            username, _, password = decoded.partition(":")
            password = password.rstrip("\0")
    except (DocumentError, binascii.Error, UnicodeDecodeError):
        raise ConfigurationError(f"credentials in {place.path}: {place.entry.where} is malformed") from None
    if not (identity_token or username):
        return None  # an entry without anything says that a helper has it
    return Credentials(username, password, identity_token)


def _from_helper(helper: str, host: str) -> Credentials | None:
    answer = _run_helper(helper, "get", _key(host))
    if answer is None:
        return None
    try:
        members = Members(loads(answer), "answer")
        username, secret = members.text("Username"), members.text("Secret")
    except DocumentError:
        raise AccessError(f"credential helper {helper!r} gave an answer that is malformed") from None
    if username == _IDENTITY_TOKEN:
        return Credentials(identity_token=secret)
    return Credentials(username, secret)


def _run_helper(helper: str, command: str, request: str) -> bytes | None:
    """What a helper answers, or None where it has nothing; secrets go by standard input alone."""
    if not helper.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ConfigurationError(f"credential helper {helper!r} has a malformed name")
    program = shutil.which(f"docker-credential-{helper}")
    if program is None:
        raise AccessError(f"credential helper docker-credential-{helper} is not on the path", advice="install it")
    try:
        done = subprocess.run(  # noqa: S603 - a program that the user's own settings name
            [program, command],
            input=request.encode(),
            capture_output=True,
            check=False,
            timeout=_HELPER_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AccessError(f"credential helper {helper!r} cannot be run: {type(error).__name__}") from None
    if done.returncode == 0:
        return done.stdout
    if _NOT_FOUND in (done.stdout + done.stderr).decode("utf-8", "replace").lower():
        return None
    raise AccessError(f"credential helper {helper!r} failed at {command!r} with status {done.returncode}")


def _native_helper() -> str:
    """The helper of this system that is installed, or an empty string."""
    for name in _NATIVE_HELPERS.get(sys.platform, ()):
        if shutil.which(f"docker-credential-{name}"):
            return name
    return ""


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
            members = Members(loads(files.read(path, _LARGEST_FILE)), "document").value
        except FileNotFoundError:
            pass
        except (DocumentError, StorageError) as error:
            raise ConfigurationError(f"settings {path}: {error}", advice="mend it, or move it away") from None
        if not members.get("credsStore"):
            content = json.dumps({**members, "credsStore": helper}, ensure_ascii=False, indent=4)
            files.write(path, content.encode("utf-8"), 0o600)
