"""Flags in notation's forms, parsed by optparse.

`--flag value`, `--flag=value`, `-f value`, `-fvalue`, `-f=value`, `--switch=false`, flags before and after arguments,
`--`.
"""

import optparse
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, NoReturn

from notarykit.errors import UsageError


class Flag(NamedTuple):
    """Flag of a command.

    Attributes:
        name: Long name, without dashes.
        help: Help text, one line.
        kind: `switch`, `text`, `texts` (repeatable), `number` or `duration`.
        short: Letter of the short form, or an empty string.
        default: Value if the flag is absent.
        hidden: True if the help does not list it.
        choices: Permitted values; empty if any value is permitted.
        names: Names that completion offers as values: `keys`, `plugins`, `stores` or `store-types`.
    """

    name: str
    help: str
    kind: str = "text"
    short: str = ""
    default: Any = None
    hidden: bool = False
    choices: tuple[str, ...] = ()
    names: str = ""


class Arguments(NamedTuple):
    """Arguments that a command takes.

    Attributes:
        least: Minimum number.
        most: Maximum number.
        missing: Error message for missing arguments.
        names: Names that completion offers, as for flags.
    """

    least: int = 0
    most: int = 0
    missing: str = ""
    names: str = ""


class Command(NamedTuple):
    """Command of the command line.

    Attributes:
        usage: Usage line, without the command's name.
        short: Summary in the list of commands.
        run: Runs the command and returns the exit code.
        flags: Flags, without those that every command has.
        aliases: Other names.
        arguments: Arguments that it takes.
        examples: Examples in the help: a sentence and a command line.
    """

    usage: str
    short: str
    run: "Callable[[Options], int]"
    flags: tuple[Flag, ...] = ()
    aliases: tuple[str, ...] = ()
    arguments: Arguments = Arguments()
    examples: tuple[tuple[str, str], ...] = ()


class Group(NamedTuple):
    """Group of commands under one name.

    Attributes:
        short: Summary in the help of the group.
        commands: Commands, by their names.
        aliases: Other names of the group.
        default: Name of the command that is meant where the first word is no command's name, or an empty string.
    """

    short: str
    commands: dict[str, Command]
    aliases: tuple[str, ...] = ()
    default: str = ""


class Options:
    """Flags and arguments of a command line.

    Attributes:
        values: Value of each flag.
        arguments: Arguments.
        written: Names of the flags on the command line, with their default too, but not with an empty value.
        credentials: Credentials for registries from the environment, by variable.
    """

    def __init__(self, values: Mapping[str, Any], arguments: list[str], written: Collection[str]) -> None:
        self.values = values
        self.arguments = arguments
        self.written = written
        self.credentials: Mapping[str, str] = {}

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def given(self, name: str) -> bool:
        """Returns True if a flag has a value that is not empty."""
        return bool(self.values[name])

    def pairs(self, name: str) -> dict[str, str]:
        """Returns the `{key}={value}` pairs of a flag.

        Raises:
            UsageError: A value is no pair, a part is empty, or a key is repeated.
        """
        pairs: dict[str, str] = {}
        for text in self.values[name]:
            key, equals, value = text.partition("=")
            if not (key and equals and value):
                # The value is not shown, since plugin configuration may hold a secret.
                raise UsageError(f"could not parse flag --{name}: not of the form key=value")
            if key in pairs:
                raise UsageError(f"flag --{name} has the key {key!r} twice")
            pairs[key] = value
        return pairs

    def exclusive(self, *names: str) -> None:
        """Refuses flags that are mutually exclusive."""
        present = [f"--{name}" for name in names if name in self.written]
        if len(present) > 1:
            raise UsageError(f"flags {' and '.join(present)} exclude each other")

    def required(self, *names: str) -> None:
        """Refuses a command line without required flags."""
        absent = [f'"{name}"' for name in sorted(names) if not self.given(name)]
        if absent:
            raise UsageError(f"required flag(s) {', '.join(absent)} not set")


EVERYWHERE = (
    Flag("debug", "show HTTP traffic without secrets, and the tracebacks of errors", "switch", "d"),
    Flag("verbose", "show the result of each verification step", "switch", "v"),
    Flag("help", "show this help", "switch", "h"),
)

YES_FLAG = Flag("yes", "do not prompt for confirmation", "switch", "y")
PLUGIN_CONFIG_FLAG = Flag("plugin-config", "{key}={value} pair that is passed as it is to the plugin", "texts")


