"""Help texts, in notation's layout."""

from notarykit.cli.commands import COMMANDS
from notarykit.cli.options import EVERYWHERE, Command, Flag, Group

_WIDTH = 27


def root_help() -> str:
    """Returns the help of the program."""
    rows = [(name, short) for name, (_, short) in COMMANDS.items()]
    return (
        "notarykit - a tool to sign and verify artifacts\n\n"
        "Usage:\n  notarykit [command]\n\n"
        f"Available Commands:\n{_rows(rows)}\n"
        "Flags:\n  -h, --help   show this help\n\n"
        'Use "notarykit [command] --help" for more about a command.\n'
    )


def group_help(path: list[str], group: Group) -> str:
    """Returns the help of a group of commands."""
    name = " ".join(path)
    aliases = f"Aliases:\n  {', '.join((path[-1], *group.aliases))}\n\n" if group.aliases else ""
    rows = [(member, command.short.removesuffix(".")) for member, command in sorted(group.commands.items())]
    default = ""
    if isinstance(command := group.commands.get(group.default), Command):
        text = command_help([*path, group.default], command)
        default = f'\nThe command "{group.default}" is meant where none is named:\n\n{text}'
    return (
        f"{group.short}\n\nUsage:\n  {name} [command]\n\n{aliases}Available Commands:\n{_rows(rows)}\n"
        f'Use "{name} [command] --help" for more about a command.\n{default}'
    )


def command_help(path: list[str], command: Command) -> str:
    """Returns the help of a command."""
    name = " ".join(path)
    parts = [command.short + "\n"]
    for sentence, example in command.examples:
        parts.append(f"Example - {sentence}:\n  {example}\n")
    parts.append(f"Usage:\n  {name} {command.usage}\n")
    if command.aliases:
        parts.append(f"Aliases:\n  {', '.join((path[-1], *command.aliases))}\n")
    flags = sorted((flag for flag in (*command.flags, *EVERYWHERE) if not flag.hidden), key=lambda flag: flag.name)
    parts.append("Flags:\n" + "".join(_flag(flag) for flag in flags))
    return "\n".join(parts)


def _flag(flag: Flag) -> str:
    short = f"-{flag.short}, " if flag.short else "    "
    value = {"switch": "", "text": " string", "texts": " stringArray", "number": " int", "duration": " duration"}[
        flag.kind
    ]
    default = f" (default {_shown(flag)})" if flag.default else ""
    return f"  {f'{short}--{flag.name}{value}':<{_WIDTH + 8}} {flag.help}{default}\n"


def _shown(flag: Flag) -> str:
    """Returns the default of a flag as a command line has it."""
    if flag.kind == "duration":
        days, seconds = divmod(flag.default, 24 * 3600)
        return f"{flag.default}s" if seconds else f"{days}d"
    return str(flag.default).lower() if flag.kind == "switch" else str(flag.default)


def _rows(rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return "".join(f"  {name:<{width}}  {short}\n" for name, short in rows)
