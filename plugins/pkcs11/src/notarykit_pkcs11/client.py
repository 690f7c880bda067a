"""Modules in this process: loaded once, used by one thread at a time, and initialised again after a fork."""

from __future__ import annotations

import ctypes
import os
import time
from collections import Counter
from contextlib import contextmanager, nullcontext, suppress
from threading import Lock, RLock
from typing import TYPE_CHECKING

import pkcs11

from notarykit.errors import PluginError, PluginTimeoutError
from notarykit.plugin import seconds_left
from notarykit_pkcs11.process_lock import Turn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

PAUSES = (0.05, 0.2, 0.5, 1.0, 0.0)
"""Seconds: what is in software may be busy or out of sight for a moment, while another process begins or writes."""

_BUSY = (pkcs11.GeneralError, pkcs11.FunctionFailed, pkcs11.DeviceError, pkcs11.DeviceMemory, pkcs11.HostMemory)
_ALREADY = "already initialized"


class Module:
    """A PKCS#11 module.

    python-pkcs11 initialises modules without locks of their own ("the application will not be accessing the library
    from multiple threads", PKCS#11 2.40, section 5.4), so whatever calls one does it in `held`.

    Attributes:
        path: The module's file, or its name for the system's loader.
        sessions: What is open, by slot and serial number.
        refused: Marks of PINs that tokens did not take.
        unclear: How often logins with a PIN failed without a word on the PIN, by its mark.
    """

    def __init__(self, path: str) -> None:
        """Names a module; it is loaded when it is used."""
        self.path = path
        self.sessions: dict[tuple[int, bytes], Any] = {}
        self._turn: Turn | None = None
        self._is_hardware = False
        self.refused: set[bytes] = set()
        self.unclear: Counter[bytes] = Counter()
        self._lock = RLock()
        self._library: Any = None
        self._of_parent: Any = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other threads from the module.

        Raises:
            PluginTimeoutError: Another thread needed it for all of the time that is left.
        """
        lock = self._lock
        if not lock.acquire(timeout=seconds_left()):
            raise PluginTimeoutError("the token was busy with other signatures all the time")
        try:
            yield
        finally:
            lock.release()

    @property
    def is_hardware(self) -> bool:
        """Whether it had a slot of hardware when it was loaded: a card that others use is not even looked at.

        Raises:
            PluginError: It cannot be loaded.
        """
        return bool(self.library) and self._is_hardware

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Uses it while this user's other processes wait that initialise it, or use hardware by it."""
        if self._turn is not None:
            yield
            return
        self._turn = Turn(self.path)
        try:
            with self._turn:
                yield
        finally:
            self._turn = None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Lets the other processes have a turn meanwhile, if this one has it."""
        with self._turn.aside() if self._turn is not None else nullcontext():
            yield

    @property
    def has_turn(self) -> bool:
        """Whether other processes wait for this one."""
        return self._turn is not None

    def tokens(self) -> list[pkcs11.Token]:
        """The tokens that are there and have been initialised.

        Raises:
            PluginError: The module cannot be loaded.
            pkcs11.PKCS11Error: It does not answer.
        """
        found = []
        for slot in self.slots():
            try:
                token = slot.get_token()
            except (pkcs11.TokenNotPresent, pkcs11.TokenNotRecognised, pkcs11.DeviceRemoved, pkcs11.DeviceError):
                continue
            if token.flags & pkcs11.TokenFlag.TOKEN_INITIALIZED:
                found.append(token)
        return found

    def slots(self, *, token_present: bool = True) -> list[pkcs11.Slot]:
        """The slots; see `tokens`."""
        return list(self.library.get_slots(token_present=token_present))

    @property
    def library(self) -> Any:
        """The module, loaded and initialised.

        Raises:
            PluginError: That does not work.
        """
        if self._library is None:
            with self.alone():  # some read every card that is there
                self._load()
        return self._library

    def _load(self) -> None:
        for pause in PAUSES:
            try:
                self._library = self._in_child() if self._of_parent else pkcs11.lib(self.path)
                self._is_hardware = any(
                    slot.flags & pkcs11.SlotFlag.HW_SLOT for slot in self.slots(token_present=False)
                )
                return
            except _BUSY as error:
                if pause == PAUSES[-1]:
                    raise self._unusable(error) from None
                time.sleep(min(pause, seconds_left()))
            except (pkcs11.PKCS11Error, OSError) as error:
                raise self._unusable(error) from None

    def look_again(self) -> None:
        """Initialises the module anew, where nothing is open: some look for tokens, or at them afresh, only then."""
        if not any(session.is_open for session in self.sessions.values()):
            try:
                self.library.reinitialize()
            except pkcs11.PKCS11Error:
                self._library = None  # it is initialised when it is used next

    def finalize(self) -> None:
        """Ends the module's use of hardware in this process's turn: some want the card for it once more."""
        if self._library is not None and self._is_hardware:
            with self.alone(), suppress(pkcs11.PKCS11Error):
                self.sessions.clear()
                self._library.finalize()

    def forget(self) -> None:
        """In the child of a fork: nothing that the parent opened is the child's."""
        # Nor may the child end it: modules talk to daemons by connections that both processes hold.
        self._of_parent = self._library or self._of_parent
        if self._library is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._library))
        self._library = None
        self._lock = RLock()
        self._turn = None
        self.sessions = {}

    def _unusable(self, error: Exception) -> PluginError:
        return PluginError(f"the module {self.path} {_why(error)}", advice=_advice(error))

    def _in_child(self) -> Any:
        """PKCS#11 2.40, section 5.4: a child calls C_Initialize before anything else."""
        from pkcs11 import _pkcs11

        try:
            return _pkcs11.lib(self.path)
        except pkcs11.PKCS11Error as error:
            if _ALREADY not in str(error):
                raise
        with suppress(pkcs11.PKCS11Error):  # the module does not know of forks
            self._of_parent.finalize()
        return _pkcs11.lib(self.path)


_modules: dict[str, Module] = {}
_choosing = Lock()


def module_at(path: str) -> Module:
    """The one object for a module in this process."""
    with _choosing:
        if path not in _modules:
            _modules[path] = Module(path)
        return _modules[path]


def finalize() -> None:
    """Ends all modules, where the process is at its end."""
    for module in _modules.values():
        module.finalize()


def _after_fork() -> None:
    global _choosing  # noqa: PLW0603 - another thread may have held it when the process forked
    _choosing = Lock()
    for module in _modules.values():
        module.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _why(error: Exception) -> str:
    text = str(error)
    if _ALREADY in text:
        return "is in use in this process by another library"
    if "while loading" in text:
        return f"cannot be loaded: {text.partition(': ')[2] or text}"
    return f"cannot be initialised: {text or type(error).__name__}"


def _advice(error: Exception) -> str:
    if _ALREADY in str(error):
        return "use the plugin as an executable, or the same way to the module (itself or p11-kit) everywhere"
    return "check the path, and that the module is of this system's kind"
