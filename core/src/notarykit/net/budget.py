"""What one piece of work may cost in bytes and seconds, whatever it is that a server answers."""

import time

from notarykit._internal.deadline import seconds_left
from notarykit.errors import NetworkError

DEFAULT_BYTES = 256 * 1024 * 1024
DEFAULT_SECONDS = 120.0


class Budget:
    """Bytes and seconds that are left; each byte that is read is taken from them. Threads may share one."""

    def __init__(self, max_bytes: int = DEFAULT_BYTES, seconds: float = DEFAULT_SECONDS) -> None:
        self._bytes = max_bytes
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def spend(self, count: int) -> None:
        """Takes bytes.

        Raises:
            NetworkError: They are more than what is left.
        """
        self._bytes -= count
        if self._bytes < 0:
            raise NetworkError("the answers together are larger than what may be read for one artifact")

    def seconds(self, most: float) -> float:
        """How long to wait at most: what is left, of the budget and of the present call, but no more than `most`.

        Raises:
            NetworkError: Nothing is left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise NetworkError(
                f"no answer within {self._seconds:g} seconds in all", advice="try again, or allow more with --timeout"
            )
        left = min(left, seconds_left())
        if not left:
            raise NetworkError("no answer before the end of the call", advice="try again, or allow the call more time")
        return min(left, most)

    def stop(self) -> None:
        """Stops the clock until `go_on`: what the caller does meanwhile is not what the budget is for."""
        self._stopped = time.monotonic()

    def go_on(self) -> None:
        """Has the clock go on where it was stopped."""
        self._end += time.monotonic() - self._stopped
