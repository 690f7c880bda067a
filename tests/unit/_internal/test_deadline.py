"""One end for a whole call."""

import threading
import time

from notarykit._internal.deadline import deadline, seconds_left
from notarykit._internal.threads import start


def test_no_deadline_outside_any_call() -> None:
    """Outside any call there is no end, or the one that the caller takes for it."""
    assert seconds_left() == float("inf")
    assert seconds_left(7.0) == 7.0


def test_nested_deadline_never_extends_the_outer_one() -> None:
    """Inside a call its end counts, however little is allowed outside."""
    with deadline(1000):
        assert 999 < seconds_left(5.0) <= 1000
    with deadline(0):
        assert seconds_left(5.0) == 0


def test_background_thread_inherits_the_deadline() -> None:
    """What is started beside the caller has the caller's end; a bare thread has none."""
    bare: list[float] = []
    with deadline(1000):
        assert start(seconds_left).result() <= 1000
        thread = threading.Thread(target=lambda: bare.append(seconds_left()))
        thread.start()
        thread.join()
    assert bare == [float("inf")]


def test_seconds_left_decreases_to_zero() -> None:
    """What is left is less at every look."""
    with deadline(1000):
        first = seconds_left()
        time.sleep(0.001)
        assert seconds_left() < first
