"""The program inside namespaces of its own: pcscd, its two virtual readers and the cards in them."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Any

from tests.servers.piv.card import Card, Counters, Place, Settings, Touch
from tests.servers.piv.pcsc import Pcsc
from tests.servers.piv.vpcd import Plugged

PORT = 35963
READERS = 2
# The modules look for the maker's name at the start of the reader's.
_READER_CONF = """FRIENDLYNAME "Yubico YubiKey OTP+FIDO+CCID"
DEVICENAME   /dev/null:{port:#x}
LIBPATH      {driver}
CHANNELID    {port:#x}
"""
# The shell is what knows the process id that pcscd has to be told, and the socket's place is the first after stderr.
_START = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3<&0 0</dev/null'
_SECONDS_TO_END = 5.0


class Host:
    """The cards, by numbers, and the readers that they are in."""

    def __init__(self, pcsc: Pcsc) -> None:
        self._pcsc = pcsc
        self._readers = sorted(pcsc.readers())
        if len(self._readers) != READERS:
            raise RuntimeError(f"{READERS} readers were expected, not {self._readers}")
        self._cards: dict[int, Card] = {}
        self._plugged: dict[int, Plugged] = {}

    def make(self, number: int, settings: Settings) -> None:
        """Makes a card."""
        self._cards[number] = Card(settings)

    def drop(self, number: int) -> None:
        """Pulls a card out wherever it is, and forget it."""
        card = self._cards.pop(number)
        for reader in [reader for reader, plugged in self._plugged.items() if plugged.card is card]:
            self.pull(reader)

    def insert(self, number: int, reader: int) -> None:
        """Puts a card into a reader, and wait until it is seen."""
        if reader in self._plugged:
            raise ValueError("there is a card in this reader")
        card = self._cards[number]
        if any(plugged.card is card for plugged in self._plugged.values()):
            raise ValueError("the card is in a reader")
        self._plugged[reader] = Plugged(card, PORT + reader)
        self._pcsc.wait(self._readers[reader], present=True)

    def pull(self, reader: int) -> None:
        """Pulls out what is in a reader, and wait until that is seen."""
        before = self._pcsc.changes(self._readers[reader])
        self._plugged.pop(reader).pull()
        # A client that fails meanwhile makes the reader empty at once; a card that came now would not be noticed.
        self._pcsc.wait(self._readers[reader], present=False, since=before)

    def counters(self, number: int) -> Counters:
        """Returns the events that a card has counted."""
        return self._cards[number].counters()

    def set_touch(self, number: int, touch: Touch) -> None:
        """Sets the behaviour of the finger."""
        card = self._cards[number]
        card.settings = card.settings._replace(touch=touch)

    def touch(self, number: int, seconds: float) -> None:
        """Waits until a card waits for a finger, and touch it."""
        self._cards[number].finger.touch(seconds)

    def await_waiting(self, number: int, seconds: float) -> None:
        """Waits until a card waits for a finger."""
        self._cards[number].finger.await_waiting(seconds)

    def set_tries(self, number: int, tries: int) -> None:
        """Sets the number of tries left."""
        self._cards[number].tries = tries

    def replace_certificate(self, number: int, place: Place, certificate: bytes | None) -> None:
        """Puts another certificate, or none, beside a key."""
        self._cards[number].replace_certificate(place, certificate)

    def readers(self) -> list[str]:
        """The names of the readers."""
        return self._readers

    def close(self) -> None:
        """Pulls out every card."""
        for plugged in self._plugged.values():
            plugged.pull()


def serve(host: Host, connection: Connection) -> None:
    """Serves requests until the connection ends."""
    known: Mapping[str, Callable[..., Any]] = {
        each: getattr(host, each)
        for each in (
            "make", "drop", "insert", "pull", "counters", "set_touch", "touch", "await_waiting", "set_tries",
            "replace_certificate", "readers",
        )
    }  # fmt: skip
    with contextlib.suppress(EOFError, ConnectionError):
        connection.send(None)
        while True:
            name, arguments = connection.recv()
            try:
                answer = known[name](*arguments)
            except Exception as error:  # noqa: BLE001 (it is raised where it was asked for)
                answer = error
            connection.send(answer)


@contextlib.contextmanager
def pcscd(program: str, driver: str, folder: str, listening: int) -> Iterator[None]:
    """Runs pcscd on a socket that listens already; it ends with this process, however that ends."""
    settings = os.path.join(folder, "reader.conf.d")
    os.mkdir(settings)
    with open(os.path.join(settings, "vpcd"), "w", encoding="ascii") as file:
        file.write(_READER_CONF.format(driver=driver, port=PORT))
    bound = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", _START, "sh"]
    command = [*bound, program, "--foreground", "--config", settings]
    with open(os.path.join(folder, "pcscd.log"), "wb") as log:
        process = subprocess.Popen(command, stdin=listening, stdout=log, stderr=subprocess.STDOUT)
    os.close(listening)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main(program: str, driver: str, folder: str, listening: str, asked: str) -> None:
    """Runs everything; the arguments are two programs, a folder and two file descriptors."""
    # Whoever started this ends it by hanging up, so that an interrupted terminal does not end it too soon.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # Here pcscd writes its process id, and would find the D-Bus of the machine and thus rules about who may use it.
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    with Connection(int(asked)) as connection, pcscd(program, driver, folder, int(listening)):
        host = Host(Pcsc())
        try:
            serve(host, connection)
        finally:
            host.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
