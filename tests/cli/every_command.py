"""Every command of the command line, found by walking through the groups."""

from collections.abc import Iterator
from importlib import import_module

from notarykit.cli.commands import COMMANDS
from notarykit.cli.options import Command, Group

Path = tuple[str, ...]


def _below(path: Path, found: Command | Group) -> Iterator[tuple[Path, Command | Group]]:
    yield path, found
    for name, member in found.commands.items() if isinstance(found, Group) else ():
        yield from _below((*path, name), member)


_ALL = [each for name in COMMANDS for each in _below((name,), import_module(f"notarykit.cli.commands.{name}").COMMAND)]

COMMANDS_BY_PATH: dict[Path, Command] = {path: found for path, found in _ALL if isinstance(found, Command)}
GROUPS_BY_PATH: dict[Path, Group] = {path: found for path, found in _ALL if isinstance(found, Group)}
