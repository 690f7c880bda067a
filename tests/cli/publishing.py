"""Publishers of plugins, for the tests of `plugin install`."""

from pathlib import Path

from tests.cli.world import World
from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen
from tests.support.archives import write_tar, write_zip
from tests.support.executables import shell_plugin, write_program
from tests.support.homes import blob_policy_document

STATEMENT = "plugins"


def published(world: World, form: str = "tar.gz", version: str = "1.0.0") -> Path:
    """A published plugin: a zip, a tar.gz or an executable."""
    text = shell_plugin("acme", version=version)
    if form == "zip":
        return write_zip(world.folder / "acme.zip", [("notation-acme", text, 0o100755), ("LICENSE", "x", 0o100644)])
    if form == "tar.gz":
        return write_tar(world.folder / "acme.tar.gz", [("acme/notation-acme", text, 0o755), ("LICENSE", "x", 0o644)])
    return write_program(world.folder / "notation-acme", text)


def signed(world: World, form: str = "tar.gz", version: str = "1.0.0", *flags: str) -> Path:
    """A published plugin with its signature beside it, whose signer the statement trusts."""
    world.home.set_blob_policy(blob_policy_document(STATEMENT, is_global=False))
    path = published(world, form, version)
    world.did("blob", "sign", *flags, path.name)
    return path


def installed(world: World, name: str = "acme") -> Path:
    """Where the executable of a plugin is installed."""
    return world.home.folder / "plugins" / name / f"notation-{name}"


def verified(name: str) -> str:
    """What the command says of a plugin that was verified."""
    return f"Successfully verified signature for {name}\n"


def nothing_was_run(world: World) -> bool:
    """Nothing of a plugin is in its place, and none was run, which the one of `evil` tells."""
    plugins = world.home.folder / "plugins"
    return not (world.folder / "ran").exists() and (not plugins.exists() or list(plugins.iterdir()) == [])


def evil(world: World, name: str = "acme.tar.gz") -> Path:
    """An archive whose plugin leaves a trace when it is run."""
    text = shell_plugin("acme").replace("#!/bin/sh\n", f"#!/bin/sh\ntouch '{world.folder}/ran'\n")
    return write_tar(world.folder / name, [("notation-acme", text, 0o755)])


class Publisher(RecordingServer):
    """Serves files by their paths, and 404 for all else; without files, one answer to everything.

    Attributes:
        answer_with: The answer to everything.
        files: The answers by path, without the query.
    """

    answer_with = Reply(200)
    files: dict[str, Reply] | None = None

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Gives the answer."""
        if self.files is None:
            connection.reply(self.answer_with)
        else:
            connection.reply(self.files.get(seen.path, Reply(404)))