def parse_options(command: Command, arguments: list[str], name: str) -> Options | None:
    """Parses a command line; returns None for `--help`.

    Raises:
        UsageError: A flag is unknown or malformed, or the number of arguments is wrong.
    """
    flags = (*command.flags, *EVERYWHERE)
    parser = _Parser(name)
    for flag in flags:
        _add(parser, flag)
    parsed, rest = parser.parse_args(_normalised(arguments, flags, name))
    values = {flag.name: getattr(parsed, flag.name) for flag in flags}
    if values["help"]:
        return None
    written = [name for name, value in values.items() if value not in (None, "", [])]
    for flag in flags:
        values[flag.name] = _converted(flag, values[flag.name])
    least, most, missing, _ = command.arguments
    if len(rest) < least and not values.get("from"):
        raise UsageError(missing or f"too few arguments for '{name}'", advice=f"see '{name} --help'")
    if len(rest) > most:
        raise UsageError(f"unexpected argument {rest[most]!r} for '{name}'", advice=f"see '{name} --help'")
    return Options(values, rest, written)


class _Parser(optparse.OptionParser):
    """Option parser without help, abbreviations and exits."""

    def __init__(self, name: str) -> None:
        super().__init__(add_help_option=False)
        self._name = name

    def _match_long_opt(self, opt: str) -> str:
        if opt not in self._long_opt:
            from difflib import get_close_matches

            close = get_close_matches(opt, list(self._long_opt), 1)
            hint = f"did you mean {close[0]!r}?" if close else f"see '{self._name} --help'"
            raise UsageError(f"unknown flag {opt!r} for '{self._name}'", advice=hint)
        return opt

    def error(self, msg: str) -> NoReturn:
        text = msg.replace("no such option", "unknown flag").replace(" option ", " flag ")
        raise UsageError(f"{text} for '{self._name}'", advice=f"see '{self._name} --help'")


def _add(parser: _Parser, flag: Flag) -> None:
    names = [f"--{flag.name}", *([f"-{flag.short}"] if flag.short else [])]
    if flag.kind == "switch":
        parser.add_option(*names, action="store_true", dest=flag.name)
        parser.add_option(f"--no-{flag.name}", action="store_false", dest=flag.name)
    elif flag.kind == "texts":
        parser.add_option(*names, action="append", dest=flag.name, default=[])
    else:
        parser.add_option(*names, action="store", dest=flag.name)


_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


def _normalised(arguments: list[str], flags: tuple[Flag, ...], name: str) -> list[str]:
    """Rewrites `--switch=false` and `-f=value`, which optparse does not know."""
    switches = {f"--{flag.name}" for flag in flags if flag.kind == "switch"}
    takes_value = {f"-{flag.short}" for flag in flags if flag.short and flag.kind != "switch"}
    long_with_value = {f"--{flag.name}" for flag in flags if flag.kind != "switch"} | takes_value
    result: list[str] = []
    is_value = False
    for position, argument in enumerate(arguments):
        head, equals, value = argument.partition("=")
        if is_value:
            is_value = False
        elif argument == "--":
            return [*result, *arguments[position:]]
        elif equals and head in switches:
            if value not in (*_TRUE, *_FALSE):
                raise UsageError(f"{value!r} is neither true nor false for the flag {head} of '{name}'")
            argument = head if value in _TRUE else f"--no-{head[2:]}"  # noqa: PLW2901
        elif equals and head in takes_value:
            argument = f"{head}{value}" if value else head  # noqa: PLW2901
            if not value:
                result.append(head)
                argument = ""  # noqa: PLW2901
        else:
            is_value = argument in long_with_value
        result.append(argument)
    return result


def _converted(flag: Flag, value: Any) -> Any:
    if flag.kind == "switch":
        return bool(flag.default if value is None else value)
    if value is None or value == flag.default:
        return flag.default
    if flag.kind == "number":
        if re.fullmatch(r"[0-9]{1,9}", value) is None or int(value) == 0:
            raise UsageError(f"{flag.name} value {value} must be a positive number")
        return int(value)
    if flag.kind == "duration":
        from notarykit.cli.durations import seconds

        return seconds(value, flag.name)
    if flag.choices and value not in flag.choices:
        raise UsageError(f"unrecognized value {value!r} of --{flag.name}", advice=f"use {' or '.join(flag.choices)}")
    return value
