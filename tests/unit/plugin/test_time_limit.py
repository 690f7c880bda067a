"""Deadline of a call."""

import threading

import pytest

from notarykit.plugin import seconds_left
from notarykit.plugin.time_limit import deadline
from tests.unit.plugin.clock import Clock


def test_default_outside_any_call(clock: Clock) -> None:
    """Outside any call there are five minutes."""
    clock.now += 1e6
    assert seconds_left() == 300.0


def test_seconds_left_decrease_to_zero(clock: Clock) -> None:
    """The seconds left decrease, never below 0; afterwards the deadline is gone."""
    with deadline(10):
        assert seconds_left() == 10.0
        clock.now += 4
        assert seconds_left() == 6.0
        clock.now += 7
        assert seconds_left() == 0.0
    assert seconds_left() == 300.0


@pytest.mark.parametrize(("outer", "inner", "left"), [(10, 4, 4.0), (4, 10, 4.0), (10, 10, 10.0), (10, 0, 0.0)])
def test_sooner_of_nested_deadlines_counts(outer: float, inner: float, left: float, clock: Clock) -> None:
    """The sooner end counts, and the outer deadline is unchanged after the inner one."""
    with deadline(outer):
        with deadline(inner):
            assert seconds_left() == left
        assert seconds_left() == outer
        clock.now += 3
        with deadline(inner):
            assert seconds_left() == min(inner, outer - 3)


def test_exception_ends_the_deadline(clock: Clock) -> None:
    """An exception inside ends the deadline too."""
    with pytest.raises(KeyError), deadline(5):
        raise KeyError
    assert seconds_left() == 300.0


def test_deadline_is_of_its_thread() -> None:
    """A deadline does not hold in another thread."""
    left: list[float] = []
    with deadline(5):
        thread = threading.Thread(target=lambda: left.append(seconds_left()))
        thread.start()
        thread.join()
    assert left == [300.0]
