"""Credential helpers: the programs `docker-credential-…` that keep secrets, by the protocol of Docker's helpers."""

import json
import shutil
import sys

from notarykit._internal.deadline import seconds_left
from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.errors import AccessError, ConfigurationError, PluginError
from notarykit.oci.registry.auth import Credentials

_SECONDS = 60
# What a helper answers as the user's name when the secret is an identity token.
_IDENTITY_TOKEN = "<token>"  # noqa: S105 - a marker, no secret
_NOT_FOUND = "credentials not found"
_NATIVE = {
    "darwin": ("osxkeychain",),
    "win32": ("wincred",),
    "linux": ("pass", "secretservice"),
}


def native_helper() -> str:
    """The helper of this system that is installed, or an empty string."""
    return next((name for name in _NATIVE.get(sys.platform, ()) if is_installed(name)), "")


def is_installed(helper: str) -> bool:
    """Whether a helper is on the path."""
    return shutil.which(f"docker-credential-{helper}") is not None


def ask(helper: str, address: str) -> Credentials | None:
    """What a helper knows of a registry, by the address under which it was stored.

    Raises:
        AccessError: It failed, or its answer is malformed.
    """
    answer = _run(helper, "get", address)
    if answer is None:
        return None
    try:
        members = GoMembers(loads(answer), "answer")
        username, secret = members.text("Username"), members.text("Secret")
    except DocumentError:
        raise AccessError(f"credential helper {helper!r} gave an answer that is malformed") from None
    return Credentials(identity_token=secret) if username == _IDENTITY_TOKEN else Credentials(username, secret)


def store(helper: str, address: str, credentials: Credentials) -> None:
    """Has a helper keep credentials.

    Raises:
        AccessError: It failed.
    """
    secret = credentials.identity_token or credentials.password
    username = _IDENTITY_TOKEN if credentials.identity_token else credentials.username
    if not secret.isascii() and secret != secret.encode("utf-8", "replace").decode("utf-8"):
        raise AccessError(f"credential helper {helper!r} keeps text, and the password is not UTF-8")
    _run(helper, "store", json.dumps({"ServerURL": address, "Username": username, "Secret": secret}))


def erase(helper: str, address: str) -> None:
    """Has a helper forget what it knows of a registry, if it knows anything.

    Raises:
        AccessError: It failed.
    """
    _run(helper, "erase", address)


def _run(helper: str, command: str, request: str) -> bytes | None:
    """What a helper answers, or None where it has nothing; secrets go by standard input alone."""
    if not helper.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ConfigurationError(f"credential helper {helper!r} has a malformed name")
    program = shutil.which(f"docker-credential-{helper}")
    if program is None:
        raise AccessError(
            f"credential helper docker-credential-{helper} is not on the path",
            advice="install it, or take it out of credsStore or credHelpers there",
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
