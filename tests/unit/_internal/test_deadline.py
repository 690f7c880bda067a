"""One end for a whole call."""

import threading
import time

from notarykit._internal.deadline import deadline, seconds_left
from notarykit._internal.threads import start


def test_outside_any_call() -> None:
    """Outside any call there is no end, or the one that the caller takes for it."""
    assert seconds_left() == float("inf")
    assert seconds_left(7.0) == 7.0


def test_the_end_counts_and_not_what_is_taken_otherwise() -> None:
    """Inside a call its end counts, however little is allowed outside."""
    with deadline(1000):
        assert 999 < seconds_left(5.0) <= 1000
    with deadline(0):
        assert seconds_left(5.0) == 0


def test_background_work_is_under_the_callers_end() -> None:
    """What is started beside the caller has the caller's end; a bare thread has none."""
    bare: list[float] = []
    with deadline(1000):
        assert start(seconds_left).result() <= 1000
        thread = threading.Thread(target=lambda: bare.append(seconds_left()))
        thread.start()
        thread.join()
    assert bare == [float("inf")]


def test_time_passes() -> None:
    """What is left is less at every look."""
    with deadline(1000):
        first = seconds_left()
        time.sleep(0.001)
        assert seconds_left() < first
