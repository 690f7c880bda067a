"""Verification of chains with revocation endpoints."""

from datetime import timedelta
from typing import Any

from notarykit.revocation.checker import RevocationChecker
from tests.support.ca import TestChain
from tests.support.checking import sources
from tests.support.crls import NOW
from tests.support.envelopes import sign_envelope
from tests.unit.verification.setting import policy, store, verify

HOUR = timedelta(hours=1)


def verify_chain(chain: TestChain, level: str = "strict", **changes: Any) -> Any:
    """Returns the verdict on a new signature of a chain, trusted unless changed."""
    envelope = changes.pop("envelope", None) or sign_envelope(chain, now=NOW - HOUR)
    trusted = changes.pop("trusted", None) or policy(level)
    arguments = {"now": NOW, "store": store(chain), "revocation": RevocationChecker(sources()), **changes}
    return verify(envelope, trusted=trusted, **arguments)
