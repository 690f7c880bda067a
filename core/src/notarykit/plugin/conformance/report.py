"""Conformance report: the judgement of a plugin by each rule."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from notarykit.plugin.conformance.rule import Level, Rule
from notarykit.plugin.conformance.rules import RULES
from notarykit.plugin.conformance.session import DoesNotApply, NotRun, Session
from notarykit.plugin.conformance.target import Target


class Result(StrEnum):
    """Result of a rule."""

    PASSED = "passed"
    FAILED = "FAILED"
    WARNING = "warning"
    DOES_NOT_APPLY = "does not apply"
    NOT_RUN = "not run"


class Judgement(NamedTuple):
    """Judgement of a plugin by one rule.

    Attributes:
        rule: The rule.
        result: The result.
        reason: The reason, unless the rule passed.
    """

    rule: Rule
    result: Result
    reason: str


def judge(target: Target, begin: Callable[[Rule], None] = lambda _: None) -> list[Judgement]:
    """Judges a plugin by every rule, in their order.

    Args:
        target: The plugin.
        begin: Called with each rule before the plugin is judged by it.

    Raises:
        PluginNotFoundError: There is no such plugin.
    """
    session, found = Session(target), []
    for rule in RULES:
        begin(rule)
        found.append(_judge(rule, session))
    return found


def _judge(rule: Rule, session: Session) -> Judgement:
    try:
        problem = rule.check(session)
    except DoesNotApply as reason:
        return Judgement(rule, Result.DOES_NOT_APPLY, session.hide(str(reason)))
    except NotRun as reason:
        return Judgement(rule, Result.NOT_RUN, str(reason))
    if problem is None:
        return Judgement(rule, Result.PASSED, "")
    return Judgement(rule, Result.FAILED if rule.level is Level.MUST else Result.WARNING, session.hide(problem))
