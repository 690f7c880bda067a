"""Budget of bytes and seconds for one artifact, one token or one download."""

import time

from notarykit._internal.deadline import seconds_left
from notarykit.errors import NetworkError

DEFAULT_BYTES = 256 * 1024 * 1024
DEFAULT_SECONDS = 120.0


class Budget:
    """Remaining bytes and seconds, charged with every byte that is read. May be shared by threads."""

    def __init__(self, max_bytes: int = DEFAULT_BYTES, seconds: float = DEFAULT_SECONDS) -> None:
        self._bytes = max_bytes
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def spend(self, count: int) -> None:
        """Charges bytes.

        Raises:
            NetworkError: They exceed the budget.
        """
        self._bytes -= count
        if self._bytes < 0:
            raise NetworkError("the responses for one artifact exceed the size limit")

    def seconds(self, longest: float) -> float:
        """Returns a timeout: `longest`, or less where the budget or the deadline of the call ends earlier.

        Raises:
            NetworkError: No time is left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise NetworkError(
                f"no response within the time limit of {self._seconds:g} seconds",
                advice="try again, or allow more with --timeout",
            )
        left = min(left, seconds_left())
        if not left:
            raise NetworkError("no response before the deadline of the call", advice="try again, or allow more time")
        return min(left, longest)

    def pause(self) -> None:
        """Stops the clock until `resume`, for time that the caller spends on other work."""
        self._stopped = time.monotonic()

    def resume(self) -> None:
        """Starts the clock again where `pause` stopped it."""
        self._end += time.monotonic() - self._stopped
