"""The list of signing keys, `signingkeys.json`, as notation keeps it."""

import os
import stat
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from notarykit._internal import files
from notarykit._internal.ownership import warn_of_other_writers
from notarykit._internal.paths import config_folder, signing_keys_file
from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.errors import ConfigurationError, SigningKeyError, StorageError

_LARGEST_FILE = 4 * 1024 * 1024


class SigningKey(NamedTuple):
    """A key on the list: one in local files, or one that a plugin holds.

    Attributes:
        name: The name by which commands know it.
        key_path: The private key's file, or an empty string.
        cert_path: The certificate chain's file, or an empty string.
        id: The plugin's identifier of the key, or an empty string.
        plugin: The plugin's name, or an empty string.
        plugin_config: Settings for the plugin.
    """

    name: str
    key_path: str = ""
    cert_path: str = ""
    id: str = ""
    plugin: str = ""
    plugin_config: Mapping[str, str] = {}

    def to_json(self) -> dict[str, Any]:
        """The members of the entry."""
        if not self.plugin:
            return {"name": self.name, "keyPath": self.key_path, "certPath": self.cert_path}
        members: dict[str, Any] = {"name": self.name, "id": self.id, "pluginName": self.plugin}
        if self.plugin_config:
            members["pluginConfig"] = dict(self.plugin_config)
        return members


class SigningKeys(NamedTuple):
    """The list of signing keys.

    Attributes:
        default: The name of the default key, or an empty string.
        keys: The keys, in the file's order.
    """

    default: str
    keys: tuple[SigningKey, ...]

    def get(self, name: str = "") -> SigningKey:
        """The key of a name; the default key where no name is given.

        Raises:
            SigningKeyError: There is none.
        """
        if not (name or self.default):
            raise SigningKeyError(
                "there is no default signing key",
                advice="name one with --key, or set one with 'notarykit key update --default NAME'",
            )
        for key in self.keys:
            if key.name == (name or self.default):
                return key
        raise SigningKeyError(f"signing key {name!r} is not on the list", advice="see 'notarykit key list'")

    def with_key(self, key: SigningKey, *, default: bool) -> "SigningKeys":
        """The list with one more key.

        Raises:
            SigningKeyError: There is one of that name already.
        """
        if any(each.name == key.name for each in self.keys):
            raise SigningKeyError(
                f"signing key with name {key.name!r} already exists", advice="choose another name, or delete that one"
            )
        return SigningKeys(key.name if default else self.default, (*self.keys, key))

    def without(self, names: tuple[str, ...]) -> "SigningKeys":
        """The list without some keys.

        Raises:
            SigningKeyError: One of them is not on the list.
        """
        for name in names:
            self.get(name)
        keys = tuple(key for key in self.keys if key.name not in names)
        return SigningKeys("" if self.default in names else self.default, keys)


def load_signing_keys() -> SigningKeys:
    """The list of signing keys; an empty one where there is no file.

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
        raise ConfigurationError(f"malformed {path}: {error}", advice="mend it, or move it away") from None


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
    """Reads the list, has it changed, and writes it, while nobody else of this software does; returns the new one.

    Raises:
        ConfigurationError: The file is malformed; it is left as it is.
        SigningKeyError: A text in the new list cannot be written as UTF-8.
        StorageError: It cannot be written.
    """
    with files.locked(config_folder()):
        keys = change(load_signing_keys())
        members: dict[str, Any] = {"default": keys.default} if keys.default else {}
        members["keys"] = [key.to_json() for key in keys.keys]
        import json

        try:
            content = json.dumps(members, ensure_ascii=False, indent=4).encode("utf-8")
        except UnicodeEncodeError:
            raise SigningKeyError("a key's name, identifier or path is not UTF-8, so it cannot be listed") from None
        files.write(signing_keys_file(), content, 0o600)
    return keys
