"""Flags in notation's forms, which are those of Go's pflag.

`--flag value`, `--flag=value`, `-f value`, `-fvalue`, `-f=value`, `--switch=false`, flags before and after arguments,
`--`.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from notarykit.errors import UsageError

ANY_NUMBER = 10**9


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
        names: Names that completion offers as values: `keys`, `plugins`, `stores`, `store-types` or `blob-policies`.
        once: Advice on a second value, which is refused where what the first one names would silently be left out; an
            empty string where the last value counts.
    """

    name: str
    help: str
    kind: str = "text"
    short: str = ""
    default: Any = None
    hidden: bool = False
    choices: tuple[str, ...] = ()
    names: str = ""
    once: str = ""


class Arguments(NamedTuple):
    """Arguments that a command takes.

    Attributes:
        least: Minimum number.
        most: Maximum number; `ANY_NUMBER` if there is none.
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
    """Group of commands, and of further groups, under one name.

    Attributes:
        short: Summary in the help of the group.
        commands: Commands and groups, by their names.
        aliases: Other names of the group.
        default: Name of the command that is meant where the first word is no command's name, or an empty string.
    """

    short: str
    commands: "Mapping[str, Command | Group]"
    aliases: tuple[str, ...] = ()
    default: str = ""


class CommandModules(Mapping[str, Command | Group]):
    """Commands of a group that are in modules of its folder, each imported when it is first asked for.

    Args:
        folder: Package of the group.
        names: Names of the commands.
        shared: Module of each command that has none of its own name: `COMMANDS` in it has those that share it.
    """

    def __init__(self, folder: str, names: tuple[str, ...], shared: Mapping[str, str] = {}) -> None:
        self._folder = folder
        self._names = names
        self._shared = shared

    def __getitem__(self, name: str) -> Command | Group:
        if name not in self._names:
            raise KeyError(name)
        if name in self._shared:
            commands: Mapping[str, Command | Group] = import_module(f"{self._folder}.{self._shared[name]}").COMMANDS
            return commands[name]
        command: Command | Group = import_module(f"{self._folder}.{name}").COMMAND
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


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

    def text(self, name: str) -> str | None:
        """Returns the value of a flag, or None without it.

        Raises:
            UsageError: It is empty, as an unset variable in a script is, which shall not mean what no flag means.
        """
        value: str | None = self.values[name]
        if value == "":
            raise UsageError(f"--{name} is set, but with an empty value")
        return value

    def pairs(self, name: str) -> dict[str, str]:
        """Returns the `{key}={value}` pairs of a flag.

        Raises:
            UsageError: A value is no pair, a part is empty, or a key is repeated.
        """
        pairs: dict[str, str] = {}
        for text in self.values[name]:
            key, equals, value = text.partition("=")
            # Nothing of it is shown: plugin configuration may hold a secret, which may end with `=` and have no key.
            if key and equals and not value:
                raise UsageError(f"could not parse flag --{name}: a value is empty")
            if not (key and equals):
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


def from_flag(text: str) -> Flag:
    """Returns the flag `from` with a help text: a file with more of what the arguments are."""
    return Flag("from", text, once="put all lines into one file, or pipe them to '--from -'")


YES_FLAG = Flag("yes", "do not prompt for confirmation", "switch", "y")
PLUGIN_CONFIG_FLAG = Flag("plugin-config", "{key}={value} pair that is passed as it is to the plugin", "texts")


def parse_options(command: Command, arguments: list[str], name: str) -> Options | None:
    """Parses a command line; returns None for `--help`.

    Raises:
        UsageError: A flag is unknown or malformed, or the number of arguments is wrong.
    """
    flags = (*command.flags, *EVERYWHERE)
    parser = _Parser(flags, arguments, name)
    parser.parse()
    values, rest = parser.values, parser.rest
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


_SWITCH: dict[str | None, bool] = {
    None: True,
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


class _Parser:
    """Reads a command line.

    Attributes:
        values: What it says of each flag: True or False for a switch, a list for one that is repeatable, else a text;
            None, or an empty list, if the flag is absent.
        rest: Its arguments.
    """

    def __init__(self, flags: tuple[Flag, ...], words: list[str], command: str) -> None:
        self.values: dict[str, Any] = {flag.name: [] if flag.kind == "texts" else None for flag in flags}
        self.rest: list[str] = []
        short = {f"-{flag.short}": flag for flag in flags if flag.short}
        self._flags = {f"--{flag.name}": flag for flag in flags} | short
        self._words = iter(words)
        self._command = command
        self._word = ""

    def parse(self) -> None:
        for word in self._words:
            self._word = word
            if word == "--":
                self.rest += self._words
            elif word.startswith("--"):
                name, equals, text = word.partition("=")
                self._set(name, text if equals else None)
            elif word.startswith("-") and word != "-":
                self._set_letters(word[1:])
            else:
                self.rest.append(word)

    def _set_letters(self, letters: str) -> None:
        """Sets the switches of a word, and the flag that has the rest of the word, or the next, as its value."""
        while letters:
            name, letters = f"-{letters[0]}", letters[1:]
            if letters and (letters[0] == "=" or self._flag(name).kind != "switch"):
                self._set(name, letters.removeprefix("="))
                return
            self._set(name, None)

    def _set(self, name: str, text: str | None) -> None:
        flag = self._flag(name)
        if flag.kind == "switch":
            if text not in _SWITCH:
                raise UsageError(f"{text!r} is neither true nor false for the flag {name} of '{self._command}'")
            self.values[flag.name] = _SWITCH[text]
            return
        if text is None and (text := next(self._words, None)) is None:
            raise UsageError(f"flag {name} needs a value for '{self._command}'", advice=self._see_help)
        if flag.kind == "texts":
            self.values[flag.name].append(text)
        elif flag.once and self.values[flag.name] is not None:
            raise UsageError(f"flag {name} is given twice for '{self._command}'", advice=flag.once)
        else:
            self.values[flag.name] = text

    def _flag(self, name: str) -> Flag:
        if name in self._flags:
            return self._flags[name]
        from difflib import get_close_matches

        close = get_close_matches(name, list(self._flags), 1)
        advice = f"did you mean {close[0]!r}?" if close else self._see_help
        if os.path.lexists(self._word):
            advice = f"write ./{self._word} for the file of that name, or -- before all files"
        raise UsageError(f"unknown flag {name!r} for '{self._command}'", advice=advice)

    @property
    def _see_help(self) -> str:
        return f"see '{self._command} --help'"


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
