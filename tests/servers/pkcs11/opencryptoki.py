"""The soft token of opencryptoki, which a machine has once: those who use it at the same time share it.

Its daemon, its files and its shared memory have fixed places, which belong to root. The first user of several makes
the token and its keys, and the last one removes them; a user holds a lock, which the system takes from whoever dies.
"""

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tests.servers.pkcs11.token import Token, fill, initialise, list_slots, recall
from tests.support.requirements import library, program, require, require_root

# The officer's PIN of a new token is this one and no other; the user's has at most eight bytes.
OFFICER_PIN = "87654321"
PIN = "27 18+é"
LABEL = "notarykit opencryptoki"
SLOT = 3
SPECS = ("RSA-2048", "RSA-3072", "RSA-4096")
_STORE = Path("/var/lib/opencryptoki/swtok")
# Its own, and what the token in slot 0, for TPMs, makes when it finds none.
_MEMORY = (Path("/dev/shm/var.lib.opencryptoki.swtok"), Path("/dev/shm/var.lib.opencryptoki.tpm.root"))
_PID = Path("/run/pkcsslotd.pid")
_SOCKET = Path("/run/pkcsslotd.socket")
_GATE = Path("/run/lock/notarykit-opencryptoki-gate")
_USERS = Path("/run/lock/notarykit-opencryptoki-users")
_SECONDS = 30.0
_BETWEEN_LOOKS = 0.01


@contextlib.contextmanager
def sharing() -> Iterator[Token]:
    """The machine's soft token with a key and a chain for each key spec, until the context is left.

    Others may use it at the same time: a test that adds an object gives it an id that no other process chooses.
    """
    require("opencryptoki", "opensc")
    require_root("the daemon of opencryptoki")
    with _USERS.open("a+") as users:
        try:
            with _alone():
                # Who holds this lock alone has no others beside him, and none come before he leaves the gate.
                token = _make(users) if _is_only(users) else recall(_token())
                fcntl.flock(users, fcntl.LOCK_SH)
            yield token
        finally:
            with _alone():
                if _is_only(users):
                    _clean_up(users)
                fcntl.flock(users, fcntl.LOCK_UN)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    with _GATE.open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


def _is_only(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make(users: IO[str]) -> Token:
    _clean_up(users)  # what a process left that died
    started = 0
    if _daemon() is None:
        quiet = subprocess.DEVNULL
        subprocess.run([program("pkcsslotd")], check=True, stdin=quiet, stdout=quiet, stderr=quiet, timeout=_SECONDS)
        started = _wait_for_daemon()
    try:
        if next(slot.label for slot in list_slots(_module(), {}) if slot.number == SLOT):
            raise RuntimeError(f"the soft token of this machine, in {_STORE}, is somebody's: it is not overwritten")
    except BaseException:
        _stop(started)
        raise
    # From here on there is something to clean up: the token, and the daemon unless it ran before.
    users.write(str(started))
    users.flush()
    initialise(_module(), {}, SLOT, label=LABEL, pin=PIN, officer_pin=OFFICER_PIN)
    return fill(_token())


def _clean_up(users: IO[str]) -> None:
    users.seek(0)
    if note := users.read():
        _stop(int(note))
        for file in (*_STORE.glob("MK_*"), _STORE / "NVTOK.DAT", *(_STORE / "TOK_OBJ").iterdir(), *_MEMORY):
            file.unlink(missing_ok=True)
        users.truncate(0)


def _stop(pid: int) -> None:
    if pid and _daemon() == pid:
        process = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(process, signal.SIGTERM)
            select.select([process], [], [], _SECONDS)
        finally:
            os.close(process)
        _PID.unlink(missing_ok=True)


def _daemon() -> int | None:
    """Find the process id of the daemon that runs, whoever started it."""
    try:
        pid = int(_PID.read_text())
        # One that has ended and that nobody has waited for has no command line.
        return pid if b"pkcsslotd" in Path(f"/proc/{pid}/cmdline").read_bytes() else None
    except (OSError, ValueError):
        return None


def _wait_for_daemon() -> int:
    # It goes to the background before it has written its process id, and tells nobody when it has.
    deadline = time.monotonic() + _SECONDS
    while (pid := _daemon()) is None or not _SOCKET.exists():
        if time.monotonic() > deadline:
            raise RuntimeError("pkcsslotd did not start")
        time.sleep(_BETWEEN_LOOKS)
    return pid


def _module() -> Path:
    return library("libopencryptoki.so", "opencryptoki")


def _token() -> Token:
    slot = next(each for each in list_slots(_module(), {}) if each.number == SLOT)
    return Token("opencryptoki", _module(), LABEL, PIN, {}, SPECS, slot=slot.number, serial=slot.serial)
