"""Limits of a token, which an attacker can attach to a good envelope: they hold before it is parsed."""

import time
from collections.abc import Callable

import pytest

from notarykit.errors import TimestampError
from notarykit.keys.der import check_bounds
from notarykit.timestamp import cms, tsp
from tests.support.ca import make_chain
from tests.support.der import sequence, tlv
from tests.support.token_changes import SIGNING_CERTIFICATE_V2, TokenChanges
from tests.support.tokens import make_token

_CHAIN = make_chain(purpose="timestamping")
_LONG_IDENTIFIER = tlv(0x06, b"\x2a" + b"\xff" * 60_000 + b"\x01")


@pytest.mark.parametrize(
    "token",
    [
        sequence(_LONG_IDENTIFIER),
        sequence(*[b"\x05\x00"] * 30_000),
        b"\x30\x80" * 30_000,
        b"\x24\x80" + b"\x04\x01x" * 30_000 + b"\x00\x00",
        tlv(0x30, b"") * 40_000,
    ],
    ids=["a long identifier", "many elements", "deep", "many pieces", "many at the top"],
)
def test_expensive_token_is_refused_at_once(token: bytes) -> None:
    """Long identifiers, many elements and deep nesting are refused at once."""
    begun = time.process_time()
    with pytest.raises(TimestampError):
        cms.read_token(token)
    with pytest.raises(TimestampError):
        tsp.read_response(token)
    assert time.process_time() - begun < 1.0


def test_long_identifier_in_the_content_is_refused() -> None:
    """A long object identifier would be converted digit by digit."""
    for reading in (cms.read_attributes, tsp.read_info):
        with pytest.raises(TimestampError, match="identifier"):
            reading(sequence(_LONG_IDENTIFIER))


@pytest.mark.parametrize("is_marked", [False, True])
def test_honest_token_is_within_the_limits(is_marked: bool) -> None:
    """A token with a long chain is within all limits, in BER too."""
    chain = make_chain("RSA-4096", 6, purpose="timestamping", ca_kind="RSA-4096")
    token = make_token(b"message", chain, TokenChanges(indefinite=is_marked))
    check_bounds(token)
    assert len(token) * 8 < cms.LARGEST
    assert cms.read_token(token).certificates


def test_truncated_token_is_refused() -> None:
    """A truncated token is refused, wherever it ends."""
    token = make_token(b"message", _CHAIN, TokenChanges(indefinite=True, without=(SIGNING_CERTIFICATE_V2,)))
    check_bounds(token)
    for length in range(1, len(token), 7):
        with pytest.raises(ValueError, match="too early"):
            check_bounds(token[:length])


@pytest.mark.parametrize("read", [cms.read_token, tsp.read_response])
def test_nesting_behind_a_false_end_is_refused(read: Callable[[bytes], object]) -> None:
    """An end of an indefinite length that has content hides no nesting from the limit."""
    with pytest.raises(TimestampError, match="has content"):
        read(bytes.fromhex("308000020500") * 2000)
