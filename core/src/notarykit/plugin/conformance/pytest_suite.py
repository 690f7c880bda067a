"""The conformance kit as a pytest class."""

import warnings

import pytest

from notarykit.errors import NotarykitWarning
from notarykit.plugin.conformance.report import Judgement, Result, judge
from notarykit.plugin.conformance.rule import Rule
from notarykit.plugin.conformance.rules import RULES
from notarykit.plugin.conformance.target import Target


class PluginConformance:
    """One test for each rule. A subclass, whose name begins with `Test`, implements `target`.

    The plugin is judged once for the class. A rule that the plugin breaks fails its test if it is a MUST, and warns if
    it is a SHOULD; one that does not apply passes, and one that was not run is skipped.
    """

    def target(self) -> Target:
        """The plugin and what it needs to be tested."""
        raise NotImplementedError("a subclass of PluginConformance implements target()")

    @pytest.fixture(scope="class")
    @classmethod
    def judgements(cls) -> dict[str, Judgement]:
        """Returns the judgements by rule id."""
        return {each.rule.id: each for each in judge(cls().target())}

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
    def test_rule(self, rule: Rule, judgements: dict[str, Judgement]) -> None:
        """The plugin keeps the rule."""
        found = judgements[rule.id]
        if found.result is Result.WARNING:
            warnings.warn(f"{rule.id}: {found.reason}", NotarykitWarning, stacklevel=1)
        if found.result is Result.NOT_RUN:
            pytest.skip(found.reason)
        if found.result is Result.FAILED:
            pytest.fail(f"{rule.text}\n{found.reason}\nSee: {rule.section}", pytrace=False)
