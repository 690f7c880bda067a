"""Lines of the log about what clients do wrong."""

import logging

import pytest

from notarykit_admission.server.throttled_log import SECONDS_BETWEEN, ThrottledFilter, ThrottledLog


class _Clock:
    """Clock that is set by hand.

    Attributes:
        now: What it says.
    """

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Returns the time."""
        return self.now


def test_subject_is_logged_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    """A subject has a line, and after some seconds another that says how many were left out."""
    clock = _Clock()
    seldom = ThrottledLog(logging.getLogger("test"), clock)
    for _ in range(4):
        seldom.warn("/door 429", "too many")
    seldom.warn("/other 429", "too many")
    clock.now += SECONDS_BETWEEN
    seldom.warn("/door 429", "too many")
    assert [record.getMessage() for record in caplog.records] == [
        "/door 429: too many",
        "/other 429: too many",
        "/door 429: too many (and 3 more before)",
    ]


def test_lines_of_a_library_pass_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    """Lines of one pattern are one kind, whatever clients put into them."""
    clock = _Clock()
    log = logging.getLogger("test.library")
    log.addFilter(ThrottledFilter(clock))
    for number in range(3):
        log.error("mistake of %s", number)
    log.error("something else")
    clock.now += SECONDS_BETWEEN
    log.error("mistake of %s", 3)
    found = [record.getMessage() for record in caplog.records]
    assert found == ["mistake of 0", "something else", "mistake of 3"]
