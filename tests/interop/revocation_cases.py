"""Revocation cases: the variants of responses, CRLs, chains and servers."""

from tests.interop.cases import (
    revocation_crl,
    revocation_delta,
    revocation_endpoints,
    revocation_ocsp,
    revocation_pairs,
    revocation_servers,
)
from tests.interop.cases.revocation_base import CASES, HOLD, REASONS, Case, Scene

__all__ = [
    "CASES",
    "HOLD",
    "REASONS",
    "Case",
    "Scene",
    "revocation_crl",
    "revocation_delta",
    "revocation_endpoints",
    "revocation_ocsp",
    "revocation_pairs",
    "revocation_servers",
]
