"""Deliberately wrong plugins: each keeps every rule but one."""

import functools

from tests.kit.chain_mutants import about_chains
from tests.kit.envelope_mutants import about_envelopes
from tests.kit.key_mutants import about_describe_key, about_generate_signature
from tests.kit.metadata_mutants import about_metadata
from tests.kit.mutant import Mutant
from tests.kit.output_mutants import about_output_form, about_secrets
from tests.kit.request_mutants import about_refusals, about_requests
from tests.kit.verification_mutants import about_verification


@functools.cache
def all_mutants() -> tuple[Mutant, ...]:
    """Every mutant."""
    return (
        *about_metadata(),
        *about_describe_key(),
        *about_generate_signature(),
        *about_chains(),
        *about_envelopes(),
        *about_verification(),
        *about_requests(),
        *about_refusals(),
        *about_output_form(),
        *about_secrets(),
    )
