"""How long an answer may take in all."""

import threading

import pytest

from notarykit.plugin import seconds_left
from notarykit.plugin.deadline import deadline
from tests.unit.plugin.clock import Clock


def test_outside_any_call(clock: Clock) -> None:
    """Outside any call there are five minutes, however late it is."""
    clock.now += 1e6
    assert seconds_left() == 300.0


def test_time_passes(clock: Clock) -> None:
    """What is left grows less and is never below nothing; afterwards the limit is gone."""
    with deadline(10):
        assert seconds_left() == 10.0
        clock.now += 4
        assert seconds_left() == 6.0
        clock.now += 7
        assert seconds_left() == 0.0
    assert seconds_left() == 300.0


@pytest.mark.parametrize(("outer", "inner", "left"), [(10, 4, 4.0), (4, 10, 4.0), (10, 10, 10.0), (10, 0, 0.0)])
def test_one_limit_in_another(outer: float, inner: float, left: float, clock: Clock) -> None:
    """The sooner end counts, and the outer limit is as it was when the inner one is over."""
    with deadline(outer):
        with deadline(inner):
            assert seconds_left() == left
        assert seconds_left() == outer
        clock.now += 3
        with deadline(inner):
            assert seconds_left() == min(inner, outer - 3)


def test_an_error_ends_the_limit(clock: Clock) -> None:
    """However what is inside ends, the limit is gone."""
    with pytest.raises(KeyError), deadline(5):
        raise KeyError
    assert seconds_left() == 300.0


def test_a_limit_is_its_threads_own() -> None:
    """Another thread is under no limit of this one."""
    found: list[float] = []
    with deadline(5):
        thread = threading.Thread(target=lambda: found.append(seconds_left()))
        thread.start()
        thread.join()
    assert found == [300.0]
