"""`key`: the list of signing keys, as notation keeps it."""

import json
from typing import Any

from tests.cli.world import World


def _keys(world: World) -> Any:
    return json.loads(world.home.keys_file.read_bytes())


def test_added_key_is_listed(world: World) -> None:
    """A plugin's key is listed in notation's form, and its settings with it; other keys stay as they are."""
    before = _keys(world)["keys"]
    config = ("--plugin-config", "a=1", "--plugin-config=b=x=y")
    assert world.did("key", "add", "--plugin", "azure-kv", "--id", "https://v/k/1", *config, "cloud") == "cloud\n"
    entry = {"name": "cloud", "id": "https://v/k/1", "pluginName": "azure-kv", "pluginConfig": {"a": "1", "b": "x=y"}}
    assert _keys(world) == {"default": "build", "keys": [*before, entry]}
    assert world.home.keys_file.stat().st_mode & 0o777 == 0o600
    text = world.did("key", "add", "--default", "--plugin", "local-file", "--id", "1", "other")
    assert text == "other: marked as default\n"
    assert _keys(world)["default"] == "other"
    assert "pluginConfig" not in _keys(world)["keys"][-1]


def test_first_key_creates_the_list(world: World) -> None:
    """The first key makes the list and its folder."""
    world.home.keys_file.unlink()
    world.did("key", "add", "--plugin", "local-file", "--id", "1", "first")
    assert _keys(world) == {"keys": [{"name": "first", "id": "1", "pluginName": "local-file"}]}
    assert world.refused(4, "sign", "--oci-layout", world.reference).startswith("no default signing key is set: ")


def test_malformed_keys_are_refused(world: World) -> None:
    """A name that is taken or empty, a plugin that is not there, and texts that cannot be stored are refused."""
    before = world.home.keys_file.read_bytes()
    add = ("key", "add", "--plugin", "local-file", "--id", "1")
    error = world.refused(4, *add, "build")
    assert error == "signing key with name 'build' already exists: choose another name, or delete that key"
    assert world.refused(2, *add, "") == "key name is empty"
    assert world.refused(4, "key", "add", "--plugin", "../p", "--id", "1", "x").startswith("'../p' is no plugin name: ")
    assert world.refused(4, "key", "add", "--plugin", "local-fil", "--id", "1", "x") == (
        "plugin 'local-fil' is not installed: did you mean 'local-file'?"
    )
    error = world.refused(4, "key", "add", "--plugin", "notarykit-local-file", "--id", "1", "x")
    assert error.endswith("did you mean 'local-file'?")
    unlisted = "name, identifier or path of a key is not UTF-8"
    assert world.refused(4, *add, "x\udcff") == unlisted
    assert world.refused(2, *add, "--plugin-config", "a", "x").startswith("could not parse flag --plugin-config: ")
    assert world.home.keys_file.read_bytes() == before


def test_list_has_every_key(world: World) -> None:
    """The list shows local and plugin keys, and marks the default one; `ls` is the same."""
    world.did("key", "add", "--plugin", "local-file", "--id", "1", "far")
    lines = world.did("key", "list").splitlines()
    folder = world.home.folder
    assert [line.split() for line in lines[1:]] == [
        ["*", "build", f"{folder}/build.key", f"{folder}/build.chain.pem"],
        ["far", "1", "local-file"],
    ]
    assert lines[0].split("   ")[0] == "NAME"
    assert world.did("key", "ls").splitlines() == lines


def test_update_sets_the_default(world: World) -> None:
    """Another key becomes the default; without the flag nothing happens but a warning."""
    world.did("key", "add", "--plugin", "local-file", "--id", "1", "far")
    done = world.run("key", "update", "far")
    assert done == (0, "", "Warning: --default flag is not set, command did not take effect\n")
    assert _keys(world)["default"] == "build"
    assert world.did("key", "update", "--default", "far") == "far: marked as default\n"
    assert _keys(world)["default"] == "far"
    assert world.did("key", "set", "build", "--default") == "build: marked as default\n"
    error = world.refused(4, "key", "update", "--default", "none")
    assert error == "signing key 'none' is not on the list: see 'notarykit key list'"
    assert _keys(world)["default"] == "build"


def test_deleted_keys_are_reported(world: World) -> None:
    """Deleted keys leave the list, and their files stay."""
    for name in ("a", "b"):
        world.did("key", "add", "--plugin", "local-file", "--id", "1", name)
    assert world.did("key", "delete", "a") == (
        "Removed a from Notation signing key list. The source key still exists.\n"
    )
    assert world.refused(4, "key", "delete", "b", "none").startswith("signing key 'none' is not on the list")
    assert [key["name"] for key in _keys(world)["keys"]] == ["build", "b"]
    assert world.did("key", "delete", "b", "build", "b") == (
        "Removed the following keys from Notation signing key list. The source keys still exist.\nb\nbuild (default)\n"
    )
    assert _keys(world) == {"keys": []}
    assert (world.home.folder / "build.key").exists()


def test_deleting_the_default_leaves_none(world: World) -> None:
    """The default key is named as such, and then there is none."""
    text = world.did("key", "delete", "build")
    assert text == "Removed default key build from Notation signing key list. The source key still exists.\n"
    assert world.refused(4, "sign", "--oci-layout", world.reference).startswith("there is no signing key yet: add one")
