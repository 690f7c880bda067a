"""Key ids of both plugins, completed by plugin configuration: a Transit key and perhaps a version and a KV secret."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from notarykit.plugin import PluginValidationError

FORM = "[MOUNT/]NAME[@VERSION]"

# Vault's own pattern for names, so that no key id leads to another API path.
_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
_MOUNT = rf"{_NAME}(?:/{_NAME})*"
_VERSION = r"[1-9][0-9]{0,8}"
_KEY_ID = re.compile(rf"(?:(?P<mount>{_MOUNT})/)?(?P<name>{_NAME})(?:@(?P<version>{_VERSION}))?")
_SECRET = re.compile(r"[^/\x00-\x1f\x7f]+(?:/[^/\x00-\x1f\x7f]+)+")


class KeyId(NamedTuple):
    """Parsed key id.

    Attributes:
        mount: Mount path of the Transit secrets engine.
        name: Name of the key.
        version: Pinned version.
        secret: API path of the KV secret that holds the chain; None if Transit keeps it.
    """

    mount: str
    name: str
    version: int | None = None
    secret: str | None = None

    def path(self, operation: str) -> str:
        """Returns the API path of an operation on the key, such as `sign`."""
        return f"{self.mount}/{operation}/{self.name}"


def parse_key_id(key_id: str, config: Mapping[str, str]) -> KeyId:
    """Parses a key id of `hashicorp-vault`.

    Raises:
        PluginValidationError: The key id is malformed, or a setting is malformed or contradicts it.
    """
    match = _KEY_ID.fullmatch(key_id)
    if match is None:
        raise PluginValidationError(f"key id {key_id!r} is not of the form {FORM}", advice="such as transit/build@3")
    mount = _agreed("mount", match["mount"], _setting("mount", _MOUNT, config))
    version = _agreed("key_version", match["version"], _setting("key_version", _VERSION, config))
    secret = config.get("certificate_secret")
    if secret is not None:
        _check_secret(secret, f"plugin configuration certificate_secret={secret!r}")
    return KeyId(mount or "transit", match["name"], int(version) if version else None, secret)


def parse_hc_vault_key_id(key_id: str, config: Mapping[str, str]) -> KeyId:
    """Parses a key id of `hc-vault`: a secret in a KV version 2 engine, and the key of that or a configured name.

    Raises:
        PluginValidationError: The key id is not the name of a secret or a key, or a setting is malformed.
    """
    mount = _setting("transitName", _MOUNT, config) or "transit"
    engine = _setting("kvName", _MOUNT, config) or "secret"
    name = _setting("transitKeyName", _NAME, config) or key_id
    if re.fullmatch(_NAME, name) is None:
        raise PluginValidationError(
            f"key id {key_id!r} is not the name of a Transit key", advice="set the key's name with transitKeyName=NAME"
        )
    secret = f"{engine}/data/{key_id}"
    _check_secret(secret, f"key id {key_id!r}")
    return KeyId(mount, name, None, secret)


def _setting(name: str, pattern: str, config: Mapping[str, str]) -> str | None:
    value = config.get(name)
    if value is not None and re.fullmatch(pattern, value) is None:
        form = "a version number" if pattern == _VERSION else "a name in Vault"
        raise PluginValidationError(f"plugin configuration {name}={value!r} is not {form}")
    return value


def _agreed(name: str, from_key_id: str | None, from_config: str | None) -> str | None:
    if from_key_id is not None and from_config is not None and from_key_id != from_config:
        raise PluginValidationError(
            f"the key id has {from_key_id!r}, but plugin configuration has {name}={from_config!r}",
            advice="set only one of them",
        )
    return from_key_id or from_config


def _check_secret(path: str, source: str) -> None:
    if _SECRET.fullmatch(path) is None or any(part in (".", "..") for part in path.split("/")):
        raise PluginValidationError(
            f"{source} is not the path of a secret",
            advice="use its API path: secret/data/NAME, or kv/NAME for KV version 1",
        )
