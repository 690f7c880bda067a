"""Asking again: when, how often, for how long, and never where a person would be asked twice."""

from collections.abc import Callable
from typing import Any

import pytest

from notarykit.errors import (
    NetworkError,
    NotarykitError,
    PluginAccessDeniedError,
    PluginContractVersionError,
    PluginError,
    PluginResponseError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit.plugin import Command, seconds_left
from notarykit.plugin.host.retry import SHOWS_WHERE, ask
from tests.unit.plugin.clock import Clock

_USES_KEY = (Command.GENERATE_SIGNATURE, Command.GENERATE_ENVELOPE)
_PASSING = [PluginThrottledError, PluginTimeoutError]


class _Answers:
    """Raises errors, one after the other and the last of them again and again, or answers.

    Attributes:
        left: What was left of the time at each call.
    """

    def __init__(self, *errors: BaseException | None, clock: Clock | None = None, takes: float = 0) -> None:
        self._errors, self._clock, self._takes = list(errors), clock, takes
        self.left: list[float] = []

    def __call__(self) -> str:
        self.left.append(seconds_left())
        if self._clock:
            self._clock.now += min(self._takes, self.left[-1])
        error = self._errors.pop(0) if len(self._errors) > 1 else self._errors[0]
        if error is not None:
            raise error
        return "answer"


def _ask(answers: Callable[[], str], command: Command = Command.DESCRIBE_KEY, seconds: float = 300) -> str:
    return ask(command, answers, seconds)


def _raises(answers: _Answers, error: BaseException, **options: Any) -> int:
    """How often it was asked before the last attempt's error came through as it is."""
    with pytest.raises(type(error)) as caught:
        _ask(answers, **options)
    assert caught.value is error
    return len(answers.left)


@pytest.mark.parametrize("command", list(Command))
def test_an_answer(command: Command, clock: Clock) -> None:
    """An answer is asked for once."""
    answers = _Answers(None)
    assert _ask(answers, command, 12) == "answer"
    assert answers.left == [12.0]
    assert clock.pauses == []


@pytest.mark.requirement("plugin:retries")
@pytest.mark.parametrize("command", list(Command))
@pytest.mark.parametrize("kind", _PASSING)
def test_errors_that_pass(command: Command, kind: type[PluginError], clock: Clock) -> None:
    """THROTTLED, and TIMEOUT that came at once, are tried again, with pauses that double, all under one limit."""
    answers = _Answers(kind("1"), kind("2"), kind("3"), kind("4"), None)
    assert _ask(answers, command, 60) == "answer"
    assert len(clock.pauses) == 4
    for pause, middle in zip(clock.pauses, (0.5, 1.0, 2.0, 4.0), strict=True):
        assert 0.75 * middle <= pause <= 1.25 * middle
    wanted = [60 - sum(clock.pauses[:number]) for number in range(5)]
    assert answers.left == pytest.approx(wanted)


@pytest.mark.parametrize("kind", _PASSING)
def test_errors_that_do_not_pass(kind: type[PluginError], clock: Clock) -> None:
    """After the fifth attempt its error counts."""
    errors = [kind(str(number)) for number in range(6)]
    assert _raises(_Answers(*errors), errors[4]) == 5
    assert len(clock.pauses) == 4


def test_pauses_differ(clock: Clock) -> None:
    """Callers that were throttled at once do not come again at once."""
    for _ in range(20):
        _ask(_Answers(PluginThrottledError("later"), None))
    assert len(set(clock.pauses)) > 1


def test_time_for_another_attempt(clock: Clock) -> None:
    """Where a pause would outlast the limit, the error counts at once."""
    error = PluginThrottledError("later")
    assert _raises(_Answers(error), error, seconds=0.3) == 1
    assert clock.pauses == []
    assert _raises(_Answers(error, clock=clock, takes=9.7), error, seconds=10) == 1


def test_attempts_share_one_limit(clock: Clock) -> None:
    """However long each attempt takes, all of them end with the limit."""
    start, error = clock.now, PluginTimeoutError("later")
    answers = _Answers(error, clock=clock, takes=4)
    asked = _raises(answers, error, seconds=10)
    assert asked == 3
    assert 0 < answers.left[2] < 4
    assert clock.now - start == pytest.approx(10)


@pytest.mark.parametrize("kind", _PASSING)
@pytest.mark.parametrize("command", list(Command))
def test_the_plugin_says_no(kind: type[PluginError], command: Command, clock: Clock) -> None:
    """A plugin can say that asking again would ask a person again; other words do not count."""
    error = kind("no PIN", metadata={"retry": "no"})
    assert _raises(_Answers(error), error, command=command) == 1
    assert _ask(_Answers(kind("later", metadata={"retry": "yes", "id": "no"}), None), command) == "answer"


@pytest.mark.requirement("plugin:retries")
@pytest.mark.parametrize(("takes", "times"), [(0.0, 5), (4.9, 5), (5.0, 1), (60.0, 1)])
@pytest.mark.parametrize("command", _USES_KEY)
def test_a_person_may_have_been_asked(takes: float, times: int, command: Command, clock: Clock) -> None:
    """A TIMEOUT of a command that signs is final where it came so late that nobody may have touched the key."""
    error = PluginTimeoutError("nobody touched the key")
    assert _raises(_Answers(error, clock=clock, takes=takes), error, command=command) == times


@pytest.mark.parametrize("command", [each for each in Command if each not in _USES_KEY])
def test_nobody_is_asked(command: Command, clock: Clock) -> None:
    """A late TIMEOUT of another command is tried again, and so is a late THROTTLED of any."""
    error = PluginTimeoutError("slow")
    assert _raises(_Answers(error, clock=clock, takes=10), error, command=command) == 5
    throttled = PluginThrottledError("slow")
    assert _raises(_Answers(throttled, clock=clock, takes=10), throttled, command=_USES_KEY[0]) == 5


@pytest.mark.requirement("plugin:retries")
@pytest.mark.parametrize(
    "error",
    [
        PluginError("x"), PluginValidationError("x"), PluginContractVersionError("x"), PluginAccessDeniedError("x"),
        PluginResponseError("x"), NotarykitError("x"), NetworkError("x"),
    ],
)  # fmt: skip
def test_errors_that_stay(error: NotarykitError, clock: Clock) -> None:
    """Other errors are not tried again, and come through as they are."""
    assert _raises(_Answers(error, None), error) == 1
    assert clock.pauses == []


def test_an_interruption() -> None:
    """A person's interruption goes through."""
    error = KeyboardInterrupt()
    assert _raises(_Answers(error, None), error) == 1


@pytest.mark.parametrize("code", [0, 2])
def test_a_plugin_that_wants_to_end_everything(code: int) -> None:
    """A plugin that ends the process is one that failed: the process would end with whatever code it likes."""
    with pytest.raises(PluginError, match=r"^describe-key: the plugin failed with SystemExit$"):
        _ask(_Answers(SystemExit(code), None))


def test_accidents() -> None:
    """What is raised by accident becomes an error without its text, and is not tried again."""
    answers = _Answers(ValueError("swordfish"), None)
    with pytest.raises(PluginError) as caught:
        _ask(answers)
    assert caught.value.message == "describe-key: the plugin failed with ValueError"
    assert caught.value.advice == SHOWS_WHERE
    assert len(answers.left) == 1
