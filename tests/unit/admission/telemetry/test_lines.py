"""Lines of the log: written in their order, and never waited for."""

import os
import time

from notarykit_admission.telemetry.lines import LineWriter
from tests.support.polling import poll

_SECONDS = 30.0
_PIPE = 64 * 1024  # bytes that a pipe holds, on Linux; elsewhere less


class _Pipe:
    """Pipe with a writer of lines at one end."""

    def __init__(self, most_bytes: int) -> None:
        self.reading, self.writing = os.pipe()
        self.writer = LineWriter(self.writing, lambda count: b"lost %d" % count, most_bytes)

    def read(self) -> list[bytes]:
        """Returns all lines, when the writer is closed and so is its end."""
        with os.fdopen(self.reading, "rb") as file:
            return file.read().splitlines()

    def finish(self) -> list[bytes]:
        """Closes the writer, and returns all lines."""
        self.writer.close(_SECONDS)
        os.close(self.writing)
        return self.read()


def test_lines_come_in_their_order() -> None:
    """All lines are written, each with its end, before the writer is closed."""
    pipe = _Pipe(1_000_000)
    for number in range(1000):
        pipe.writer.write(b"%d" % number)
    assert pipe.finish() == [b"%d" % number for number in range(1000)]
    assert pipe.writer.lost == 0


def test_line_comes_by_itself() -> None:
    """A line is there soon after it was written, while the writer goes on."""
    pipe = _Pipe(1_000_000)
    for number in range(3):
        pipe.writer.write(b"%d" % number)
        assert os.read(pipe.reading, 100) == b"%d\n" % number
    assert pipe.finish() == []


def test_nobody_waits_for_a_reader() -> None:
    """While nobody reads, lines wait up to a limit; those beyond are lost and counted, and a line says so later."""
    pipe = _Pipe(2 * _PIPE)
    for _ in range(1000):
        pipe.writer.write(b"x" * 999)
    assert 0 < pipe.writer.lost < 1000
    with os.fdopen(os.dup(pipe.reading), "rb") as file:
        kept = [file.readline() for _ in range(1000 - pipe.writer.lost)]
        told = file.readline()
    assert set(kept) == {b"x" * 999 + b"\n"}
    assert told == b"lost %d\n" % pipe.writer.lost
    pipe.writer.write(b"last")
    assert pipe.finish() == [b"last"]


def test_end_does_not_wait_for_ever() -> None:
    """A reader that has stopped does not keep the program from its end."""
    pipe = _Pipe(4 * _PIPE)
    for _ in range(200):
        pipe.writer.write(b"x" * 999)
    begun = time.monotonic()
    pipe.writer.close(0.1)
    assert time.monotonic() - begun < _SECONDS / 2
    with os.fdopen(os.dup(pipe.reading), "rb") as file:
        assert {file.readline() for _ in range(200)} == {b"x" * 999 + b"\n"}
    assert pipe.finish() == []


def test_reader_that_is_gone() -> None:
    """Lines that cannot be written are counted as lost, and nothing else happens."""
    pipe = _Pipe(1_000_000)
    os.close(pipe.reading)
    pipe.writer.write(b"one")
    poll(lambda: pipe.writer.lost == 1)
    pipe.writer.write(b"two")
    pipe.writer.close(_SECONDS)
    assert pipe.writer.lost == 2
    os.close(pipe.writing)


def test_descriptor_that_does_not_block() -> None:
    """Lines reach a slow reader whole, even if whoever started the program made the descriptor one that fails."""
    pipe = _Pipe(4 * _PIPE)
    os.set_blocking(pipe.writing, False)
    for _ in range(200):
        pipe.writer.write(b"x" * 999)
    with os.fdopen(os.dup(pipe.reading), "rb") as file:
        assert {file.readline() for _ in range(200)} == {b"x" * 999 + b"\n"}
    assert pipe.finish() == []
    assert pipe.writer.lost == 0


def test_line_after_the_end() -> None:
    """A line that comes too late is counted as lost."""
    pipe = _Pipe(1_000_000)
    assert pipe.finish() == []
    pipe.writer.write(b"late")
    assert pipe.writer.lost == 1
