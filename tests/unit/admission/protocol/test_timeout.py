"""Timeouts of callers: durations as Go writes them, and what of them is left to decide in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notarykit_admission.errors import RequestError
from notarykit_admission.protocol.timeout import LONGEST_TIMEOUT, parse_timeout, time_to_decide


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("1s", 1), ("1m0s", 60), ("1m30.5s", 90.5), ("900ms", 0.9), ("2.5s", 2.5), ("50µs", 5e-5)],
)
def test_duration(text: str, seconds: float) -> None:
    """A duration of Go's `time.Duration.String` is read in seconds."""
    assert parse_timeout(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", "10", "s", "-1s", "+1s", "0s", "0", "10 s", "10s ", "1e3s", "1x", "301s", "1h", "9" * 400 + "s", "10s\n"],
)
def test_other_text(text: str) -> None:
    """What is no duration, and one that nobody waits, is refused."""
    with pytest.raises(RequestError, match="is not a duration"):
        parse_timeout(text)


@pytest.mark.parametrize(("timeout", "seconds"), [(1, 0.8), (2, 1.6), (3, 2.5), (10, 9.5), (30, 29.5)])
def test_time_to_decide(timeout: float, seconds: float) -> None:
    """A fifth of the time, at most half a second, is left for the way back."""
    assert time_to_decide(timeout) == pytest.approx(seconds)


@given(st.floats(1e-6, LONGEST_TIMEOUT))
def test_there_is_always_time_on_both_sides(timeout: float) -> None:
    """However short the timeout, there is time to decide and time for the way back."""
    assert 0 < time_to_decide(timeout) < timeout
