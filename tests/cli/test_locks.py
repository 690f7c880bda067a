"""A lock that another program holds: every command that waits for one ends, and names what is locked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit._internal import locks
from tests.cli.world import World
from tests.support.executables import add_executable, shell_plugin


def _settings(world: World) -> tuple[Path, list[str]]:
    return world.home.folder, ["key", "delete", "build"]


def _policy(world: World) -> tuple[Path, list[str]]:
    path = world.home.policy_file.rename(world.folder / "new.json")
    return world.home.folder, ["policy", "import", str(path)]


def _blob_policy(world: World) -> tuple[Path, list[str]]:
    command = ["blob", "policy", "init", "--name", "all", "--trust-store", "ca:tests", "--trusted-identity", "*"]
    return world.home.folder, command


def _layout(world: World) -> tuple[Path, list[str]]:
    return Path(world.layout.path), ["sign", "--oci-layout", world.reference]


def _store_to_add_to(world: World) -> tuple[Path, list[str]]:
    path = world.folder / "root.pem"
    path.write_bytes(world.chain.pems[-1])
    return world.home.store(), ["certificate", "add", "--type", "ca", "--store", "tests", str(path)]


def _store_to_delete_from(world: World) -> tuple[Path, list[str]]:
    return world.home.store(), ["certificate", "delete", "--type", "ca", "--store", "tests", "--all", "--yes"]


def _plugins(world: World) -> tuple[Path, list[str]]:
    plugin = add_executable(world.folder / "new", "acme", shell_plugin("acme"))
    plugins = world.home.folder / "plugins"
    plugins.mkdir()
    return plugins, ["plugin", "install", "--file", str(plugin)]


@pytest.mark.parametrize(
    "scene", [_settings, _policy, _blob_policy, _layout, _store_to_add_to, _store_to_delete_from, _plugins]
)
def test_held_lock_is_reported(
    world: World, monkeypatch: pytest.MonkeyPatch, scene: Callable[[World], tuple[Path, list[str]]]
) -> None:
    """Behind a lock that does not come free a command ends with 3, and does its work when it is free again."""
    monkeypatch.setattr(locks, "SECONDS_FOR_A_LOCK", 0.01)
    folder, command = scene(world)
    with locks.locked(str(folder)):
        error = world.refused(3, *command)
        assert "is locked: another program has held it for more than 0.01 seconds" in error
        assert f"fuser -v {str(folder)!r}" in error or f"fuser -v {folder.name!r}" in error
    assert world.run(*command).code == 0
