"""Two readers for smart cards, in a network namespace of their own, and the cards that tests put into them."""

import contextlib
import itertools
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from tests.servers.piv.card import Counters, Place, Settings, Touch
from tests.support.requirements import SEARCHED, library, program, require, require_namespaces, require_root

MODULES: Mapping[str, tuple[str, str]] = {
    "ykcs11": ("libykcs11.so.2", "ykcs11"),
    "opensc": ("opensc-pkcs11.so", "opensc-pkcs11"),
}
"""The files of the modules, and the packages that have them."""

_NAMESPACES = ("--net", "--mount")
_DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
_SECONDS_TO_START = 30.0
_SECONDS_TO_ANSWER = 60.0
_SECONDS_TO_END = 15.0


def path_of(module: str) -> str:
    """The path of one of `MODULES`."""
    return str(library(*MODULES[module]))


class Token:
    """A card that tests hold, in a reader or not; made by `Reader.make`.

    Attributes:
        settings: What it was made of.
    """

    def __init__(self, reader: "Reader", number: int, settings: Settings) -> None:
        self._reader = reader
        self._number = number
        self.settings = settings

    def insert(self, place: int = 0) -> None:
        """Puts it into one of the readers, and wait until it is seen."""
        self._reader.insert(self, place)

    def counters(self) -> Counters:
        """Returns the events that it has counted."""
        counters: Counters = self._reader.ask("counters", self._number)
        return counters

    def set_touch(self, touch: Touch) -> None:
        """Sets the behaviour of the finger."""
        self._reader.ask("set_touch", self._number, touch)

    def touch(self, seconds: float = 20.0) -> None:
        """Waits until it waits for a finger, and touch it."""
        self._reader.ask("touch", self._number, seconds)

    def await_waiting(self, seconds: float = 20.0) -> None:
        """Waits until it waits for a finger."""
        self._reader.ask("await_waiting", self._number, seconds)

    def set_tries(self, tries: int) -> None:
        """Sets the number of tries left."""
        self._reader.ask("set_tries", self._number, tries)

    def replace_certificate(self, place: Place, certificate: bytes | None) -> None:
        """Puts another certificate, or none, beside a key."""
        self._reader.ask("replace_certificate", self._number, place, certificate)

    def drop(self) -> None:
        """Pulls it out, if it is in a reader, and forget it."""
        self._reader.ask("drop", self._number)

    @property
    def number(self) -> int:
        """Number of the card at the reader."""
        return self._number


class Reader:
    """The readers and pcscd, which run while the context is entered.

    Attributes:
        names: The names of the two readers.
        process: The program in the namespaces.
        environment: The variables that lead a client to pcscd.
    """

    names: tuple[str, ...]
    process: subprocess.Popen[bytes]

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._connection: Connection
        self._folder = ""

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that lead a client to pcscd."""
        return {"PCSCLITE_CSOCK_NAME": os.path.join(self._folder, "pcscd.comm")}

    def __enter__(self) -> Self:
        require("pcscd", "vsmartcard-vpcd", "iproute2", "mount")  # what the program in the namespaces runs
        require_root("pcscd")
        require_namespaces(*_NAMESPACES)
        with contextlib.ExitStack() as stack:
            # Not a folder of pytest's: the address of a socket is 107 bytes long at most.
            self._folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="piv-"))
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def make(self, settings: Settings) -> Token:
        """A new card, in no reader yet."""
        number = next(self._numbers)
        self.ask("make", number, settings)
        return Token(self, number, settings)

    def insert(self, token: Token, place: int = 0) -> None:
        """Puts a card into one of the readers, and wait until pcscd sees it."""
        self.ask("insert", token.number, place)

    def pull(self, place: int = 0) -> None:
        """Pulls out what is in one of the readers, and wait until pcscd sees that."""
        self.ask("pull", place)

    def log(self) -> str:
        """Returns the log of pcscd."""
        file = os.path.join(self._folder, "pcscd.log")
        if not os.path.exists(file):
            return ""
        with open(file, encoding="utf-8", errors="replace") as lines:
            return lines.read()

    def ask(self, name: str, *arguments: Any) -> Any:
        """Sends a request to the program in the namespace; its exceptions are raised here."""
        with self._lock:
            with contextlib.suppress(OSError):  # that it ended is seen where its answer is missing
                self._connection.send((name, arguments))
            answer = self._received(_SECONDS_TO_ANSWER)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _start(self, stack: contextlib.ExitStack) -> None:
        with contextlib.ExitStack() as passed:
            listening = passed.enter_context(socket.socket(socket.AF_UNIX))
            listening.bind(self.environment["PCSCLITE_CSOCK_NAME"])
            listening.listen(64)
            ours, theirs = socket.socketpair()
            passed.enter_context(theirs)
            self._connection = stack.enter_context(Connection(ours.detach()))
            descriptors = (listening.fileno(), theirs.fileno())
            arguments = [program("pcscd"), _DRIVER, self._folder, *map(str, descriptors)]
            self.process = subprocess.Popen(
                [program("unshare"), *_NAMESPACES, sys.executable, "-m", "tests.servers.piv.host", *arguments],
                env={**os.environ, **self.environment, "PATH": SEARCHED, "PYTHONPATH": _ROOT},
                pass_fds=descriptors, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )  # fmt: skip
        stack.callback(self._stop)
        self._received(_SECONDS_TO_START)
        self.names = tuple(self.ask("readers"))

    def _received(self, seconds: float) -> Any:
        with contextlib.suppress(EOFError, OSError):
            if self._connection.poll(seconds):
                return self._connection.recv()
        errors = self._stop()
        raise RuntimeError(f"the smart card readers do not run:\n{errors}{self.log()}")

    def _stop(self) -> str:
        """Closes the connection, which ends the program in the namespace; returns its standard error."""
        self._connection.close()
        try:
            _, errors = self.process.communicate(timeout=_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, errors = self.process.communicate()
        except ValueError:  # it was stopped before
            return ""
        return errors.decode(errors="replace")
