"""Where a token's PIN comes from. It goes from there to the token and nowhere else."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from contextlib import closing

from notarykit._internal.secret_text import mark_in, without_marks
from notarykit.errors import PluginAccessDeniedError, PluginValidationError
from notarykit.keys.files import read_file
from notarykit.plugin.service.terminal import ask_secret, tell
from notarykit.plugin.service.timeout import OutOfTimeError, in_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from notarykit_pkcs11.key_id import KeyUri

VARIABLE = "PKCS11_PIN"
_PROGRAM, _FILE = "|", "file:"
_LONGEST = 1024
_ADVICE = f"set pin_source=FILE, ${VARIABLE}, or pinentry=PROGRAM"


class PinSource:
    """Asks for a PIN where the user says that it is.

    In this order: `pin-source` of the URI or `pin_source` of the configuration, a file or a program that prints it;
    the environment variable that `pin_env` names, or `$PKCS11_PIN`; the program that `pinentry` names; the terminal;
    the program `pinentry`, where there is a display and no terminal.
    """

    def __init__(self, uri: KeyUri | None, config: Mapping[str, str]) -> None:
        """Reads the settings; no PIN is looked for yet.

        Raises:
            PluginValidationError: They contradict each other.
        """
        in_uri = uri.pin_source if uri else None
        configured = config.get("pin_source")
        if in_uri and configured and in_uri != configured:
            raise PluginValidationError("the URI has another pin-source than pin_source", advice="give one of them")
        self._source = in_uri or configured
        self._variable = config.get("pin_env")
        if self._variable is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self._variable):
            raise PluginValidationError(
                "pin_env is no name of an environment variable", advice="it is not the PIN itself"
            )
        self._pinentry = config.get("pinentry")

    @property
    def is_at_hand(self) -> bool:
        """Whether nobody has to be asked: a file or a variable has it, or nothing may."""
        if self._source:
            return not self._source.startswith(_PROGRAM)
        return self._variable is not None or VARIABLE in os.environ

    @property
    def origin(self) -> str:
        """Where it comes from, for people, without a program's arguments; empty where one of them is asked."""
        if self._source:
            return "the program of pin_source" if self._source.startswith(_PROGRAM) else _path_in(self._source)
        variable = self._variable or VARIABLE
        return f"${variable}" if variable in os.environ else ""

    def get(self, token: str, *, is_last: bool = False) -> str:
        """The PIN.

        Args:
            token: The token's name for people.
            is_last: Whether a wrong PIN would lock it.

        Raises:
            PluginAccessDeniedError: There is none.
            SigningKeyError: Its file cannot be read.
        """
        prompt = f"PIN of {token}{' (the last try)' if is_last else ''}"
        return _checked(self._find(prompt, token), f"the PIN for {token}")

    @property
    def is_given(self) -> bool:
        """Whether it is there without a person."""
        return self._source is not None or (self._variable or VARIABLE) in os.environ

    def tell(self, text: str) -> None:
        """Says something at the terminal."""
        tell(text)

    def _find(self, prompt: str, token: str) -> bytes:
        if self._source:
            return _from_source(self._source)
        variable = self._variable or VARIABLE
        if variable in os.environ:
            return os.fsencode(os.environ[variable])
        if self._variable:
            raise PluginAccessDeniedError(f"${variable} is not set, and {token} needs a PIN")
        from notarykit_pkcs11.pin.pinentry import ask, installed

        if self._pinentry:
            return ask(self._pinentry, prompt)
        typed = ask_secret(f"{prompt}: ")
        if typed is None and (program := installed()):
            return ask(program, prompt)
        if typed is None:
            raise PluginAccessDeniedError(
                f"{token} needs a PIN, and there is no terminal to ask for it", advice=_ADVICE
            )
        return typed


def _checked(pin: bytes, what: str) -> str:
    """The PIN as text, if it can be one: the token would count everything else as a wrong try."""
    if mark := mark_in(pin):
        raise PluginAccessDeniedError(f"{what} {mark}", advice="leave it out where the PIN comes from")
    try:
        text = pin.decode()
    except UnicodeDecodeError:
        raise PluginAccessDeniedError(f"{what} is not UTF-8") from None
    if not text or len(text) > _LONGEST:
        raise PluginAccessDeniedError(f"{what} is empty or too long")
    if any(each in text for each in "\0\r\n"):
        raise PluginAccessDeniedError(f"{what} has a zero or a line end in it")
    return text


def _from_source(source: str) -> bytes:
    """The PIN in a file, or out of a program (RFC 7512, section 2.4, "pin-source")."""
    if source.startswith(_PROGRAM):
        return _from_program(source.removeprefix(_PROGRAM))
    path = _path_in(source)
    if not os.path.isabs(path):
        raise PluginValidationError(
            "the PIN source is neither a whole path nor a program after '|'",  # and may be the PIN itself
            advice="write /path/to/file or |/path/to/program",
        )
    return _first_line(read_file(path, "PIN file"))


def _path_in(source: str) -> str:
    return source.removeprefix(_FILE).removeprefix("//") if source.startswith(_FILE) else source


def _from_program(line: str) -> bytes:
    try:
        command = shlex.split(line)
    except ValueError:
        command = []
    if not command or not os.path.isabs(command[0]):
        raise PluginValidationError(
            "the PIN source names no program by its whole path", advice="write |/path/to/program"
        )
    program = command[0]
    try:  # what it says of itself goes where this plugin's own log goes
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)  # noqa: S603 - the user names it
    except OSError as error:
        raise PluginAccessDeniedError(f"the program {program} cannot be run: {error.strerror}") from None
    assert process.stdout
    output = process.stdout

    def listen() -> tuple[bytes, int]:
        with closing(output):
            told = output.read(_LONGEST * 4)
        return told, process.wait()

    try:
        told, code = in_time(listen)
    except OutOfTimeError:
        raise PluginAccessDeniedError(f"the program {program} did not tell the PIN in time") from None
    finally:
        process.kill()
        process.wait()
    if code:
        raise PluginAccessDeniedError(f"the program {program} told no PIN: it ended with {code}")
    return _first_line(told)


def _first_line(content: bytes) -> bytes:
    return without_marks(content.split(b"\n", 1)[0])
