"""A server whose answers a test lists beforehand, and a client that notes its pauses in place of making them."""

import threading
from collections.abc import Callable
from typing import Any

from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.messages import Request, Response
from tests.servers.registry.certificates import KeyPair
from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen

Answer = Reply | Callable[[Connection], object]


class Server(RecordingServer):
    """Gives one answer after the other, and the last of them again and again.

    Attributes:
        connections: The connections that requests came on, one for each request.
    """

    def __init__(self, *answers: Answer, certificate: KeyPair | None = None) -> None:
        """Takes the answers; without any, all is well and empty."""
        super().__init__(certificate)
        self._answers = list(answers or [Reply(200)])
        self.connections: list[Connection] = []

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Gives the next answer."""
        with self.lock:
            self.connections.append(connection)
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Reply):
            connection.reply(answer)
        else:
            answer(connection)


class Browser:
    """A client with what tests usually give it.

    Attributes:
        client: The client.
        pauses: The pauses that it asked for.
    """

    def __init__(self, make: Callable[[Callable[[float], None]], HttpClient]) -> None:
        """Takes what makes the client, given what stands for waiting."""
        self.pauses: list[float] = []
        self.client = make(self.pauses.append)

    def get(self, server: RecordingServer, target: str = "/", **changes: Any) -> Response:
        """Sends a GET request, unless the changes say otherwise."""
        request = Request("GET", server.url + target, Budget(seconds=20), 1000)
        return self.client.send(request._replace(**changes))


def raw(data: bytes) -> Answer:
    """Sends bytes as they are and ends the connection."""

    def answer(connection: Connection) -> None:
        connection.part(data)
        connection.cut()

    return answer


def cut(connection: Connection) -> None:
    """Ends the connection without an answer."""
    connection.cut()


def dripping(piece: bytes, start: bytes, stop: threading.Event) -> Answer:
    """Sends a start and then a piece every hundredth of a second, until the client goes away or the test ends."""

    def answer(connection: Connection) -> None:
        connection.part(start)
        while not stop.wait(0.01):
            connection.part(piece)
        connection.cut()

    return answer
