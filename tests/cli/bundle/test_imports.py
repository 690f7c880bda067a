"""Imports: nothing of bundles is loaded by other commands, and what only shows a bundle loads nothing of registries."""

import subprocess
import sys

import pytest

from tests.cli.bundle.making import FILE
from tests.cli.test_imports import LOADED
from tests.cli.world import VERIFY, World
from tests.support.homes import SCOPE


def _loaded(world: World, *arguments: str) -> set[str]:
    command = [sys.executable, "-c", LOADED, *arguments]
    done = subprocess.run(command, env=world.home.environment(), capture_output=True, text=True, check=True)
    return set(done.stdout.partition("-- modules\n")[2].split())


@pytest.mark.parametrize(
    "command",
    [
        ("sign", "--oci-layout"),
        VERIFY,
        ("list", "--oci-layout"),
        ("inspect", "--oci-layout"),
        ("revocation", "fetch", "--directory", "evidence", "--oci-layout", "--scope", SCOPE),
    ],
    ids=lambda each: each[0],
)
def test_other_commands_load_nothing_of_bundles(world: World, command: tuple[str, ...]) -> None:
    """Commands that are about no bundle load no module of them."""
    loaded = _loaded(world, *command, world.reference)
    assert not [
        name for name in loaded if name.startswith(("notarykit.bundle", "notarykit.api", "notarykit.cli.bundle"))
    ]


@pytest.mark.parametrize("command", ["inspect", "verify"])
def test_nothing_of_registries_is_loaded(world: World, bundle: str, command: str) -> None:
    """Showing and verifying a bundle needs neither registries nor the commands beside, nor signers and plugins."""
    loaded = _loaded(world, "bundle", command, FILE)
    forbidden = ("notarykit.oci.registry", "notarykit.signing", "notarykit.plugin.", "notarykit.batch.ordered")
    assert not [name for name in loaded if name.startswith(forbidden)]
    commands = {name for name in loaded if name.startswith("notarykit.cli.commands.bundle.")}
    assert commands == {f"notarykit.cli.commands.bundle.{command}"}
    assert {"pluggy", "tarfile", "asyncio"}.isdisjoint(loaded)
