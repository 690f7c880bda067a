"""The ways of logging in that the configuration can choose, each with the settings that belong to it."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from notarykit.errors import PluginValidationError

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
