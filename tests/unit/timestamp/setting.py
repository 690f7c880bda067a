"""Tokens of one timestamp authority, as the tests of this room change them."""

from datetime import UTC, datetime
from typing import Any

from tests.support.ca import make_chain
from tests.support.token_changes import TokenChanges
from tests.support.tokens import make_info, make_token

MESSAGE = b"the stamped message"
MOMENT = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
CHAIN = make_chain("EC-256", purpose="timestamping")


def token_with(**changes: Any) -> bytes:
    """Return a token with changes."""
    return make_token(MESSAGE, CHAIN, TokenChanges(**{"gen_time": MOMENT, **changes}))


def info_with(**changes: Any) -> bytes:
    """Return a TSTInfo with changes."""
    return make_info(MESSAGE, CHAIN, TokenChanges(**{"gen_time": MOMENT, **changes}))
