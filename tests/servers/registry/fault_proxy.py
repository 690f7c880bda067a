"""A server in front of a registry that passes requests on and does wrong exactly what it is told to."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple

from tests.servers.registry.certificates import KeyPair
from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen, forward

Condition = Callable[[Seen], bool]


class Exchange(NamedTuple):
    """One request that a fault answers.

    Attributes:
        seen: The request.
        connection: Where the answer goes.
        proxy: The server that got the request.
    """

    seen: Seen
    connection: Connection
    proxy: "FaultProxy"

    def forwarded(self, target: str | None = None) -> Reply:
        """Return the registry's own answer."""
        return self.proxy.forwarded(self.seen, target or self.seen.target)

    def reply(self, reply: Reply) -> None:
        """Send an answer."""
        self.connection.reply(reply)


Fault = Callable[[Exchange], None]


class Rule:
    """A fault, and the requests that it meets.

    Attributes:
        met: How many requests it has met.
    """

    def __init__(self, fault: Fault, when: Condition, times: int | None) -> None:
        """Name the fault, its condition and how many requests it may meet, or None for any number."""
        self.fault = fault
        self.when = when
        self.times = times
        self.met = 0

    def takes(self, seen: Seen) -> bool:
        """Say whether the fault meets a request, and count it if so."""
        if (self.times is not None and self.met >= self.times) or not self.when(seen):
            return False
        self.met += 1
        return True


class Gate:
    """A place in an answer at which a server waits until the test lets it go on.

    Attributes:
        reached: Set when a server has come to the gate.
        opened: Set by the test, and by the end of the server.
    """

    def __init__(self) -> None:
        """Make a gate that is closed."""
        self.reached = threading.Event()
        self.opened = threading.Event()

    def pass_through(self) -> None:
        """Wait until the gate is open."""
        self.reached.set()
        self.opened.wait()


class Elsewhere(RecordingServer):
    """Another host, which has what redirects lead to and gives it to everybody."""

    def __init__(self) -> None:
        """Make a host that has nothing yet."""
        super().__init__()
        self._replies: dict[str, Reply] = {}

    def keep(self, target: str, reply: Reply) -> None:
        """Take an answer for a target."""
        with self.lock:
            self._replies[target] = reply

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Give what is there."""
        with self.lock:
            reply = self._replies.get(seen.target, Reply(404))
        connection.reply(reply)


class FaultProxy(RecordingServer):
    """Passes every request on to an upstream registry, but for those that a rule takes.

    Attributes:
        elsewhere: The other host that `redirected` leads to, which runs as long as this one.
    """

    def __init__(self, upstream: str | None = None, certificate: KeyPair | None = None) -> None:
        """Name the registry's host:port, which speaks plain HTTP; without one, only rules answer."""
        super().__init__(certificate)
        self.elsewhere = Elsewhere()
        self._upstream = upstream
        self._rules: list[Rule] = []
        self._gates: list[Gate] = []

    def __enter__(self) -> "FaultProxy":
        """Start both servers."""
        self.elsewhere.__enter__()
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Open all gates and stop both servers."""
        for gate in self._gates:
            gate.opened.set()
        try:
            super().__exit__(kind, error, trace)
        finally:
            self.elsewhere.__exit__(kind, error, trace)

    def fault(self, fault: Fault, when: Condition | None = None, times: int | None = None) -> Rule:
        """Add a fault for the requests of a condition, or for all; the first rule that takes a request has it."""
        rule = Rule(fault, when or (lambda _: True), times)
        with self.lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget all rules and all requests."""
        with self.lock:
            self._rules.clear()
            self.seen.clear()

    def gate(self) -> Gate:
        """Make a gate that opens at the latest when the server stops."""
        gate = Gate()
        self._gates.append(gate)
        return gate

    def forwarded(self, seen: Seen, target: str) -> Reply:
        """Return the registry's own answer to a request, at the same or another target."""
        if self._upstream is None:
            return Reply(404, (("Content-Type", "application/json"),), b'{"errors":[]}')
        return forward(self._upstream, seen, target, [("X-Forwarded-Proto", self._scheme)])

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Have the first rule that takes the request answer it, or else the registry."""
        with self.lock:
            rule = next((rule for rule in self._rules if rule.takes(seen)), None)
        exchange = Exchange(seen, connection, self)
        if rule is None:
            exchange.reply(exchange.forwarded())
        else:
            rule.fault(exchange)
