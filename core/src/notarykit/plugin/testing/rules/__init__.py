"""All rules, in the order in which they are reported. Those about outputs come last: they look at all that was said."""

from notarykit.plugin.testing.rule import Rule
from notarykit.plugin.testing.rules import chains, envelopes, keys, metadata, outputs, refusals, tolerance, verification

RULES: tuple[Rule, ...] = (
    *metadata.RULES,
    *keys.RULES,
    *chains.RULES,
    *envelopes.RULES,
    *verification.RULES,
    *tolerance.RULES,
    *refusals.RULES,
    *outputs.RULES,
)
