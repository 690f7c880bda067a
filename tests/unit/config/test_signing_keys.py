"""The list of signing keys, in notation's form."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notarykit.config.signing_keys import SigningKey, SigningKeys, change_signing_keys, load_signing_keys
from notarykit.errors import ConfigurationError, SigningKeyError, StorageError

_LOCAL = {"name": "local", "keyPath": "/keys/a.key", "certPath": "/keys/a.crt"}
_PLUGIN = {
    "name": "remote",
    "id": "https://vault/keys/a",
    "pluginName": "azure-kv",
    "pluginConfig": {"self_signed": "true"},
}
_KEYS = SigningKeys(
    "remote",
    (
        SigningKey("local", key_path="/keys/a.key", cert_path="/keys/a.crt"),
        SigningKey("remote", id="https://vault/keys/a", plugin="azure-kv", plugin_config={"self_signed": "true"}),
    ),
)
_PROGRAM = """
import sys
from notarykit.config.signing_keys import SigningKey, change_signing_keys
for number in range(int(sys.argv[2])):
    key = SigningKey(f"{sys.argv[1]}{number}", "a", "b")
    change_signing_keys(lambda keys: keys.with_key(key, default=False))
"""


def _write(home: Path, document: Any) -> Path:
    home.mkdir(exist_ok=True)
    path = home / "signingkeys.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return path


def test_reads_what_notation_writes(home: Path) -> None:
    """Local keys and keys of plugins are read with the default."""
    _write(home, {"default": "remote", "keys": [_LOCAL, _PLUGIN]})
    assert load_signing_keys() == _KEYS


def test_writes_what_notation_reads(home: Path) -> None:
    """The file has notation's members, for the owner alone."""
    change_signing_keys(lambda _: _KEYS)
    path = home / "signingkeys.json"
    assert json.loads(path.read_bytes()) == {"default": "remote", "keys": [_LOCAL, _PLUGIN]}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert load_signing_keys() == _KEYS


def test_absent_members(home: Path) -> None:
    """A list without a default has no such member, and a key without configuration neither."""
    change_signing_keys(lambda _: SigningKeys("", (SigningKey("a", id="i", plugin="p"),)))
    document = json.loads((home / "signingkeys.json").read_bytes())
    assert document == {"keys": [{"name": "a", "id": "i", "pluginName": "p"}]}


@pytest.mark.parametrize(
    "document",
    [None, {}, {"keys": None}, {"keys": []}, {"default": None, "keys": None}, {"default": "", "keys": []}],
    ids=["no file", "nothing", "null", "empty", "all null", "empty default"],
)
def test_missing_or_empty_list(document: Any, home: Path) -> None:
    """No file, and the forms in which Go writes nothing, are an empty list."""
    if document is not None:
        _write(home, document)
    assert load_signing_keys() == SigningKeys("", ())


def test_null_members_are_accepted(home: Path) -> None:
    """Members that are null are not there; members that are not known are ignored."""
    absent = {"id": None, "pluginName": None, "pluginConfig": None}
    _write(home, {"default": None, "keys": [{**_LOCAL, **absent}, {**_PLUGIN, "keyPath": None, "certPath": None}]})
    assert load_signing_keys().keys == _KEYS.keys
    _write(home, {"keys": [{**_PLUGIN, "pluginConfig": None, "later": 1}], "later": {}})
    assert load_signing_keys().keys[0].plugin_config == {}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"", "not JSON"),
        (b"[]", "document must be an object, not an array"),
        (b'{"keys":[],"keys":[]}', "member 'keys' occurs twice"),
        ({"keys": {}}, "'keys' must be an array, not an object"),
        ({"keys": ["x"]}, "key 1 must be an object, not a string"),
        ({"default": 1, "keys": []}, "'default' must be a string, not an integer"),
        ({"keys": [_LOCAL, {"keyPath": "a", "certPath": "b"}]}, "key 2 has no member 'name'"),
        ({"keys": [{**_LOCAL, "name": ""}]}, "key 1: 'name' must not be empty"),
        ({"keys": [{"name": "a"}]}, "key 1 has no member 'keyPath'"),
        ({"keys": [{"name": "a", "keyPath": "b", "certPath": ""}]}, "key 1: 'certPath' must not be empty"),
        ({"keys": [{"name": "a", "pluginName": "p"}]}, "key 1 has no member 'id'"),
        ({"keys": [{**_PLUGIN, "pluginName": ""}]}, "key 1: 'pluginName' must not be empty"),
        ({"keys": [{**_PLUGIN, "pluginConfig": {"a": 1}}]}, "'pluginConfig': 'a' must be a string, not an integer"),
        ({"keys": [_LOCAL, _LOCAL]}, "two keys have the name 'local'"),
        ({"default": "other", "keys": [_LOCAL]}, "the default key 'other' is not on the list"),
    ],
)
def test_malformed_list_is_refused(document: Any, message: str, home: Path) -> None:
    """The error of a malformed list has the file and the key, and a change keeps the file."""
    path = _write(home, document)
    content = path.read_bytes()
    for use in (load_signing_keys, lambda: change_signing_keys(lambda _: _KEYS)):
        with pytest.raises(ConfigurationError) as caught:
            use()
        assert caught.value.message.startswith(f"malformed {path}: ")
        assert message in caught.value.message
        assert caught.value.exit_code == 2
    assert path.read_bytes() == content


