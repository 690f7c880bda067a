"""A plugin judged by all rules, and the judgement as a table."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from notarykit.plugin.conformance.rule import Level, Rule
from notarykit.plugin.conformance.rules import RULES
from notarykit.plugin.conformance.session import DoesNotApply, Examination, NotRun
from notarykit.plugin.conformance.target import Subject


class Result(StrEnum):
    """What became of a rule."""

    PASSED = "passed"
    FAILED = "FAILED"
    WARNING = "warning"
    DOES_NOT_APPLY = "does not apply"
    NOT_RUN = "not run"


class Judgement(NamedTuple):
    """What became of one rule.

    Attributes:
        rule: The rule.
        result: What became of it.
        reason: Why, unless it passed.
    """

    rule: Rule
    result: Result
    reason: str


def judge(subject: Subject, begin: Callable[[Rule], None] = lambda _: None) -> list[Judgement]:
    """Judges a plugin by every rule, in their order.

    Args:
        subject: The plugin.
        begin: Called with each rule before the plugin is judged by it.

    Raises:
        PluginNotFoundError: There is no such plugin.
    """
    examination, found = Examination(subject), []
    for rule in RULES:
        begin(rule)
        found.append(_judge(rule, examination))
    return found


def _judge(rule: Rule, examination: Examination) -> Judgement:
    try:
        problem = rule.check(examination)
    except DoesNotApply as reason:
        return Judgement(rule, Result.DOES_NOT_APPLY, examination.hide(str(reason)))
    except NotRun as reason:
        return Judgement(rule, Result.NOT_RUN, str(reason))
    if problem is None:
        return Judgement(rule, Result.PASSED, "")
    return Judgement(rule, Result.FAILED if rule.level is Level.MUST else Result.WARNING, examination.hide(problem))
