"""What a piece of work may cost."""

import pytest

from notarykit.errors import NetworkError
from notarykit.net.budget import Budget


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which only the test moves."""
    time = [1000.0]
    monkeypatch.setattr("notarykit.net.budget.time.monotonic", lambda: time[0])
    return time


def test_budget_refuses_bytes_beyond_the_limit() -> None:
    """As many bytes as are allowed may be read, and not one more."""
    budget = Budget(10)
    budget.spend(4)
    budget.spend(6)
    budget.spend(0)
    with pytest.raises(NetworkError, match="exceed the size limit"):
        budget.spend(1)


def test_timeout_is_bounded_by_the_remaining_time(now: list[float]) -> None:
    """A wait takes as long as it wants, but no longer than what is left."""
    budget = Budget(seconds=60)
    assert budget.seconds(30) == 30
    now[0] += 40
    assert budget.seconds(30) == 20
    assert budget.seconds(5) == 5


@pytest.mark.parametrize("passed", [60.0, 61.0, 1e9])
def test_exhausted_time_is_an_error(passed: float, now: list[float]) -> None:
    """The end has a message of its own that names what was allowed and the flag that allows more."""
    budget = Budget(seconds=60)
    now[0] += passed
    with pytest.raises(NetworkError) as caught:
        budget.seconds(1)
    assert caught.value.message == "no response within the time limit of 60 seconds"
    assert caught.value.advice == "try again, or allow more with --timeout"
    assert caught.value.exit_code == 3


def test_default_budget_is_256_mib_and_two_minutes(now: list[float]) -> None:
    """Without other words it is 256 MiB and two minutes."""
    budget = Budget()
    assert budget.seconds(1e9) == 120
    budget.spend(256 * 1024 * 1024)
    with pytest.raises(NetworkError):
        budget.spend(1)


def test_paused_time_is_not_charged(now: list[float]) -> None:
    """What passes between stopping and going on does not count."""
    budget = Budget(seconds=60)
    now[0] += 40
    budget.pause()
    now[0] += 1000
    budget.resume()
    assert budget.seconds(30) == 20
