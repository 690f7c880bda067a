"""Mutants: of a plugin that breaks one rule, the kit says exactly that."""

from collections import Counter

import pytest

from notarykit.plugin.conformance import Level, Result, judge
from notarykit.plugin.conformance.rules import RULES
from tests.kit.mutant import Mutant
from tests.kit.mutants import all_mutants
from tests.kit.reference import serve

_LEVELS = {rule.id: rule.level for rule in RULES}
_KEPT = (Result.PASSED, Result.DOES_NOT_APPLY)
_MOST = 3

each_mutant = pytest.mark.parametrize("mutant", all_mutants(), ids=lambda mutant: mutant.name)


def _broken(mutant: Mutant, max_signatures: int | None = None) -> dict[str, Result]:
    run = mutant.mutate(serve(mutant.variant.kind))
    waits = mutant.rule == "output.ends"  # for what does not answer nobody waits again and again
    kept = (*_KEPT, Result.NOT_RUN) if waits or max_signatures is not None else _KEPT
    found = judge(mutant.variant.target(run, max_signatures))
    return {each.rule.id: each.result for each in found if each.result not in kept}


def test_every_rule_has_a_mutant() -> None:
    """A rule without a mutant might be one that finds nothing; a mutant of no rule is one that nobody looks for."""
    assert {mutant.rule for mutant in all_mutants()} == {rule.id for rule in RULES}


def test_mutants_have_names_of_their_own() -> None:
    """What a failing test is called says which mutant it is about."""
    names = Counter(mutant.name for mutant in all_mutants())
    assert max(names.values()) == 1, names.most_common(3)


@pytest.mark.requirement(
    "plugin:blob-key-description",
    "plugin:capabilities",
    "plugin:clean-output",
    "plugin:envelope-payload",
    "plugin:error-answer",
    "plugin:error-exit-code",
    "plugin:format-aware",
    "plugin:hash-of-the-request",
    "plugin:key-specs",
    "plugin:metadata-command",
    "plugin:metadata-members",
    "plugin:one-version-per-major",
    "plugin:own-name",
    "plugin:plugin-timestamp-form",
    "plugin:processed-attributes",
    "plugin:reason",
    "plugin:results-requested",
    "plugin:same-envelope-type",
    "plugin:same-key-id",
    "plugin:signature-chain",
    "plugin:unknown-members",
    "plugin:unsupported-contract-version",
    "plugin:validation-error",
)
@each_mutant
def test_exactly_the_rule_that_is_broken_is_found(mutant: Mutant) -> None:
    """The rule that the mutant breaks fails, or warns where it is a SHOULD, and no other does."""
    expected = Result.FAILED if _LEVELS[mutant.rule] is Level.MUST else Result.WARNING
    assert _broken(mutant) == {mutant.rule: expected}
