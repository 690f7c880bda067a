"""Times: the expiry, and that the signature was made while its certificates were valid."""

from datetime import timedelta
from typing import Any

import pytest

from notarykit.envelope.attributes import SIGNING_AUTHORITY
from notarykit.errors import (
    AuthenticTimestampError,
    ExpiryError,
)
from notarykit.verification.verdict import Verified
from tests.support.ca import NOT_AFTER, NOT_BEFORE, Changes, make_chain
from tests.support.envelopes import FORMATS, sign_envelope
from tests.unit.verification.setting import (
    CHAIN,
    NOW,
    policy,
    store,
    verify,
)

_SECOND = timedelta(seconds=1)
_GOOD = sign_envelope(CHAIN, now=NOW)


# Expiry


@pytest.mark.requirement("trust:expiry", "signature:expired-from-the-very-time-on")
@pytest.mark.parametrize(("after", "is_expired"), [(59.999999, False), (60, True), (60.000001, True), (9999, True)])
@pytest.mark.parametrize("media_type", FORMATS)
def test_expiry(media_type: str, after: float, is_expired: bool) -> None:
    """A signature is expired from the very time of its expiry on."""
    envelope = sign_envelope(CHAIN, media_type, now=NOW, expires_in=timedelta(minutes=1))
    now = NOW + timedelta(seconds=after)
    if not is_expired:
        assert isinstance(verify(envelope, media_type, now=now), Verified)
        return
    with pytest.raises(ExpiryError) as caught:
        verify(envelope, media_type, now=now)
    expiry = (NOW + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert caught.value.message == f"expiry: the signature expired on {expiry}"


# Authentic timestamp


@pytest.mark.requirement(
    "signature:valid-now-without-authentic-time",
    "scheme:valid-now-without-timestamp",
    "trust:time-of-signature",
    "trust:valid-now",
)
@pytest.mark.parametrize(
    ("now", "message"),
    [
        (NOT_BEFORE, None),
        (NOT_AFTER, None),
        (NOT_BEFORE - _SECOND, "signing certificate .* is not valid before"),
        (NOT_AFTER + _SECOND, "signing certificate .* expired on"),
    ],
)
def test_without_a_timestamp_the_chain_is_valid_now(now: Any, message: str | None) -> None:
    """Without a store of timestamp authorities every certificate must be valid at the time of verification."""
    if message is None:
        assert isinstance(verify(_GOOD, now=now), Verified)
        return
    with pytest.raises(AuthenticTimestampError, match=f"^authenticTimestamp: {message}"):
        verify(_GOOD, now=now)


@pytest.mark.requirement(
    "signature:valid-now-without-authentic-time",
    "scheme:valid-now-without-timestamp",
    "trust:valid-now",
)
@pytest.mark.parametrize(
    ("place", "role"), [(0, "signing certificate"), (1, "intermediate certificate 1"), (2, "root")]
)
def test_every_certificate_is_valid_now(place: int, role: str) -> None:
    """One expired certificate is enough, wherever it is in the chain."""
    expired = Changes(not_after=NOW - _SECOND)
    chain = make_chain(leaf=expired) if place == 0 else make_chain(cas={place: expired})
    with pytest.raises(AuthenticTimestampError, match=f"{role}.* expired on"):
        verify(sign_envelope(chain, now=NOW - timedelta(days=1)), store=store(chain))


@pytest.mark.requirement("signature:valid-now-without-authentic-time", "scheme:valid-now-without-timestamp")
def test_the_signers_own_clock_does_not_count() -> None:
    """A signing time within the certificates' validity does not help when they have expired."""
    with pytest.raises(AuthenticTimestampError):
        verify(sign_envelope(CHAIN, now=NOW), now=NOT_AFTER + timedelta(days=1))
    assert isinstance(verify(sign_envelope(CHAIN, now=NOT_AFTER + timedelta(days=999))), Verified)


@pytest.mark.requirement("trust:timestamp-conditions", "trust:tsa-store")
@pytest.mark.parametrize(
    ("timestamps", "now", "is_wanted"),
    [("always", NOW, True), ("afterCertExpiry", NOT_AFTER, False), ("afterCertExpiry", NOT_AFTER + _SECOND, True)],
)
def test_where_a_timestamp_is_wanted(timestamps: str, now: Any, is_wanted: bool) -> None:
    """With a store of timestamp authorities a countersignature is wanted, always or once a certificate has expired."""
    trusted = policy(stores=["ca:acme", "tsa:t"], timestamps=timestamps)
    if not is_wanted:
        assert isinstance(verify(_GOOD, trusted=trusted, now=now), Verified)
        return
    with pytest.raises(AuthenticTimestampError):
        verify(_GOOD, trusted=trusted, now=now)


def test_a_timestamp_that_nobody_asked_for_is_ignored() -> None:
    """Without a store of timestamp authorities whatever stands in the place of a timestamp does not matter."""
    assert isinstance(verify(sign_envelope(CHAIN, now=NOW, timestamp=b"garbage")), Verified)


@pytest.mark.requirement(
    "signature:valid-at-signing-time",
    "scheme:authentic-signing-time",
    "trust:authentic-signing-time",
)
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(
    ("time", "message"),
    [
        (NOT_BEFORE, None),
        (NOT_AFTER, None),
        (NOT_BEFORE - _SECOND, "is not valid before"),
        (NOT_AFTER + _SECOND, "expired on"),
    ],
)  # fmt: skip
def test_the_authentic_signing_time(media_type: str, time: Any, message: str | None) -> None:
    """Under the signing authority's scheme the chain must have been valid at its time, whatever the time is now."""
    envelope = sign_envelope(CHAIN, media_type, now=time, scheme=SIGNING_AUTHORITY)
    setting: dict[str, Any] = {
        "trusted": policy(stores=["signingAuthority:acme", "tsa:t"]),
        "store": store(kind="signingAuthority"),
        "now": NOT_AFTER + timedelta(days=999),
    }
    if message is None:
        assert isinstance(verify(envelope, media_type, **setting), Verified)
        return
    with pytest.raises(
        AuthenticTimestampError, match=f"^authenticTimestamp: at the authentic signing time, .*{message}"
    ):
        verify(envelope, media_type, **setting)
