"""Rule of the conformance kit: a requirement of the specification, and its check."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from notarykit.plugin.conformance.session import Session

Check = Callable[[Session], str | None]
"""Returns the problem, or None. Raises DoesNotApply if the plugin lacks the feature that the rule is about."""


class Level(StrEnum):
    """Level of a requirement (RFC 2119)."""

    MUST = "MUST"
    SHOULD = "SHOULD"


class Rule(NamedTuple):
    """Rule of the plugin specification.

    Attributes:
        id: Identifier, for reports.
        level: A violated MUST is a failure, a violated SHOULD a warning.
        section: The section of plugin-extensibility.md; a rule of this project says so.
        text: The requirement.
        check: The check.
    """

    id: str
    level: Level
    section: str
    text: str
    check: Check


def rule(id_: str, level: Level, section: str) -> Callable[[Check], Rule]:
    """Makes a rule of a check, whose docstring is the requirement."""

    def make(check: Check) -> Rule:
        return Rule(id_, level, section, (check.__doc__ or "").strip(), check)

    return make


MUST, SHOULD = Level.MUST, Level.SHOULD
