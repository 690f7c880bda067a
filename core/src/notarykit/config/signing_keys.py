"""List of signing keys, notation's `signingkeys.json`."""

import os
import stat
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from notarykit._internal import files, locks
from notarykit._internal.ownership import warn_of_other_writers
from notarykit._internal.paths import config_folder, signing_keys_file
from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.errors import ConfigurationError, SigningKeyError, StorageError

_LARGEST_FILE = 4 * 1024 * 1024


class SigningKey(NamedTuple):
    """Signing key, in local files or held by a plugin.

    Attributes:
        name: Name on the list.
        key_path: File of the private key, or an empty string.
        cert_path: File of the certificate chain, or an empty string.
        id: The plugin's identifier of the key, or an empty string.
        plugin: Name of the plugin, or an empty string.
        plugin_config: Configuration for the plugin.
    """

    name: str
    key_path: str = ""
    cert_path: str = ""
    id: str = ""
    plugin: str = ""
    plugin_config: Mapping[str, str] = {}

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the entry."""
        if not self.plugin:
            return {"name": self.name, "keyPath": self.key_path, "certPath": self.cert_path}
        members: dict[str, Any] = {"name": self.name, "id": self.id, "pluginName": self.plugin}
        if self.plugin_config:
            members["pluginConfig"] = dict(self.plugin_config)
        return members


class SigningKeys(NamedTuple):
    """List of signing keys.

    Attributes:
        default: Name of the default key, or an empty string.
        keys: Keys, in the file's order.
    """

    default: str
    keys: tuple[SigningKey, ...]

    def get(self, name: str = "") -> SigningKey:
        """Returns the key of a name, or the default key without a name.

        Raises:
            SigningKeyError: There is no such key.
        """
        if not self.keys:
            raise SigningKeyError(
                f"signing key {name!r} is not on the list, which is empty" if name else "there is no signing key yet",
                advice="add one with 'notarykit key add', or a test key with 'notarykit certificate generate-test'",
            )
        if not (name or self.default):
            raise SigningKeyError(
                "no default signing key is set",
                advice="name one with --key, or set one with 'notarykit key update --default NAME'",
            )
        for key in self.keys:
            if key.name == (name or self.default):
                return key
        raise SigningKeyError(f"signing key {name!r} is not on the list", advice="see 'notarykit key list'")

    def with_key(self, key: SigningKey, *, default: bool) -> "SigningKeys":
        """Returns the list with one more key.

        Raises:
            SigningKeyError: The name is taken.
        """
        if any(entry.name == key.name for entry in self.keys):
            raise SigningKeyError(
                f"signing key with name {key.name!r} already exists", advice="choose another name, or delete that key"
            )
        return SigningKeys(key.name if default else self.default, (*self.keys, key))

    def without(self, names: tuple[str, ...]) -> "SigningKeys":
        """Returns the list without some keys.

        Raises:
            SigningKeyError: A key is not on the list.
        """
        for name in names:
            self.get(name)
        keys = tuple(key for key in self.keys if key.name not in names)
        return SigningKeys("" if self.default in names else self.default, keys)


def load_signing_keys() -> SigningKeys:
    """Returns the list of signing keys, which is empty if there is no file.

    Raises:
        ConfigurationError: The file is malformed, a link, or cannot be read.
    """
    path = signing_keys_file()
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise ConfigurationError(f"{path} is not a regular file", advice="links are not followed")
        warn_of_other_writers(os.path.dirname(path), path)
        content = files.read(path, _LARGEST_FILE)
    except FileNotFoundError:
        return SigningKeys("", ())
    except (OSError, StorageError) as error:
        raise ConfigurationError(f"signing keys cannot be read: {error}") from None
    try:
        return _parse(content)
    except DocumentError as error:
        raise ConfigurationError(f"malformed {path}: {error}", advice="correct it, or move it away") from None


def _parse(content: bytes) -> SigningKeys:
    document = GoMembers(loads(content), "document")
    default = document.text("default", "")
    keys = tuple(_key(GoMembers(item, f"key {index}")) for index, item in enumerate(document.array("keys", []), 1))
    names = [key.name for key in keys]
    for name in names:
        if names.count(name) > 1:
            raise DocumentError(f"two keys have the name {name!r}")
    if default and default not in names:
        raise DocumentError(f"the default key {default!r} is not on the list")
    return SigningKeys(default, keys)


def _key(members: GoMembers) -> SigningKey:
    name = members.filled("name")
    if "pluginName" in members:
        return SigningKey(
            name,
            id=members.filled("id"),
            plugin=members.filled("pluginName"),
            plugin_config=members.text_map("pluginConfig"),
        )
    return SigningKey(name, members.filled("keyPath"), members.filled("certPath"))


def change_signing_keys(change: Callable[[SigningKeys], SigningKeys]) -> SigningKeys:
    """Changes the list under a lock and returns the new list.

    Raises:
        ConfigurationError: The file is malformed; it is not changed.
        SigningKeyError: A string in the new list is not UTF-8.
        StorageError: It cannot be written.
    """
    with locks.locked(config_folder()):
        keys = change(load_signing_keys())
        members: dict[str, Any] = {"default": keys.default} if keys.default else {}
        members["keys"] = [key.to_json() for key in keys.keys]
        import json

        try:
            content = json.dumps(members, ensure_ascii=False, indent=4).encode("utf-8")
        except UnicodeEncodeError:
            raise SigningKeyError("name, identifier or path of a key is not UTF-8") from None
        files.write(signing_keys_file(), content, 0o600)
    return keys
