"""Sources of a token's PIN, which is handed to the token and to nothing else."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from contextlib import closing

from notarykit.errors import PluginAccessDeniedError, PluginValidationError
from notarykit.plugin import (
    CallTimeoutError,
    call_with_timeout,
    mark_in,
    prompt_secret,
    read_file,
    without_marks,
    write_to_terminal,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from notarykit_pkcs11.key_id import KeyUri

VARIABLE = "PKCS11_PIN"
_PROGRAM, _FILE = "|", "file:"
_MAX_LENGTH = 1024
_ADVICE = f"set pin_source=FILE, ${VARIABLE}, or pinentry=PROGRAM"


class PinSource:
    """Source of the PIN, as the URI, the configuration and the environment choose it.

    In this order: `pin-source` of the URI or `pin_source` of the configuration, a file or a program that prints it;
    the environment variable that `pin_env` names, or `$PKCS11_PIN`; the program that `pinentry` names; the terminal;
    the program `pinentry`, where there is a display and no terminal.
    """

    def __init__(self, uri: KeyUri | None, config: Mapping[str, str]) -> None:
        """Reads the settings, not yet the PIN.

        Raises:
            PluginValidationError: The settings are invalid or contradict each other.
        """
        in_uri = uri.pin_source if uri else None
        configured = config.get("pin_source")
        if in_uri and configured and in_uri != configured:
            raise PluginValidationError("pin-source in the URI differs from pin_source", advice="give one of them")
        self._source = in_uri or configured
        self._variable = config.get("pin_env")
        if self._variable is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self._variable):
            raise PluginValidationError(
                "pin_env is not the name of an environment variable", advice="it is not the PIN itself"
            )
        self._pinentry = config.get("pinentry")

    @property
    def is_immediate(self) -> bool:
        """Whether `get` returns or fails at once, without a person or a program."""
        if self._source:
            return not self._source.startswith(_PROGRAM)
        return self._variable is not None or VARIABLE in os.environ

    @property
    def is_configured(self) -> bool:
        """Whether a file, a program or a variable supplies the PIN, without a prompt."""
        return self._source is not None or (self._variable or VARIABLE) in os.environ

    @property
    def origin(self) -> str:
        """Origin of the PIN for messages, without a program's arguments; empty where a person is prompted."""
        if self._source:
            return "the program of pin_source" if self._source.startswith(_PROGRAM) else _path_in(self._source)
        variable = self._variable or VARIABLE
        return f"${variable}" if variable in os.environ else ""

    def get(self, token_name: str, *, is_last_try: bool = False) -> str:
        """Returns the PIN.

        Args:
            token_name: Name of the token, for the prompt and messages.
            is_last_try: Whether a wrong PIN would lock the token, for the prompt.

        Raises:
            PluginAccessDeniedError: No PIN is available, or it cannot be one.
            SigningKeyError: The PIN file cannot be read.
        """
        prompt = f"PIN of {token_name}{' (the last try)' if is_last_try else ''}"
        return _checked(self._read(prompt, token_name), f"the PIN for {token_name}")

    def notify(self, message: str) -> None:
        """Shows a message at the terminal, if there is one."""
        write_to_terminal(message)

    def _read(self, prompt: str, token_name: str) -> bytes:
        if self._source:
            return _from_source(self._source)
        variable = self._variable or VARIABLE
        if variable in os.environ:
            return os.fsencode(os.environ[variable])
        if self._variable:
            raise PluginAccessDeniedError(f"{token_name} needs a PIN, and ${variable} is not set")
        from notarykit_pkcs11.pin.pinentry import find_pinentry, request_pin

        if self._pinentry:
            return request_pin(self._pinentry, prompt)
        pin = prompt_secret(f"{prompt}: ")
        if pin is None and (program := find_pinentry()):
            return request_pin(program, prompt)
        if pin is None:
            raise PluginAccessDeniedError(
                f"{token_name} needs a PIN, and there is no terminal to ask for it", advice=_ADVICE
            )
        return pin


def _checked(pin: bytes, name: str) -> str:
    """Returns the PIN as text; a malformed one is refused here, as the token would count it as a wrong try."""
    if mark := mark_in(pin):
        raise PluginAccessDeniedError(f"{name} {mark}", advice="remove it where the PIN comes from")
    try:
        text = pin.decode()
    except UnicodeDecodeError:
        raise PluginAccessDeniedError(f"{name} is not UTF-8") from None
    if not text or len(text) > _MAX_LENGTH:
        raise PluginAccessDeniedError(f"{name} is empty or too long")
    if any(character in text for character in "\0\r\n"):
        raise PluginAccessDeniedError(f"{name} contains a null character or a line end")
    return text


def _from_source(source: str) -> bytes:
    """Reads the PIN from a file, or from a program's output (RFC 7512, section 2.4, "pin-source")."""
    if source.startswith(_PROGRAM):
        return _from_program(source.removeprefix(_PROGRAM))
    path = _path_in(source)
    if not os.path.isabs(path):
        raise PluginValidationError(
            "the PIN source is neither an absolute path nor a program after '|'",  # not shown: it may be the PIN itself
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
            "the PIN source names no program by an absolute path", advice="write |/path/to/program"
        )
    program = command[0]
    try:  # its standard error is this process's
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)  # noqa: S603 - the user names it
    except OSError as error:
        raise PluginAccessDeniedError(f"the program {program} cannot be run: {error.strerror}") from None
    assert process.stdout
    stdout = process.stdout

    def read_output() -> tuple[bytes, int]:
        with closing(stdout):
            output = stdout.read(_MAX_LENGTH * 4)
        return output, process.wait()

    try:
        output, code = call_with_timeout(read_output)
    except CallTimeoutError:
        raise PluginAccessDeniedError(f"the program {program} returned no PIN in time") from None
    finally:
        process.kill()
        process.wait()
    if code:
        raise PluginAccessDeniedError(f"the program {program} returned no PIN: it exited with {code}")
    return _first_line(output)


def _first_line(content: bytes) -> bytes:
    return without_marks(content.split(b"\n", 1)[0])
