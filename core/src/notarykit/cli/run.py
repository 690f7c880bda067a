"""Runs a command: parses its flags, shows its help, and turns what it raises into one line and an exit code."""

import contextlib
import os
import sys
from importlib import import_module

from notarykit.cli import streams
from notarykit.cli.commands import COMMANDS
from notarykit.cli.options import Command, Group, parse
from notarykit.cli.output import shown
from notarykit.cli.warned import show_warnings
from notarykit.errors import UsageError, own_error

_DEBUG = ("--debug", "--debug=true", "-d", "-dv", "-vd")
_INTERRUPTED = 130


def run(arguments: list[str]) -> int:
    """Runs a command line and returns the exit code; every error is one line on standard error."""
    debug = any(argument in _DEBUG for argument in arguments)
    streams.prepare()
    show_warnings()
    try:
        code = _dispatch(arguments)
    except KeyboardInterrupt as interrupt:
        print(f"Error: interrupted{shown(''.join(f': {each}' for each in interrupt.args))}", file=sys.stderr)
        code = _INTERRUPTED
    except Exception as raised:  # noqa: BLE001 - the last line of defence: never a traceback
        error = own_error(raised)
        if debug:
            _print_trace(raised)
        sys.stdout.flush()
        print(f"Error: {shown(error.one_line())}", file=sys.stderr)
        code = error.exit_code
    return streams.finish(code)


def _print_trace(error: Exception) -> None:
    from notarykit.cli.tracebacks import traceback_of

    for line in traceback_of(error):
        print(shown(line), file=sys.stderr)


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        return _print_root_help()
    if arguments[0] == "help":
        return _dispatch([*arguments[1:], "--help"]) if len(arguments) > 1 else _print_root_help()
    path = ["notarykit", _resolve(arguments[0], {name: each[0] for name, each in COMMANDS.items()}, "notarykit")]
    found: Command | Group = import_module(f"notarykit.cli.commands.{path[1]}").COMMAND
    rest = arguments[1:]
    if isinstance(found, Group):
        if not rest or rest[0] in ("-h", "--help"):
            from notarykit.cli.help import group_help

            print(group_help(path, found), end="")
            return 0
        path.append(_resolve(rest[0], {name: each.aliases for name, each in found.commands.items()}, " ".join(path)))
        found, rest = found.commands[path[2]], rest[1:]
    return _run(path, found, rest)


def _run(path: list[str], command: Command, arguments: list[str]) -> int:
    options = parse(command, arguments, " ".join(path))
    if options is None:
        from notarykit.cli.help import command_help

        print(command_help(path, command), end="")
        return 0
    # Neither a plugin nor anything else that is started from here sees the registry's credentials.
    credentials = {name: os.environ.pop(name, "") for name in ("NOTATION_USERNAME", "NOTATION_PASSWORD")}
    options.credentials = credentials
    try:
        with _conversation() if options.values.get("debug") else contextlib.nullcontext():
            return command.run(options)
    except Exception as error:
        if options.values.get("output") == "json":
            from notarykit.cli.references import error_json, print_json

            print_json({"error": error_json(own_error(error))})
        raise


def _conversation() -> contextlib.AbstractContextManager[None]:
    from notarykit.cli.conversation import conversation

    return conversation()


def _resolve(word: str, names: dict[str, tuple[str, ...]], parent: str) -> str:
    for name, aliases in names.items():
        if word == name or word in aliases:
            return name
    from difflib import get_close_matches

    if word.startswith("-"):
        raise UsageError(f"unknown flag {word!r} for {parent!r}", advice=f"see '{parent} --help'")
    close = get_close_matches(word, [*names, *(alias for each in names.values() for alias in each)], 1)
    advice = f"did you mean {close[0]!r}?" if close else f"see '{parent} --help'"
    raise UsageError(f"unknown command {word!r} for {parent!r}", advice=advice)


def _print_root_help() -> int:
    from notarykit.cli.help import root_help

    print(root_help(), end="")
    return 0
