"""Runs a command: parses its flags, shows its help, and turns what it raises into one line and an exit code."""

import contextlib
import io
import os
import sys
import warnings
from importlib import import_module
from typing import Any

from notarykit.cli import COMMANDS
from notarykit.cli.options import Command, Group, parse
from notarykit.cli.text import shown
from notarykit.errors import NotarykitError, NotarykitWarning, StorageError, UsageError

_DEBUG = ("--debug", "--debug=true", "-d", "-dv", "-vd")
_INTERNAL = 70  # EX_SOFTWARE of sysexits.h: none of the documented codes, since none of them is what happened


def run(arguments: list[str]) -> int:
    """Runs a command line and returns the exit code; every error is one line on standard error."""
    debug = any(argument in _DEBUG for argument in arguments)
    try:
        _prepare_streams()
        _prepare_warnings()
        code = _dispatch(arguments)
        sys.stdout.flush()
    except NotarykitError as error:
        if debug:
            _print_trace()
        _flush()
        print(f"Error: {shown(error.one_line())}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Error: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our output has seen enough
        _leave_output()
        return 141
    except Exception as error:  # noqa: BLE001 - the last line of defence: never a traceback
        if debug:
            _print_trace()
        if isinstance(error, OSError) and error.filename is None:  # whatever else fails is a file, which has a name
            _leave_output()
            print(f"Error: standard output cannot be written: {error.strerror}", file=sys.stderr)
            return StorageError.exit_code
        hint = "" if debug else ": run it again with --debug, and report what that prints"
        print(f"Error: internal error: {type(error).__name__}: {shown(str(error))}{hint}", file=sys.stderr)
        return _INTERNAL
    return code


def _prepare_streams() -> None:
    """Makes up for streams that the caller has closed, and for encodings that lack what we print."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _prepare_warnings() -> None:
    """Shows our own warnings, each of them once, and nobody else's."""
    seen: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        text = shown(str(message))
        if text not in seen:
            seen.add(text)
            print(f"Warning: {text}", file=sys.stderr)

    warnings.showwarning = show
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", NotarykitWarning)


def _leave_output() -> None:
    """Lets what is still to be printed go nowhere; otherwise the interpreter would complain about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _flush() -> None:
    with contextlib.suppress(OSError):
        sys.stdout.flush()


def _print_trace() -> None:
    import traceback

    for line in traceback.format_exc().splitlines():
        print(shown(line), file=sys.stderr)


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        return _print_root_help()
    if arguments[0] == "help":
        return _dispatch([*arguments[1:], "--help"]) if len(arguments) > 1 else _print_root_help()
    path = ["notarykit", _resolve(arguments[0], {name: each[1] for name, each in COMMANDS.items()}, "notarykit")]
    found: Command | Group = import_module(f"notarykit.cli.{COMMANDS[path[1]][0]}").COMMAND
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
    except NotarykitError as error:
        if options.values.get("output") == "json":
            from notarykit.cli.target import error_json, print_json

            print_json({"error": error_json(error)})
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
