"""Settings that others may write, as people see it at the command line."""

import sys

import pytest

from tests.cli.world import VERIFY, World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there, access is not a matter of modes")


def test_each_writable_file_is_warned_of_once(world: World) -> None:
    """Each file and folder is named once a command, however many artifacts there are, and all goes on."""
    for path in (world.home.folder, world.home.policy_file, world.home.store()):
        path.chmod(0o777)
    done = world.run(*VERIFY, world.reference)
    assert done.code == 1  # not signed yet
    world.run("sign", "--oci-layout", world.reference)
    done = world.run(*VERIFY, world.reference, "hello:v1")
    assert done.code == 0
    warned = [line for line in done.err.splitlines() if "can be written by everybody" in line]
    assert warned == [
        f"Warning: {path} can be written by everybody: take that away (chmod go-w)"
        for path in (world.home.folder, world.home.policy_file, world.home.store())
    ]
