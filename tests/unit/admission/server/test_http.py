"""HTTP server: doors, limits and the end."""

import asyncio
import json
from pathlib import Path

import pytest

from notarykit_admission.errors import RequestError
from notarykit_admission.server.limits import HTTPLimits
from notarykit_admission.server.route import Route
from tests.unit.admission.server.serving import Files, Gate, Running, echo, make_files, serving


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Files of a server."""
    return make_files(Path(tmp_path_factory.mktemp("server")))


def test_door_answers(files: Files) -> None:
    """A body goes through the door, and connections are kept for the next one."""

    async def test(running: Running) -> None:
        client = await running.connect()
        for body in (b'{"a": 1}', b"", b"x" * 1_000_000):
            reply = await client.ask("/echo", body)
            assert reply.status == 200
            assert reply.closes is False
            assert json.loads(reply.text)["body"] == body.decode()

    serving(files, test)


@pytest.mark.parametrize(("query", "most"), [("", 9.5), ("?timeout=1s", 0.8), ("?timeout=30s", 29.5)])
def test_time_to_decide(files: Files, query: str, most: float) -> None:
    """A door has the time that its caller names, or its own, less what the way takes."""

    async def test(running: Running) -> None:
        seconds = json.loads((await (await running.connect()).ask(f"/echo{query}")).text)["seconds"]
        assert most - 0.75 < seconds <= most

    serving(files, test)


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/healthz", 200, "ok"),
        ("POST", "/healthz", 405, "use GET"),
        ("GET", "/echo", 405, "use POST"),
        ("POST", "/other", 404, "nothing is served at this path"),
        ("POST", "/echo/", 404, "nothing is served at this path"),
        ("POST", "/echo?timeout=never", 400, "timeout 'never' is not a duration of up to 5 minutes, such as 10s"),
    ],
)
def test_other_requests(files: Files, method: str, path: str, status: int, text: str) -> None:
    """What no door is for is refused with a reason, and the connection goes on."""

    async def test(running: Running) -> None:
        client = await running.connect()
        assert await client.ask(path, method=method) == (status, text, False)
        assert (await client.ask("/echo")).status == 200

    serving(files, test)


def test_errors_of_a_door(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    """A malformed request is the caller's error with its reason; a mistake of ours is in the log, without its text."""

    async def malformed(body: bytes, seconds: float) -> bytes:
        raise RequestError("the review is malformed")

    async def mistaken(body: bytes, seconds: float) -> bytes:
        raise RuntimeError("password=hunter2")

    async def late(body: bytes, seconds: float) -> bytes:
        raise TimeoutError

    async def test(running: Running) -> None:
        client = await running.connect()
        assert await client.ask("/malformed") == (400, "the review is malformed", False)
        assert await client.ask("/mistaken") == (500, "internal error: RuntimeError; the log has more", False)
        assert await client.ask("/late") == (500, "internal error: TimeoutError; the log has more", False)

    doors = {
        "/malformed": Route(malformed, 10, str.encode),
        "/mistaken": Route(mistaken, 10, str.encode),
        "/late": Route(late, 10, str.encode),
    }
    serving(files, test, doors)
    assert caplog.text.count("a request cannot be answered") == 2


def test_errors_in_the_form_of_a_door(files: Files) -> None:
    """A door whose callers read JSON alone has its errors in it, with the same status."""

    async def malformed(body: bytes, seconds: float) -> bytes:
        raise RequestError("the review is malformed")

    def failure(reason: str) -> bytes:
        return json.dumps({"problem": reason}).encode()

    async def test(running: Running) -> None:
        client = await running.connect()
        for path, status, reason in (
            ("/malformed", 400, "the review is malformed"),
            ("/malformed?timeout=1", 400, "timeout '1' is not a duration of up to 5 minutes, such as 10s"),
            ("/guarded", 403, "a client certificate is needed here"),
        ):
            reply = await client.ask(path)
            assert (reply.status, json.loads(reply.text)) == (status, {"problem": reason})

    doors = {"/malformed": Route(malformed, 10, failure), "/guarded": Route(echo, 10, failure, True)}
    serving(files, test, doors)


@pytest.mark.parametrize("fields", [{}, {"Transfer-Encoding": "chunked"}])
def test_body_that_is_too_large(files: Files, fields: dict[str, str]) -> None:
    """A body beyond the limit is refused when the limit is reached, however it is sent."""

    async def test(running: Running) -> None:
        client = await running.connect()
        if fields:
            client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n" + b"x" * 0x2000)
            reply = await client.reply()
        else:
            reply = await client.ask("/echo", b"x" * 5000)
        assert reply == (413, "the body has more than 4096 bytes", True)
        assert (await (await running.connect()).ask("/echo", b"x" * 4096)).status == 200

    serving(files, test, limits=HTTPLimits(body=4096))


