"""`logout` as people see it: what was forgotten, and what was not."""

import json

from tests.cli.world import World


def test_changed_files_and_remaining_entries_are_named(world: World) -> None:
    """Files that had the password are named, and so is what podman keeps for paths of the registry."""
    entry = {"auth": "bWU6eA=="}
    docker = world.home.folder / ".docker" / "config.json"
    podman = world.home.folder / ".config" / "containers" / "auth.json"
    for path in (docker, podman):
        path.parent.mkdir(parents=True)
    docker.write_text(json.dumps({"auths": {"https://registry.example/v1/": entry}}))
    podman.write_text(json.dumps({"auths": {"registry.example/a": entry}}))
    done = world.run("logout", "registry.example")
    assert done.out == f"Removed the credentials for registry.example from {docker}\nLogout Succeeded\n"
    assert done.err == (
        f"Warning: {podman} has credentials for registry.example/a: 'podman logout registry.example/a' removes them\n"
    )
    assert done.code == 0
    assert json.loads(docker.read_text()) == {"auths": {}}


def test_logout_without_credentials_succeeds(world: World) -> None:
    """A logout without stored credentials succeeds."""
    assert world.did("logout", "registry.example") == "Logout Succeeded\n"
