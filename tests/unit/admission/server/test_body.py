"""Bodies: each within a limit, all of them within another, and in time."""

import json
from pathlib import Path

import pytest

from notarykit_admission.server.limits import HTTPLimits, Limit
from notarykit_admission.server.route import Route
from tests.unit.admission.server.serving import Files, Gate, Running, make_files, serving

_HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Files of a server."""
    return make_files(Path(tmp_path_factory.mktemp("server")))


def test_ten_megabytes(files: Files) -> None:
    """A body of 10 MB is refused with a reason that its client can read, although it has not been asked for it."""

    async def test(running: Running) -> None:
        reply = await (await running.connect()).ask("/echo", b"[" * 10_000_000)
        assert reply == (413, "the body has more than 7340032 bytes", True)
        assert running.observed.refusals == [Limit.BODY]
        assert (await (await running.connect()).ask("/echo", b"[" * 7_000_000)).status == 200

    serving(files, test)


def test_length_that_is_too_large(files: Files) -> None:
    """A body that says to be too large is refused before any of it comes."""

    async def test(running: Running) -> None:
        client = await running.connect()
        client.send(_HEAD + b"Content-Length: 999999999999\r\n\r\n")
        assert (await client.reply()).status == 413

    serving(files, test)


@pytest.mark.parametrize(
    "length", [b"-1", b"1, 2", b"ten", b"1\r\nContent-Length: 2", b"1\r\nTransfer-Encoding: chunked"]
)
def test_length_that_is_none(files: Files, length: bytes) -> None:
    """A body of which nobody knows where it ends is refused, and its connection is closed."""

    async def test(running: Running) -> None:
        client = await running.connect()
        client.send(_HEAD + b"Content-Length: " + length + b"\r\n\r\n0\r\n\r\n")
        assert (await client.reply()).status == 400
        assert await client.is_closed()

    serving(files, test)


@pytest.mark.parametrize("second", [b"Content-Length: 2001", b"Transfer-Encoding: chunked"])
def test_sum_of_all_bodies(files: Files, second: bytes) -> None:
    """While bodies are held, another one beyond the sum is refused when that much has come, however it is sent."""

    async def test(running: Running) -> None:
        first = await running.connect()
        first.post("/gate", b"x" * 3000)
        await gate.until(1)
        other = await running.connect()
        head = b"POST /gate HTTP/1.1\r\nHost: x\r\n" + second + b"\r\n\r\n"
        other.send(head + (b"7d1\r\n" if b"chunked" in second else b"") + b"y" * 2001)
        assert await other.reply() == (429, "too much is being read at once: try again", True)
        assert running.observed.refusals == [Limit.BODIES]
        gate.open()
        assert json.loads((await (await running.connect()).ask("/gate", b"y" * 2000)).text)["body"] == "y" * 2000
        assert (await first.reply()).status == 200
        assert (await (await running.connect()).ask("/gate", b"y" * 4096)).status == 200

    gate = Gate()
    serving(files, test, {"/gate": Route(gate.answer, 10, str.encode)}, HTTPLimits(body=4096, bodies=5000, share=1))


def test_body_that_does_not_come(files: Files) -> None:
    """A client that sends half a body is told so in time, and leaves room for others."""

    async def test(running: Running) -> None:
        for _ in range(3):
            client = await running.connect()
            client.send(_HEAD + b"Content-Length: 4096\r\n\r\n{")
            assert await client.reply() == (408, "the body did not come in time", True)
        assert running.observed.refusals == [Limit.BODY_SECONDS] * 3
        assert (await (await running.connect()).ask("/echo", b"x" * 4096)).status == 200

    serving(files, test, limits=HTTPLimits(body=4096, bodies=5000, share=1, body_seconds=0.1))
