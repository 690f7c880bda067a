"""Auth methods: which one is configured, and the token or credentials that it sends."""

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from notarykit.plugin import PluginAccessDeniedError, PluginValidationError, read_file, without_marks

METHODS = ("token", "approle", "jwt", "kubernetes")
SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path

_SETTINGS = {
    "token": (),
    "approle": ("auth_mount", "role_id_file", "secret_id_file"),
    "jwt": ("auth_mount", "role", "jwt_file"),
    "kubernetes": ("auth_mount", "role", "jwt_file"),
}
_FILES = ("jwt_file", "role_id_file", "secret_id_file")
_MOUNT = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z0-9_-](?:/[A-Za-z0-9_.-]*[A-Za-z0-9_-])*")


class AuthMethod(NamedTuple):
    """Configured auth method; it names files and never holds their contents.

    Attributes:
        name: One of `METHODS`.
        mount: Mount path below `auth/`.
        role: Role to log in to.
        files: Settings that name files, with their values.
    """

    name: str = "token"
    mount: str = ""
    role: str | None = None
    files: tuple[tuple[str, str], ...] = ()

    @property
    def login_path(self) -> str:
        """API path for logins."""
        return f"auth/{self.mount}/login"


def parse_auth_method(config: Mapping[str, str]) -> AuthMethod:
    """Parses the settings of the auth method.

    Raises:
        PluginValidationError: The method is unknown, or a setting is malformed or does not apply to it.
    """
    method = config.get("auth", "token")
    if method not in METHODS:
        raise PluginValidationError(
            f"plugin configuration auth={method!r} is not an auth method", advice=f"use {', '.join(METHODS)}"
        )
    for name in ("auth_mount", "role", *_FILES):
        if name in config and name not in _SETTINGS[method]:
            raise PluginValidationError(
                f"plugin configuration {name!r} does not apply to auth={method}",
                advice=f"choose another method with auth=: {', '.join(METHODS)}",
            )
    mount = config.get("auth_mount", method)
    if _MOUNT.fullmatch(mount) is None:
        raise PluginValidationError(f"plugin configuration auth_mount={mount!r} is not a mount path")
    files = tuple((name, config[name]) for name in _FILES if name in config)
    return AuthMethod(method, mount, config.get("role"), files)


def find_token() -> str:
    """Returns the token of `$VAULT_TOKEN`, or else the one that `vault login` stored in `~/.vault-token`.

    Raises:
        PluginAccessDeniedError: There is none.
    """
    from hvac.utils import get_token_from_env  # type: ignore[import-untyped]

    try:
        token: str | None = get_token_from_env()
    except (OSError, ValueError):
        token = None
    if not token:
        raise PluginAccessDeniedError(
            "no Vault token found",
            advice="run 'vault login', set $VAULT_TOKEN, or choose another auth method with auth=",
        )
    return check_secret(token, "the token of $VAULT_TOKEN or ~/.vault-token")


def read_credentials(method: AuthMethod) -> dict[str, Any]:
    """Returns the body of the login request. Files are read at each login: they may be replaced meanwhile.

    Raises:
        PluginAccessDeniedError: A credential is missing or malformed.
        PluginValidationError: A required setting is missing.
        SigningKeyError: A file cannot be read.
    """
    files = dict(method.files)
    if method.name == "approle":
        return _read_approle(files)
    if method.name == "kubernetes":
        files.setdefault("jwt_file", SERVICE_ACCOUNT_TOKEN)
    if "jwt_file" not in files:
        raise PluginValidationError("auth=jwt requires jwt_file", advice="name the token's file with jwt_file=FILE")
    if method.name == "kubernetes" and method.role is None:
        raise PluginValidationError("auth=kubernetes requires role", advice="name the role with role=NAME")
    return {"jwt": _read(files["jwt_file"], "jwt_file")} | ({"role": method.role} if method.role else {})


def _read_approle(files: Mapping[str, str]) -> dict[str, Any]:
    role_id = _read_secret("role_id_file", "VAULT_ROLE_ID", files)
    if role_id is None:
        raise PluginAccessDeniedError(
            "the role id is missing", advice="set $VAULT_ROLE_ID, or name its file with role_id_file=FILE"
        )
    secret_id = _read_secret("secret_id_file", "VAULT_SECRET_ID", files)  # optional with bind_secret_id=false
    return {"role_id": role_id} | ({"secret_id": secret_id} if secret_id else {})


def _read_secret(setting: str, variable: str, files: Mapping[str, str]) -> str | None:
    if setting in files:
        return _read(files[setting], setting)
    value = os.environ.get(variable)
    return check_secret(value, f"${variable}") if value else None


def _read(path: str, setting: str) -> str:
    return check_secret(without_marks(read_file(path, setting)).decode("utf-8", "replace"), f"{setting} {path}")


def check_secret(secret: str, source: str) -> str:
    """Returns a secret without surrounding blanks. HTTP libraries would quote a malformed one in their errors.

    Raises:
        PluginAccessDeniedError: The secret cannot be sent in a header.
    """
    secret = secret.strip()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise PluginAccessDeniedError(f"{source} is not one line of printable characters", advice="check its contents")
    return secret
