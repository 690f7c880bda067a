"""Tokens that are made with changes and verified."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from notarykit.timestamp.token import Timestamp, verify_token
from tests.support.ca import TestChain, make_chain
from tests.support.token_changes import TokenChanges
from tests.support.tokens import make_token

MESSAGE = b"a signature"
MOMENT = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def tsa_chain(spec: str = "EC-256", **changes: Any) -> TestChain:
    """Makes a timestamping chain that is valid from START to END."""
    return make_chain(spec, **{"purpose": "timestamping", "not_before": START, "not_after": END, **changes})


CHAIN, RSA, OTHER = tsa_chain(), tsa_chain("RSA-2048"), tsa_chain()


def verified(
    chain: TestChain = CHAIN, *, roots: Iterable[bytes] | None = None, message: bytes = MESSAGE, **changes: Any
) -> Timestamp:
    """Makes a token with changes and verifies it."""
    token = make_token(MESSAGE, chain, TokenChanges(**{"gen_time": MOMENT, **changes}))
    return verify_token(token, message, chain.ders[-1:] if roots is None else roots)
