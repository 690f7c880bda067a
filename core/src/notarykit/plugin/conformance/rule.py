"""What a rule is: a demand of the specification, and the check that finds out whether a plugin keeps it."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from notarykit.plugin.conformance.session import Session

Check = Callable[[Session], str | None]
"""What is wrong, or None. Raises DoesNotApply where the plugin does not do what the rule is about."""


class Level(StrEnum):
    """How much a rule weighs."""

    MUST = "MUST"
    SHOULD = "SHOULD"


class Rule(NamedTuple):
    """A rule.

    Attributes:
        id: Its name, for reports.
        level: A plugin that breaks a MUST fails; one that breaks a SHOULD is warned.
        section: Where the specification (plugin-extensibility.md) speaks of it; what is ours says so.
        text: What is demanded.
        check: Finds out.
    """

    id: str
    level: Level
    section: str
    text: str
    check: Check


def rule(id_: str, level: Level, section: str) -> Callable[[Check], Rule]:
    """Makes a rule of a check, whose docstring is the rule's text."""

    def make(check: Check) -> Rule:
        return Rule(id_, level, section, (check.__doc__ or "").strip(), check)

    return make


MUST, SHOULD = Level.MUST, Level.SHOULD
