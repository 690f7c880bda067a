"""Time limit for work that does not know of the end of a call."""

from threading import Event

import pytest

from notarykit.plugin import CallTimeoutError, call_with_timeout, seconds_left
from notarykit.plugin.time_limit import deadline


def test_result_in_time_is_returned() -> None:
    """The work's result is the caller's, and the call's limit holds in the work as well."""
    with deadline(100.0):
        assert 90.0 < call_with_timeout(seconds_left) <= 100.0


@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError("its own"), SystemExit(3), KeyboardInterrupt()])
def test_exception_of_the_work_passes(error: BaseException) -> None:
    """An exception of the work is the caller's, a TimeoutError of its own included."""

    def work() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        call_with_timeout(work)
    assert caught.value is error


def test_work_that_hangs_is_given_up() -> None:
    """At the end of the call the caller goes on without the work."""
    release = Event()
    with deadline(0.01), pytest.raises(CallTimeoutError):
        call_with_timeout(release.wait)
    release.set()


def test_exception_for_the_timeout_is_the_callers_choice() -> None:
    """The caller gets the exception that its SDK would raise."""
    release = Event()
    with deadline(0.01), pytest.raises(ConnectionError, match=r"^too late$"):
        call_with_timeout(release.wait, on_timeout=lambda: ConnectionError("too late"))
    release.set()