def test_other_than_regular_file_is_refused(home: Path) -> None:
    """A link to a good list, a folder and a pipe are refused, and a change does not replace them."""
    real = _write(home, {"keys": [_LOCAL]}).rename(home / "real.json")
    path = home / "signingkeys.json"
    forms: list[tuple[Callable[[], object], Callable[[], object]]] = [
        (lambda: path.symlink_to(real), path.unlink),
        (path.mkdir, path.rmdir),
        (lambda: os.mkfifo(path), path.unlink),
    ]
    for make, remove in forms:
        make()
        for use in (load_signing_keys, lambda: change_signing_keys(lambda _: _KEYS)):
            with pytest.raises(ConfigurationError, match=f"^{path} is not a regular file$"):
                use()
        remove()
    assert json.loads(real.read_bytes()) == {"keys": [_LOCAL]}


def test_key_by_name_or_default() -> None:
    """A key is found by its name, the default without one."""
    assert _KEYS.get("local").key_path == "/keys/a.key"
    assert _KEYS.get().name == _KEYS.get("").name == "remote"
    with pytest.raises(SigningKeyError, match=r"^signing key 'Local' is not on the list$") as caught:
        _KEYS.get("Local")
    assert caught.value.exit_code == 4
    with pytest.raises(SigningKeyError, match=r"^no default signing key is set$"):
        SigningKeys("", _KEYS.keys).get()


def test_key_is_added() -> None:
    """A key comes last and becomes the default where that is wanted; a name is for one key."""
    key = SigningKey("new", "a", "b")
    assert _KEYS.with_key(key, default=False) == SigningKeys("remote", (*_KEYS.keys, key))
    assert _KEYS.with_key(key, default=True).default == "new"
    with pytest.raises(SigningKeyError, match=r"^signing key with name 'local' already exists$"):
        _KEYS.with_key(SigningKey("local", "a", "b"), default=True)


def test_keys_are_removed() -> None:
    """Keys are taken away by name, and the default with its key; one that is not there is refused."""
    assert _KEYS.without(("local",)) == SigningKeys("remote", _KEYS.keys[1:])
    assert _KEYS.without(("remote",)) == SigningKeys("", _KEYS.keys[:1])
    assert _KEYS.without(("remote", "local")) == SigningKeys("", ())
    with pytest.raises(SigningKeyError, match="'other' is not on the list"):
        _KEYS.without(("local", "other"))


def test_failed_change_keeps_the_list(home: Path) -> None:
    """A change that fails keeps the list."""
    content = _write(home, {"keys": [_LOCAL]}).read_bytes()
    with pytest.raises(SigningKeyError):
        change_signing_keys(lambda keys: keys.without(("other",)))
    assert (home / "signingkeys.json").read_bytes() == content


def test_name_outside_utf_8_keeps_the_list(home: Path) -> None:
    """A path that cannot be written as UTF-8 is refused, and the list stays as it is."""
    content = _write(home, {"keys": [_LOCAL]}).read_bytes()
    with pytest.raises(SigningKeyError, match="is not UTF-8"):
        change_signing_keys(lambda keys: keys.with_key(SigningKey("new", "/keys/\udcff", "b"), default=False))
    assert (home / "signingkeys.json").read_bytes() == content


def test_names_in_any_language(home: Path) -> None:
    """Names and paths keep their letters."""
    change_signing_keys(lambda keys: keys.with_key(SigningKey("ключ", "/ключи/é", "b"), default=True))
    assert "ключ" in (home / "signingkeys.json").read_text("utf-8")
    assert load_signing_keys().get().key_path == "/ключи/é"


def test_concurrent_changes_are_kept(home: Path) -> None:
    """Processes that add keys at once find all of them on the list, and what was there."""
    _write(home, {"default": "local", "keys": [_LOCAL]})
    names = "abcd"
    processes = [subprocess.Popen([sys.executable, "-c", _PROGRAM, name, "6"]) for name in names]
    assert [process.wait(60) for process in processes] == [0] * len(names)
    found = load_signing_keys()
    assert found.default == "local"
    assert sorted(key.name for key in found.keys) == sorted(
        ["local", *(f"{name}{n}" for name in names for n in range(6))]
    )


def test_unwritable_list_is_reported(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that cannot be written is a storage error."""

    def replace(source: str, goal: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(StorageError, match=r"signingkeys.json cannot be written: No space left on device"):
        change_signing_keys(lambda _: _KEYS)
    assert not list(home.iterdir())
