"""Runs a command: parses its flags, prints its help, and maps its errors to one line and an exit code."""

import contextlib
import os
import sys
from importlib import import_module

from notarykit._internal.printable import printable
from notarykit.cli import streams
from notarykit.cli.commands import COMMANDS
from notarykit.cli.diagnostics import print_error, show_warnings, trace
from notarykit.cli.options import Command, Group, parse_options
from notarykit.cli.output import print_json, print_json_line
from notarykit.errors import UsageError, own_error

_DEBUG = ("--debug", "--debug=true", "-d", "-dv", "-vd")
_INTERRUPTED = 130


def run(arguments: list[str]) -> int:
    """Runs a command line and returns the exit code; every error is one line on standard error."""
    streams.prepare()
    show_warnings()
    try:
        code = _dispatch(arguments)
    except KeyboardInterrupt as interrupt:
        details = "".join(f": {argument}" for argument in interrupt.args)
        print(f"Error: interrupted{printable(details)}", file=sys.stderr)
        code = getattr(interrupt, "exit_code", _INTERRUPTED)
    except Exception as raised:  # noqa: BLE001 - the last line of defence: never a traceback without --debug
        error = own_error(raised)
        print_error(raised, error.one_line(), debug=any(argument in _DEBUG for argument in arguments))
        code = error.exit_code
    return streams.finish(code)


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        return _print_root_help()
    if arguments[0] == "help":
        return _dispatch([*arguments[1:], "--help"]) if len(arguments) > 1 else _print_root_help()
    commands = {name: aliases for name, (aliases, _) in COMMANDS.items()}
    path = ["notarykit", _resolve(arguments[0], commands, "notarykit")]
    command: Command | Group = import_module(f"notarykit.cli.commands.{path[1]}").COMMAND
    rest = arguments[1:]
    while isinstance(command, Group):
        if not rest or rest[0] in ("-h", "--help"):
            from notarykit.cli.help import group_help

            print(group_help(path, command), end="")
            return 0
        name, rest = _member(command, rest, " ".join(path))
        command = command.commands[name]
        path.append(name)
    return _run(path, command, rest)


def _member(group: Group, words: list[str], parent: str) -> tuple[str, list[str]]:
    """Returns the name of the group's command that a line begins with, and the words behind it."""
    if words[0] in group.commands:  # so that no other command is imported for its aliases
        return words[0], words[1:]
    names = {name: member.aliases for name, member in group.commands.items()}
    if group.default and not any(words[0] in aliases for aliases in names.values()):
        return group.default, words
    return _resolve(words[0], names, parent), words[1:]


def _run(path: list[str], command: Command, arguments: list[str]) -> int:
    options = parse_options(command, arguments, " ".join(path))
    if options is None:
        from notarykit.cli.help import command_help

        print(command_help(path, command), end="")
        return 0
    # Plugins and other child processes do not inherit the registry's credentials.
    options.credentials = {name: os.environ.pop(name, "") for name in ("NOTATION_USERNAME", "NOTATION_PASSWORD")}
    try:
        with trace() if options.values.get("debug") else contextlib.nullcontext():
            return command.run(options)
    except Exception as error:
        if show := {"json": print_json, "jsonl": print_json_line}.get(options.values.get("output", "")):
            show({"error": own_error(error).to_json()})
        raise


def _resolve(word: str, names: dict[str, tuple[str, ...]], parent: str) -> str:
    for name, aliases in names.items():
        if word == name or word in aliases:
            return name
    from difflib import get_close_matches

    if word.startswith("-"):
        raise UsageError(f"unknown flag {word!r} for {parent!r}", advice=f"see '{parent} --help'")
    close = get_close_matches(word, [*names, *(alias for aliases in names.values() for alias in aliases)], 1)
    advice = f"did you mean {close[0]!r}?" if close else f"see '{parent} --help'"
    raise UsageError(f"unknown command {word!r} for {parent!r}", advice=advice)


def _print_root_help() -> int:
    from notarykit.cli.help import root_help

    print(root_help(), end="")
    return 0
