"""The contacts of a card: the protocol between a virtual card and vpcd, the driver of a virtual reader."""

import contextlib
import socket
import threading

from tests.servers.piv.card import ATR, Card

_POWER_OFF, _POWER_ON, _RESET, _TELL_ATR = 0, 1, 2, 4
SECONDS_TO_CONNECT = 10.0


class Plugged:
    """A card in a reader, from the moment at which it is made until it is pulled."""

    def __init__(self, card: Card, port: int) -> None:
        self.card = card
        card.finger.remove(gone=False)
        self._socket = socket.create_connection(("127.0.0.1", port), SECONDS_TO_CONNECT)
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._serve, name=f"card in the reader at {port}", daemon=True)
        self._thread.start()

    def pull(self) -> None:
        """Pulls the card out, even while it waits for a finger."""
        self.card.finger.remove(gone=True)
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _serve(self) -> None:
        with self._socket, contextlib.suppress(EOFError, ConnectionError):
            self.card.reset()
            while True:
                self._handle(self._read(int.from_bytes(self._read(2))))

    def _handle(self, message: bytes) -> None:
        if message in {bytes([_POWER_OFF]), bytes([_POWER_ON]), bytes([_RESET])}:
            self.card.reset()
        elif message == bytes([_TELL_ATR]):
            self._write(ATR)
        else:
            self._write(self.card.respond(message))

    def _write(self, answer: bytes) -> None:
        self._socket.sendall(len(answer).to_bytes(2) + answer)

    def _read(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            # vpcd sends a length and what follows apart, the second only when the first is acknowledged.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            part = self._socket.recv(size - len(content))
            if not part:
                raise EOFError
            content += part
        return content
