"""PKCS#11 modules of this process: loaded once, used by one thread at a time, initialised again after a fork."""

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
from notarykit_pkcs11.process_lock import ProcessLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

PAUSES = (0.05, 0.2, 0.5, 1.0, 0.0)
"""Seconds between attempts: software tokens are busy or invisible while another process initialises or writes them."""

_BUSY = (pkcs11.GeneralError, pkcs11.FunctionFailed, pkcs11.DeviceError, pkcs11.DeviceMemory, pkcs11.HostMemory)
_ALREADY_INITIALIZED = "already initialized"


class Module:
    """PKCS#11 module (shared library), loaded at first use.

    python-pkcs11 initialises modules without locks of their own ("the application will not be accessing the library
    from multiple threads", PKCS#11 2.40, section 5.4): every call into one belongs in `locked`.

    Attributes:
        path: File of the module, or its name for the system's loader.
        sessions: Token sessions, by slot and serial number.
        rejected_pins: Salted hashes of PINs that tokens rejected.
        failed_logins: Number of logins that failed without naming the PIN as the reason, by the PIN's salted hash.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.sessions: dict[tuple[int, bytes], Any] = {}
        self.rejected_pins: set[bytes] = set()
        self.failed_logins: Counter[bytes] = Counter()
        self._process_lock: ProcessLock | None = None
        self._is_hardware = False
        self._lock = RLock()
        self._library: Any = None
        self._parent_library: Any = None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Excludes other threads from the module.

        Raises:
            PluginTimeoutError: Another thread held the module until the call's deadline.
        """
        lock = self._lock
        if not lock.acquire(timeout=seconds_left()):
            raise PluginTimeoutError("timed out waiting for the token, which was busy with other signatures")
        try:
            yield
        finally:
            lock.release()

    @property
    def is_hardware(self) -> bool:
        """Whether the module had a hardware slot when loaded; such a card is used under the process lock only.

        Raises:
            PluginError: The module cannot be loaded.
        """
        return bool(self.library) and self._is_hardware

    @contextmanager
    def process_locked(self) -> Iterator[None]:
        """Excludes this user's other processes from initialising the module, or using hardware through it."""
        if self._process_lock is not None:
            yield
            return
        self._process_lock = ProcessLock(self.path)
        try:
            with self._process_lock:
                yield
        finally:
            self._process_lock = None

    @contextmanager
    def process_unlocked(self) -> Iterator[None]:
        """Releases the process lock, if held, while the context is active."""
        with self._process_lock.released() if self._process_lock is not None else nullcontext():
            yield

    @property
    def is_process_locked(self) -> bool:
        """Whether this process holds the process lock."""
        return self._process_lock is not None

    def tokens(self) -> list[pkcs11.Token]:
        """Returns the initialised tokens that are present.

        Raises:
            PluginError: The module cannot be loaded.
            pkcs11.PKCS11Error: The module does not answer.
        """
        tokens = []
        for slot in self.slots():
            try:
                token = slot.get_token()
            except (pkcs11.TokenNotPresent, pkcs11.TokenNotRecognised, pkcs11.DeviceRemoved, pkcs11.DeviceError):
                continue
            if token.flags & pkcs11.TokenFlag.TOKEN_INITIALIZED:
                tokens.append(token)
        return tokens

    def slots(self, *, token_present: bool = True) -> list[pkcs11.Slot]:
        """Returns the slots; raises as `tokens` does."""
        return list(self.library.get_slots(token_present=token_present))

    @property
    def library(self) -> Any:
        """The module, loaded and initialised.

        Raises:
            PluginError: The module cannot be loaded or initialised.
        """
        if self._library is None:
            with self.process_locked():  # some modules read every card while they initialise
                self._load()
        return self._library

    def _load(self) -> None:
        for pause in PAUSES:
            try:
                self._library = self._load_in_child() if self._parent_library else pkcs11.lib(self.path)
                self._is_hardware = any(
                    slot.flags & pkcs11.SlotFlag.HW_SLOT for slot in self.slots(token_present=False)
                )
                return
            except _BUSY as error:
                if pause == PAUSES[-1]:
                    raise self._load_error(error) from None
                time.sleep(min(pause, seconds_left()))
            except (pkcs11.PKCS11Error, OSError) as error:
                raise self._load_error(error) from None

    def refresh(self) -> None:
        """Initialises the module again unless a session is open: some modules look for tokens only then."""
        if not any(session.is_open for session in self.sessions.values()):
            try:
                self.library.reinitialize()
            except pkcs11.PKCS11Error:
                self._library = None  # initialised at its next use

    def finalize(self) -> None:
        """Finalises a hardware module under the process lock, since some modules access the card once more then."""
        if self._library is not None and self._is_hardware:
            with self.process_locked(), suppress(pkcs11.PKCS11Error):
                self.sessions.clear()
                self._library.finalize()

    def reset_in_child(self) -> None:
        """Drops in a forked child all state that belongs to the parent."""
        # A child must not finalise the parent's module either: both hold the connections to the module's daemon.
        self._parent_library = self._library or self._parent_library
        if self._library is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._library))
        self._library = None
        self._lock = RLock()
        self._process_lock = None
        self.sessions = {}

    def _load_error(self, error: Exception) -> PluginError:
        return PluginError(f"the module {self.path} {_reason(error)}", advice=_advice(error))

    def _load_in_child(self) -> Any:
        """Initialises the module in a forked child, as PKCS#11 2.40, section 5.4, requires before any other call."""
        from pkcs11 import _pkcs11

        try:
            return _pkcs11.lib(self.path)
        except pkcs11.PKCS11Error as error:
            if _ALREADY_INITIALIZED not in str(error):
                raise
        with suppress(pkcs11.PKCS11Error):  # the module does not detect forks
            self._parent_library.finalize()
        return _pkcs11.lib(self.path)


_modules: dict[str, Module] = {}
_modules_lock = Lock()


def module_at(path: str) -> Module:
    """Returns the process's only `Module` for a path."""
    with _modules_lock:
        if path not in _modules:
            _modules[path] = Module(path)
        return _modules[path]


def finalize() -> None:
    """Finalises all modules at the end of the process."""
    for module in _modules.values():
        module.finalize()


def _after_fork() -> None:
    global _modules_lock  # noqa: PLW0603 - another thread may have held it when the process forked
    _modules_lock = Lock()
    for module in _modules.values():
        module.reset_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _reason(error: Exception) -> str:
    text = str(error)
    if _ALREADY_INITIALIZED in text:
        return "is in use in this process by another library"
    if "while loading" in text:
        return f"cannot be loaded: {text.partition(': ')[2] or text}"
    return f"cannot be initialised: {text or type(error).__name__}"


def _advice(error: Exception) -> str:
    if _ALREADY_INITIALIZED in str(error):
        return "use the plugin as an executable, or load the module by the same path (its own or p11-kit's) everywhere"
    return "check the path, and that the module is built for this system"
