"""HTTP server: clients that take much, break off, or send what they should not."""

import asyncio
import gzip
import json
import logging
from pathlib import Path

import pytest

from notarykit_admission.context import address_of_caller, trace_of_request
from notarykit_admission.server.limits import HTTPLimits
from notarykit_admission.server.route import Route
from notarykit_admission.server.throttled_log import ThrottledFilter
from tests.unit.admission.server.serving import Files, Running, make_files, serving


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Files of a server."""
    return make_files(Path(tmp_path_factory.mktemp("server")))


def test_client_that_holds_much_leaves_room_for_others(files: Files) -> None:
    """One address gets its share of reviews and of bodies' bytes, sent or not, and others are answered all the same."""

    async def test(running: Running) -> None:
        head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
        greedy = [await running.connect() for _ in range(3)]
        for client in greedy:
            client.send(head + b"x")
        await running.until(lambda: running.server.reviews == 3)
        more = await running.connect()
        assert await more.ask("/echo") == (429, "too many requests at once: try again", False)
        other = await running.connect(address="127.0.0.2")
        assert (await other.ask("/echo", b"x" * 999)).status == 200
        greedy[0].send(b"x" * 999)
        assert (await greedy[0].reply()).status == 200
        large = await running.connect()
        assert await large.ask("/echo", b"x" * 1500) == (429, "too much is being read at once: try again", True)
        assert (await other.ask("/echo", b"x" * 1500)).status == 200

    serving(files, test, limits=HTTPLimits(reviews=4, body=2000, bodies=2001, share=0.75))


@pytest.mark.parametrize(("timeout", "most"), [("2s", 1.3), ("100ms", 0.0)])
def test_time_of_the_body_counts(files: Files, timeout: str, most: float) -> None:
    """What a body takes to arrive is time that the caller waits, and no longer there for the decision."""

    async def test(running: Running) -> None:
        client = await running.connect()
        client.send(f"POST /echo?timeout={timeout} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n".encode())
        await running.until(lambda: running.server.reviews == 1)
        await asyncio.sleep(0.3)  # the time that is meant
        client.send(b"1")
        assert 0 <= json.loads((await client.reply()).text)["seconds"] <= most

    serving(files, test)


def test_compressed_body_is_refused(files: Files) -> None:
    """A body is not unpacked, however little of it was sent."""

    async def test(running: Running) -> None:
        client = await running.connect()
        packed = gzip.compress(b"x" * 1_000_000)
        reply = await client.ask("/echo", packed, **{"Content-Encoding": "gzip"})
        assert reply == (400, "the body is compressed: send it as it is", False)
        assert (await client.ask("/echo", b"{}", **{"Content-Encoding": "identity"})).status == 200

    serving(files, test)


def test_client_that_goes_away(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    """A client that breaks off in its body leaves nothing behind, and no line of the log for each."""

    async def test(running: Running) -> None:
        for _ in range(5):
            client = await running.connect()
            client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
            await running.until(lambda: running.server.reviews == 1)
            client.close()
            await running.until(lambda: running.server.reviews == 0)

    serving(files, test)
    assert [record.getMessage() for record in caplog.records] == [
        "/echo 400: the body is malformed, or did not come to its end"
    ]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({f"x-{number}": "a" * 4000 for number in range(24)}, 200),
        ({f"x-{number}": "a" for number in range(40)}, 400),
        ({"x": "a" * 5000}, 400),
    ],
)
def test_large_heads(files: Files, fields: dict[str, str], status: int) -> None:
    """A head is answered that is as large as any caller's, and one that is larger is not kept until it ends."""

    async def test(running: Running) -> None:
        client = await running.connect()
        assert (await client.ask("/echo", b"{}", "POST", **fields)).status == status

    serving(files, test)


@pytest.mark.parametrize(
    ("head", "lines"), [(b"no request\r\n\r\n", 0), (b"POST /echo HTTP/1.1\r\nno field\r\n\r\n", 1)]
)
def test_malformed_requests_fill_no_log(
    files: Files, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, head: bytes, lines: int
) -> None:
    """What is no request is answered with 400 each time, and has a line of the log seldom or never."""
    log = logging.getLogger("notarykit_admission.server.http.clients")
    (known,) = log.filters
    assert isinstance(known, ThrottledFilter)
    monkeypatch.setattr(log, "filters", [ThrottledFilter()])  # one that has seen nothing of other tests

    async def test(running: Running) -> None:
        for _ in range(20):
            client = await running.connect()
            client.send(head)
            assert (await client.reply()).status == 400

    serving(files, test)
    assert len(caplog.records) == lines


def test_malformed_chunk(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    """A body whose chunks are malformed is its client's mistake: it is answered, and no mistake of ours."""

    async def test(running: Running) -> None:
        client = await running.connect()
        client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
        await running.until(lambda: running.server.reviews == 1)
        client.send(b"zz\r\n")
        assert (await client.reply()).status == 408

    serving(files, test, limits=HTTPLimits(body_seconds=0.2))
    assert not [record for record in caplog.records if record.exc_info]


def test_address_of_the_caller(files: Files) -> None:
    """What a door asks for is counted for the address that its request comes from."""

    async def address(body: bytes, seconds: float) -> bytes:
        return address_of_caller.get().encode()

    async def test(running: Running) -> None:
        for own in ("127.0.0.1", "127.0.0.2"):
            assert (await (await running.connect(address=own)).ask("/address")).text == own

    serving(files, test, {"/address": Route(address, 10, str.encode)})


def test_trace_of_a_request_is_its_own(files: Files) -> None:
    """A request that names no trace has none, whatever was asked before on its connection."""

    async def trace(body: bytes, seconds: float) -> bytes:
        return trace_of_request.get().encode()

    async def test(running: Running) -> None:
        client = await running.connect()
        reply = await client.ask("/trace", traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01")
        assert reply.text == "ab" * 16
        assert (await client.ask("/trace")).text == ""

    serving(files, test, {"/trace": Route(trace, 10, str.encode)})
