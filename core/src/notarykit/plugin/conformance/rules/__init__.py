"""All rules, in the order in which they are reported. Those about outputs come last: they look at all that was said."""

from notarykit.plugin.conformance.rule import Rule
from notarykit.plugin.conformance.rules import (
    chains,
    compatibility,
    envelopes,
    error_codes,
    metadata,
    signing,
    streams,
    verification,
)

RULES: tuple[Rule, ...] = (
    *metadata.RULES,
    *signing.RULES,
    *chains.RULES,
    *envelopes.RULES,
    *verification.RULES,
    *compatibility.RULES,
    *error_codes.RULES,
    *streams.RULES,
)
