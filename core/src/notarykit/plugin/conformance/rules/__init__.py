"""All rules, in the order of the report. Those about streams come last: they look at all responses."""

from notarykit.plugin.conformance.rule import Rule
from notarykit.plugin.conformance.rules import (
    chains,
    compatibility,
    envelopes,
    error_codes,
    metadata,
    output_streams,
    signing,
    verification,
)

_MODULES = (metadata, signing, chains, envelopes, verification, compatibility, error_codes, output_streams)

RULES = tuple(rule for module in _MODULES for rule in vars(module).values() if isinstance(rule, Rule))
