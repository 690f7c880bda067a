"""Waits for what nobody tells of."""

import time
from collections.abc import Callable

SECONDS = 60
_BETWEEN_LOOKS = 0.02


def poll(holds: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Asks until something holds that another thread or program brings about by itself.

    Raises:
        AssertionError: It did not in time.
    """
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(_BETWEEN_LOOKS)