def test_too_many_requests_at_once(files: Files) -> None:
    """Beyond the limit a request is refused at once, and those before it are answered."""

    async def test(running: Running) -> None:
        waiting = [await running.connect() for _ in range(2)]
        for client in waiting:
            client.post("/gate")
        await gate.until(2)
        third = await running.connect()
        assert await third.ask("/gate") == (429, "too many requests at once: try again", False)
        assert (await third.ask("/healthz", method="GET")).status == 200
        gate.open()
        assert [(await client.reply()).status for client in waiting] == [200, 200]
        assert (await third.ask("/gate")).status == 200

    gate = Gate()
    serving(files, test, {"/gate": Route(gate.answer, 10, str.encode)}, HTTPLimits(reviews=2))


_SILENT = {
    "no TLS": b"",
    "no request": b"",
    "half a head": b"POST /echo HTTP/1.1\r\nHost: x\r\n",
    "half a body": b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
}


@pytest.mark.parametrize("name", _SILENT)
def test_silent_client_is_left(files: Files, name: str) -> None:
    """A client that stops to send at any point loses its connection."""

    async def test(running: Running) -> None:
        silent = await (running.connect_plain() if name == "no TLS" else running.connect())
        silent.send(_SILENT[name])
        assert await silent.is_closed()

    handshake = 0.2 if name == "no TLS" else 60
    serving(files, test, limits=HTTPLimits(handshake_seconds=handshake, body_seconds=0.2, idle_seconds=0.2))


@pytest.mark.parametrize("data", [b"\x00" * 100, b"GET\r\n\r\n", b"POST /echo HTTP/1.1\r\nX: " + b"a" * 100_000])
def test_what_is_no_http(files: Files, data: bytes) -> None:
    """What is no request, or has a head beyond all measure, is answered with an error or nothing, and left."""

    async def test(running: Running) -> None:
        client = await running.connect()
        client.send(data)
        assert await client.is_closed()

    serving(files, test, limits=HTTPLimits(idle_seconds=0.5))


def test_end_answers_what_was_asked(files: Files) -> None:
    """At the end nobody is let in, and whoever has asked is answered."""

    async def test(running: Running) -> None:
        clients = [await running.connect() for _ in range(5)]
        for client in clients:
            client.post("/gate")
        await gate.until(5)
        stopping = asyncio.create_task(running.server.stop(60))
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await running.connect()
        gate.open()
        for client in clients:
            reply = await client.reply()
            assert (reply.status, reply.closes) == (200, True)
        await stopping

    gate = Gate()
    serving(files, test, {"/gate": Route(gate.answer, 10, str.encode)})


def test_end_does_not_wait_for_idle_connections(files: Files) -> None:
    """Connections on which nothing is asked are closed at once, new ones and used ones."""

    async def test(running: Running) -> None:
        new, used = await running.connect(), await running.connect()
        assert (await used.ask("/echo")).status == 200
        await running.server.stop(600)
        assert await new.is_closed()
        assert await used.is_closed()

    serving(files, test)


def test_draining_loses_no_request(files: Files) -> None:
    """While the program drains, each answer ends its connection and says so, and new connections are served."""

    async def test(running: Running) -> None:
        client = await running.connect()
        assert (await client.ask("/echo")).closes is False
        running.server.drain()
        reply = await client.ask("/echo")
        assert (reply.status, reply.closes) == (200, True)
        assert await client.is_closed()
        assert (await (await running.connect()).ask("/echo")).status == 200

    serving(files, test)


def test_end_does_not_wait_for_ever(files: Files) -> None:
    """A request that is not answered in time is left at the end."""

    async def test(running: Running) -> None:
        client = await running.connect()
        client.post("/gate")
        await gate.until(1)
        await running.server.stop(0.05)
        assert await client.is_closed()

    gate = Gate()
    serving(files, test, {"/gate": Route(gate.answer, 10, str.encode)})


def test_answers_are_observed(files: Files) -> None:
    """Each answer is told with its path and status, and a path that nothing is behind by one name for all."""

    async def test(running: Running) -> None:
        client = await running.connect()
        for path in ("/echo", "/anything", "/else?echo", "/echo?timeout=never"):
            await client.ask(path)
        await client.ask("/healthz", method="GET")
        answers = [("echo", 200), ("other", 404), ("other", 404), ("echo", 400), ("healthz", 200)]
        assert running.observed.answers == answers

    serving(files, test)


def test_refused_requests_are_logged_seldom(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    """A client that sends what is refused again and again has a line of the log, and does not fill it."""

    async def test(running: Running) -> None:
        client = await running.connect()
        for _ in range(50):
            assert (await client.ask("/echo?timeout=never")).status == 400

    serving(files, test)
    assert [record.getMessage().partition(": ")[0] for record in caplog.records] == ["/echo 400"]
