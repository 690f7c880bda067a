"""Work that does not know of the end of a call."""

from threading import Event

import pytest

from notarykit.plugin import seconds_left
from notarykit.plugin.deadline import deadline
from notarykit.plugin.service.timeout import OutOfTimeError, in_time


def test_what_the_work_returns() -> None:
    """What is done in time is the caller's, and so is the call's limit the work's."""
    with deadline(100.0):
        assert 90.0 < in_time(seconds_left) <= 100.0


@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError("its own"), SystemExit(3), KeyboardInterrupt()])
def test_what_the_work_raises(error: BaseException) -> None:
    """What it raises is the caller's as well, a limit of its own among that."""

    def work() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        in_time(work)
    assert caught.value is error


def test_work_that_hangs() -> None:
    """At the end of the call the caller goes on without it."""
    go_on = Event()
    with deadline(0.01), pytest.raises(OutOfTimeError):
        in_time(go_on.wait)
    go_on.set()
