"""A TPM 2.0 in software with a PKCS#11 token: swtpm, the broker that shares its few places, and tpm2-pkcs11.

All of it speaks through sockets of the file system, in a folder of its own; the broker is on a bus of its own.
"""

import contextlib
import os
import select
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.servers.pkcs11.daemons import SECONDS_TO_START, started
from tests.servers.pkcs11.token import Token, initialise, list_slots
from tests.support.requirements import library, program, require

PIN = "user 3141+é"
OFFICER_PIN = "officer 2718"
LABEL = "notarykit tpm"
SPECS = ("RSA-2048", "RSA-3072", "EC-256", "EC-384")


class Tpm(NamedTuple):
    """A TPM that runs.

    Attributes:
        token: The token that the tool of tpm2-pkcs11 made.
        without_pss: One that C_InitToken made: it does not list the mechanisms for RSA-PSS, as it has not been tried
            there which salt the TPM uses.
    """

    token: Token
    without_pss: Token


@contextlib.contextmanager
def running() -> Iterator[Tpm]:
    """Runs a TPM with two empty tokens until the context is left."""
    module = library("libtpm2_pkcs11.so", "libtpm2-pkcs11-1")
    require("tpm2-tools", "libtss2-tcti-tabrmd0", "libtss2-tcti-swtpm0")  # which the others run or load
    # The path of a socket has hardly a hundred bytes: not every temporary folder is short enough.
    with tempfile.TemporaryDirectory(prefix="tpm") as place, contextlib.ExitStack() as stack:
        environment = _start(stack, Path(place))
        _tool(environment, "init")
        _tool(environment, "addtoken", "--pid=1", f"--label={LABEL}", f"--sopin={OFFICER_PIN}", f"--userpin={PIN}")
        first, second = list_slots(module, environment)
        initialise(module, environment, second.number, label=f"{LABEL} plain", pin=PIN, officer_pin=OFFICER_PIN)
        yield Tpm(
            Token("tpm", module, LABEL, PIN, environment, SPECS, slot=first.number, serial=first.serial),
            Token("tpm", module, f"{LABEL} plain", PIN, environment, SPECS, slot=second.number, serial=first.serial),
        )


def _tool(environment: dict[str, str], *arguments: str) -> None:
    """Runs the tool of tpm2-pkcs11, which takes PINs as arguments and in no other way."""
    done = subprocess.run(
        [program("tpm2_ptool"), *arguments], env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"tpm2_ptool {arguments[0]}:\n{done.stderr}")


def _start(stack: contextlib.ExitStack, folder: Path) -> dict[str, str]:
    store = folder / "store"
    store.mkdir()
    pid = folder / "pid"
    tpm = [
        program("swtpm"), "socket", "--tpm2", "--flags=not-need-init,startup-clear", "--tpmstate", f"dir={folder}",
        "--server", f"type=unixio,path={folder / 'tpm'}", "--ctrl", f"type=unixio,path={folder / 'tpm.ctrl'}",
        "--log", f"file={folder / 'log'}", "--pid", f"file={pid}",
    ]  # fmt: skip
    # It writes its process id when it listens.
    os.mkfifo(pid)
    reader = os.open(pid, os.O_RDONLY | os.O_NONBLOCK)
    stack.callback(os.close, reader)
    stack.enter_context(started(tpm, {}, announces=""))
    if not select.select([reader], [], [], SECONDS_TO_START)[0]:
        raise RuntimeError(f"swtpm does not listen:\n{(folder / 'log').read_text()}")
    bus = [program("dbus-daemon"), "--session", "--nofork", "--nopidfile", "--nosyslog", "--print-address=1",
           f"--address=unix:path={folder / 'bus'}"]  # fmt: skip
    stack.enter_context(started(bus, {}, "guid="))
    environment = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder / 'bus'}"}
    broker = [program("tpm2-abrmd"), "--session", "--allow-root", f"--tcti=swtpm:path={folder / 'tpm'}"]
    # It tells only in its most talkative mode that it has its name on the bus.
    stack.enter_context(started(broker, environment | {"G_MESSAGES_DEBUG": "all"}, "on_name_acquired"))
    return environment | {
        "TPM2TOOLS_TCTI": "tabrmd:bus_type=session",
        "TPM2_PKCS11_TCTI": "tabrmd:bus_type=session",
        "TPM2_PKCS11_STORE": str(store),
        "TPM2_PKCS11_LOG_LEVEL": "0",
        "TSS2_LOG": "all+NONE",
    }
