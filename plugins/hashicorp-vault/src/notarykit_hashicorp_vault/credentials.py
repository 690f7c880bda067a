"""What logs in: the token of the environment or of `vault login`, or what AppRole, JWT and Kubernetes want to have."""

import os
from collections.abc import Mapping
from typing import Any

from notarykit._internal.secret_text import without_marks
from notarykit.errors import PluginAccessDeniedError, PluginValidationError
from notarykit.keys.files import read_file
from notarykit_hashicorp_vault.login import Login
from notarykit_hashicorp_vault.sdk import token_of_user

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
