"""The ways of logging in that the configuration can choose, each with the settings that belong to it."""

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from notarykit._internal.secret_text import without_marks
from notarykit.errors import PluginAccessDeniedError, PluginValidationError
from notarykit.keys.files import read_file

METHODS = ("token", "approle", "jwt", "kubernetes")

_OF_METHOD = {
    "token": (),
    "approle": ("auth_mount", "role_id_file", "secret_id_file"),
    "jwt": ("auth_mount", "role", "jwt_file"),
    "kubernetes": ("auth_mount", "role", "jwt_file"),
}
_MOUNT = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z0-9_-](?:/[A-Za-z0-9_.-]*[A-Za-z0-9_-])*")


class Login(NamedTuple):
    """A way of logging in; it names files and never has what is in them.

    Attributes:
        method: One of `METHODS`.
        mount: Where the method is mounted below `auth/`.
        role: The role to log in to.
        files: The settings that name files, with their values.
    """

    method: str = "token"
    mount: str = ""
    role: str | None = None
    files: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        """Where the method takes logins."""
        return f"auth/{self.mount}/login"


def login_of(config: Mapping[str, str]) -> Login:
    """The way of logging in that the configuration chooses.

    Raises:
        PluginValidationError: It is none of those that are known, or a setting does not belong to it.
    """
    method = config.get("auth", "token")
    if method not in METHODS:
        raise PluginValidationError(
            f"plugin configuration auth={method!r} is not known", advice=f"use {', '.join(METHODS)}"
        )
    for name in ("auth_mount", "role", "jwt_file", "role_id_file", "secret_id_file"):
        if name in config and name not in _OF_METHOD[method]:
            raise PluginValidationError(
                f"plugin configuration {name!r} does not belong to auth={method}",
                advice=f"choose another with auth=, of {', '.join(METHODS)}",
            )
    mount = config.get("auth_mount", method)
    if _MOUNT.fullmatch(mount) is None:
        raise PluginValidationError(f"plugin configuration auth_mount={mount!r} is no path of an auth method")
    files = tuple((name, config[name]) for name in ("jwt_file", "role_id_file", "secret_id_file") if name in config)
    return Login(method, mount, config.get("role"), files)


SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - where it is


def present_token() -> str:
    """The token that is there without logging in, from where every client of Vault has it.

    Raises:
        PluginAccessDeniedError: There is none.
    """
    token = token_of_user()
    if not token:
        raise PluginAccessDeniedError(
            "there is no token for Vault",
            advice="run 'vault login', set $VAULT_TOKEN, or choose another way with auth= in the plugin configuration",
        )
    return sendable(token, "the token of $VAULT_TOKEN or ~/.vault-token")


def credentials(login: Login) -> dict[str, Any]:
    """What is sent to log in, read anew each time: such files are replaced while a process runs.

    Raises:
        PluginAccessDeniedError: Something is missing.
        SigningKeyError: A file cannot be read.
    """
    files = dict(login.files)
    if login.method == "approle":
        role_id = _secret("role_id_file", "VAULT_ROLE_ID", files)
        if role_id is None:
            raise _missing("the role id", "VAULT_ROLE_ID", "role_id_file")
        secret_id = _secret("secret_id_file", "VAULT_SECRET_ID", files)  # a role may do without
        return {"role_id": role_id} | ({"secret_id": secret_id} if secret_id else {})
    if login.method == "kubernetes":
        files.setdefault("jwt_file", SERVICE_ACCOUNT_TOKEN)
    if "jwt_file" not in files:
        raise PluginValidationError("auth=jwt needs a token's file", advice="name it with jwt_file=FILE")
    if login.method == "kubernetes" and login.role is None:
        raise PluginValidationError("auth=kubernetes needs a role", advice="name it with role=NAME")
    return {"jwt": _read(files["jwt_file"], "jwt_file")} | ({"role": login.role} if login.role else {})


def _secret(setting: str, variable: str, files: Mapping[str, str]) -> str | None:
    if setting in files:
        return _read(files[setting], setting)
    value = os.environ.get(variable)
    return sendable(value, f"${variable}") if value else None


def _read(path: str, setting: str) -> str:
    return sendable(without_marks(read_file(path, setting)).decode("utf-8", "replace"), f"{setting} {path}")


def _missing(what: str, variable: str, setting: str) -> PluginAccessDeniedError:
    return PluginAccessDeniedError(
        f"{what} is missing", advice=f"set ${variable}, or name its file with {setting}=FILE"
    )


def sendable(secret: str, where: str) -> str:
    """A secret without blanks around it, if it can be one; what it is like is not said, since libraries would show it.

    Raises:
        PluginAccessDeniedError: It cannot be one.
    """
    secret = secret.strip()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise PluginAccessDeniedError(f"{where} is not one line of printable characters", advice="check what is in it")
    return secret


def token_of_user() -> str | None:
    """What hvac finds: the token of `$VAULT_TOKEN`, or that of `vault login` in `~/.vault-token`."""
    from hvac.utils import get_token_from_env  # type: ignore[import-untyped]

    try:
        found: str | None = get_token_from_env()
    except (OSError, ValueError):
        return None
    return found
