"""Pipes of a running plugin: a request in, two streams out; no thread or descriptor is left behind."""

import os
import selectors
import subprocess
import sys
import time
from typing import IO

from notarykit._internal.deadline import extend
from notarykit.errors import PluginResponseError
from notarykit.plugin.protocol.fields import LARGEST_MESSAGE

_SECONDS_TO_DRAIN = 1.0
_GLANCE = 0.05  # polling interval for the end of a process whose pipes another process holds
_PIECE = 1 << 16


def exchange(
    process: "subprocess.Popen[bytes]", request: bytes, seconds: float, queue: int | None = None
) -> tuple[bytes, bytes]:
    """Sends a request and returns both streams when the process has ended; its pipes are closed in any case.

    What the process leaves behind with its pipes is not waited for, and finds them closed.

    Args:
        process: The process.
        request: What goes to its standard input.
        seconds: How long it may take.
        queue: A pipe that brings a byte for each second in which it waited for its turn, which does not count.

    Raises:
        PluginResponseError: A stream is too large.
        subprocess.TimeoutExpired: The process has not ended in time.
    """
    if sys.platform == "win32":  # where nothing can wait for several pipes
        output, errors = process.communicate(request, seconds)
    else:
        output, errors = _Pipes(process, request, queue).exchange(seconds)
    if max(len(output), len(errors)) > LARGEST_MESSAGE:
        raise _too_large()
    return bytes(output), bytes(errors)


def _too_large() -> PluginResponseError:
    return PluginResponseError(f"the answer is larger than the protocol's {LARGEST_MESSAGE} bytes")


class _Pipes:
    """The three pipes of a process, multiplexed."""

    def __init__(self, process: "subprocess.Popen[bytes]", request: bytes, queue: int | None) -> None:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        self._process = process
        self._input, self._left = process.stdin, memoryview(request)
        self._read: dict[IO[bytes], bytearray] = {process.stdout: bytearray(), process.stderr: bytearray()}
        self._open = set(self._read)
        self._queue = queue
        self._end = 0.0

    def exchange(self, seconds: float) -> tuple[bytearray, bytearray]:
        self._end = time.monotonic() + seconds
        try:
            with selectors.DefaultSelector() as self._selector:
                self._register()
                self._serve()
            self._process.wait(max(0.0, self._end - time.monotonic()))
        finally:
            for pipe in (self._input, *self._read):
                pipe.close()
        output, errors = self._read.values()
        return output, errors

    def _register(self) -> None:
        for pipe in (self._input, *self._read):
            os.set_blocking(pipe.fileno(), False)
        self._selector.register(self._input, selectors.EVENT_WRITE)
        for pipe in self._read:
            self._selector.register(pipe, selectors.EVENT_READ)
        if self._queue is not None:
            self._selector.register(self._queue, selectors.EVENT_READ)

    def _serve(self) -> None:
        """Reads and writes until both streams end, the time is over, or only other processes hold them."""
        has_ended = False
        while self._open and (left := self._end - time.monotonic()) > 0:
            for key, _ in self._selector.select(min(_GLANCE, left)):
                if key.fileobj is self._input:
                    self._write()
                elif key.fileobj == self._queue:
                    self._wait_longer(self._queue)
                else:
                    self._take(key.fileobj)  # type: ignore[arg-type]
            if not has_ended and self._process.poll() is not None:
                has_ended, self._end = True, min(self._end, time.monotonic() + _SECONDS_TO_DRAIN)

    def _write(self) -> None:
        try:
            self._left = self._left[os.write(self._input.fileno(), self._left[:_PIECE]) :]
        except BrokenPipeError:  # it may answer, or die, without having read everything
            self._left = self._left[:0]
        if not self._left:
            self._selector.unregister(self._input)
            self._input.close()

    def _wait_longer(self, queue: int) -> None:
        seconds = len(os.read(queue, _PIECE))
        self._end += extend(seconds)
        if not seconds:
            self._selector.unregister(queue)

    def _take(self, pipe: IO[bytes]) -> None:
        piece = os.read(pipe.fileno(), _PIECE)
        self._read[pipe] += piece
        if not piece:
            self._selector.unregister(pipe)
            self._open.remove(pipe)
        if len(self._read[pipe]) > LARGEST_MESSAGE:
            raise _too_large()
