"""Credential helpers, the programs `docker-credential-…`, by Docker's protocol."""

import json
import shutil
import sys

from notarykit._internal.deadline import seconds_left
from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.errors import AccessError, ConfigurationError, PluginError
from notarykit.oci.registry.auth import Credentials

_SECONDS = 60
# User name by which a helper marks an identity token.
_IDENTITY_TOKEN = "<token>"  # noqa: S105 - a marker, no secret
_NOT_FOUND = "credentials not found"
_NATIVE = {"darwin": ("osxkeychain",), "win32": ("wincred",), "linux": ("pass", "secretservice")}


def native_helper() -> str:
    """Returns the name of the platform's helper that is installed, or an empty string."""
    return next((name for name in _NATIVE.get(sys.platform, ()) if is_installed(name)), "")


def is_installed(helper: str) -> bool:
    """Returns True if a helper is on the path."""
    return shutil.which(f"docker-credential-{helper}") is not None


def get(helper: str, address: str) -> Credentials | None:
    """Gets the credentials of a server address, or None if the helper has none.

    Raises:
        AccessError: The helper failed, or its output is malformed.
    """
    output = _run(helper, "get", address)
    if output is None:
        return None
    try:
        members = GoMembers(loads(output), "output")
        username, secret = members.text("Username"), members.text("Secret")
    except DocumentError:
        raise AccessError(f"credential helper {helper!r} returned malformed output") from None
    return Credentials(identity_token=secret) if username == _IDENTITY_TOKEN else Credentials(username, secret)


def store(helper: str, address: str, credentials: Credentials) -> None:
    """Stores credentials in a helper.

    Raises:
        AccessError: The helper failed.
    """
    secret = credentials.identity_token or credentials.password
    username = _IDENTITY_TOKEN if credentials.identity_token else credentials.username
    if not secret.isascii() and secret != secret.encode("utf-8", "replace").decode("utf-8"):
        raise AccessError(f"credential helper {helper!r} stores text, and the password is not UTF-8")
    _run(helper, "store", json.dumps({"ServerURL": address, "Username": username, "Secret": secret}))


def erase(helper: str, address: str) -> None:
    """Erases the credentials of a server address from a helper, if it has any.

    Raises:
        AccessError: The helper failed.
    """
    _run(helper, "erase", address)


def _run(helper: str, command: str, request: str) -> bytes | None:
    """Runs a helper and returns its output, or None if it has no credentials; secrets pass by standard input only."""
    if not helper.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ConfigurationError(f"credential helper {helper!r} has a malformed name")
    program = shutil.which(f"docker-credential-{helper}")
    if program is None:
        raise AccessError(
            f"credential helper docker-credential-{helper} is not on the path",
            advice="install it, or remove it from credsStore or credHelpers",
        )
    from notarykit.plugin.discovery.process import run

    try:
        ended = run([program, command], request.encode(), min(_SECONDS, seconds_left()))
    except PluginError as error:
        raise AccessError(f"credential helper {helper!r}: {error.message}", advice=error.advice) from None
    if ended.code == 0:
        return ended.output
    if _NOT_FOUND in (ended.output + ended.errors).decode("utf-8", "replace").lower():
        return None
    raise AccessError(f"credential helper {helper!r} failed at {command!r} with status {ended.code}")
