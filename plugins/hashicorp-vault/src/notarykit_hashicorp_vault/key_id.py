"""What a key id and the configuration name: a key, perhaps one version of it, and perhaps a secret with its chain."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from notarykit.errors import PluginValidationError

FORM = "[MOUNT/]NAME[@VERSION]"

# The name is what Vault's own pattern for names takes, so that it cannot lead to another path.
_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
_MOUNT = rf"{_NAME}(?:/{_NAME})*"
_VERSION = r"[1-9][0-9]{0,8}"
_KEY_ID = re.compile(rf"(?:(?P<mount>{_MOUNT})/)?(?P<name>{_NAME})(?:@(?P<version>{_VERSION}))?")
_SECRET = re.compile(r"[^/\x00-\x1f\x7f]+(?:/[^/\x00-\x1f\x7f]+)+")


class Names(NamedTuple):
    """What is asked of the server.

    Attributes:
        mount: Where the Transit secrets engine is.
        key: The key's name.
        version: The version that is pinned, if one is.
        secret: The path of the secret that has the chain, as the API has it; None where Transit keeps the chain.
    """

    mount: str
    key: str
    version: int | None = None
    secret: str | None = None

    def path(self, operation: str) -> str:
        """The path of an operation on the key, such as `sign`."""
        return f"{self.mount}/{operation}/{self.key}"


def names_of(key_id: str, config: Mapping[str, str]) -> Names:
    """What an id of `hashicorp-vault` names.

    Raises:
        PluginValidationError: It has another form, or the configuration is wrong or contradicts it.
    """
    found = _KEY_ID.fullmatch(key_id)
    if found is None:
        raise PluginValidationError(f"key id {key_id!r} is not of the form {FORM}", advice="such as transit/build@3")
    mount = _one("mount", found["mount"], _setting("mount", _MOUNT, config))
    version = _one("key_version", found["version"], _setting("key_version", _VERSION, config))
    return Names(mount or "transit", found["name"], int(version) if version else None, _secret(config))


def hc_vault_names_of(key_id: str, config: Mapping[str, str]) -> Names:
    """What an id of `hc-vault` names: a secret of a KV version 2 engine, and the key of that name or a configured one.

    Raises:
        PluginValidationError: No secret or no key can have that name, or the configuration is wrong.
    """
    mount = _setting("transitName", _MOUNT, config) or "transit"
    engine = _setting("kvName", _MOUNT, config) or "secret"
    key = _setting("transitKeyName", _NAME, config) or key_id
    if re.fullmatch(_NAME, key) is None:
        raise PluginValidationError(
            f"key id {key_id!r} is no name of a Transit key", advice="name the key with transitKeyName=NAME"
        )
    return Names(mount, key, None, _checked_secret(f"{engine}/data/{key_id}", f"key id {key_id!r}"))


def _setting(name: str, pattern: str, config: Mapping[str, str]) -> str | None:
    value = config.get(name)
    if value is not None and re.fullmatch(pattern, value) is None:
        form = "a version, from 1 on" if pattern == _VERSION else "a name as Vault's keys and engines have it"
        raise PluginValidationError(f"plugin configuration {name}={value!r} is not {form}")
    return value


def _one(name: str, of_id: str | None, of_config: str | None) -> str | None:
    if of_id is not None and of_config is not None and of_id != of_config:
        raise PluginValidationError(
            f"the key id says {of_id!r} and plugin configuration {name}={of_config!r}", advice="give one of them"
        )
    return of_id or of_config


def _secret(config: Mapping[str, str]) -> str | None:
    path = config.get("certificate_secret")
    return None if path is None else _checked_secret(path, f"plugin configuration certificate_secret={path!r}")


def _checked_secret(path: str, what: str) -> str:
    if _SECRET.fullmatch(path) is None or any(part in (".", "..") for part in path.split("/")):
        raise PluginValidationError(
            f"{what} is no path of a secret",
            advice="give it as the API has it: secret/data/NAME, or kv/NAME for version 1",
        )
    return path
