"""Times of timestamp countersignatures: when one is required, its range, and the authority's validity."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from notarykit.envelope.attributes import SIGNING_AUTHORITY
from notarykit.envelope.builder import with_timestamp
from notarykit.errors import AuthenticTimestampError
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.verdict import Verified
from tests.support.ca import NOT_AFTER, NOT_BEFORE, Changes, TestChain, make_chain
from tests.support.envelopes import FORMATS, JWS, sign_envelope
from tests.support.token_changes import Accuracy
from tests.unit.verification.countersigned import (
    DAY,
    SECOND,
    SIGNER,
    TSA,
    make_timestamped,
    step_message,
    trust_store,
    verify_timestamped,
)
from tests.unit.verification.setting import NOW

BASELINE = "0.4.0.2023.1.1"


def _expired(**changes: Any) -> TestChain:
    return make_chain(not_after=NOW + DAY, **changes)


LATER = NOW + 2 * DAY


# Required timestamps


@pytest.mark.requirement("trust:timestamp-conditions", "trust:tsa-store")
def test_timestamp_is_ignored_without_a_tsa_store() -> None:
    """Without a tsa store no timestamp is verified, and the chain must be valid now."""
    garbage = with_timestamp(sign_envelope(SIGNER, now=NOW), JWS, b"garbage")
    assert isinstance(verify_timestamped(garbage, stores=("ca:acme",)), Verified)
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(make_timestamped(), stores=("ca:acme",), now=NOT_AFTER + SECOND)
    assert "expired on" in step_message(caught.value)


@pytest.mark.requirement("trust:time-of-signature")
@pytest.mark.parametrize("timestamps", ["always", "afterCertExpiry"])
@pytest.mark.parametrize("media_type", FORMATS)
def test_timestamped_signature_outlives_its_certificates(timestamps: str, media_type: str) -> None:
    """A signature that was stamped in time is good after its certificates have expired; one without a stamp is not."""
    signer = _expired()
    stamped = make_timestamped(signer, media_type)
    assert isinstance(
        verify_timestamped(stamped, media_type, signer=signer, timestamps=timestamps, now=LATER), Verified
    )
    bare = sign_envelope(signer, media_type, now=NOW)
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(bare, media_type, signer=signer, timestamps=timestamps, now=LATER)
    message = step_message(caught.value)
    assert "expired on" in message
    assert "has no timestamp" in message


@pytest.mark.requirement("trust:timestamp-conditions")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_timestamp_counts_after_expiry_of_any_certificate(place: int) -> None:
    """Under `afterCertExpiry` a timestamp counts once any certificate has expired, and not in its last second."""
    changed = Changes(not_after=NOW + DAY)
    signer = make_chain(leaf=changed) if place == 0 else make_chain(cas={place: changed})
    envelope = with_timestamp(sign_envelope(signer, now=NOW), JWS, b"garbage")
    setting: dict[str, Any] = {"signer": signer, "timestamps": "afterCertExpiry"}
    assert isinstance(verify_timestamped(envelope, **setting, now=NOW), Verified)
    assert isinstance(verify_timestamped(envelope, **setting, now=NOW + DAY), Verified)
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(envelope, **setting, now=NOW + DAY + timedelta(microseconds=1))
    assert "token" in step_message(caught.value)
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(envelope, signer=signer, timestamps="always", now=NOW)
    assert "token" in step_message(caught.value)


def test_timestamp_does_not_help_a_chain_not_valid_yet() -> None:
    """A chain that is not valid yet has not expired, so that no timestamp helps it."""
    early = NOT_BEFORE - SECOND
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(make_timestamped(), timestamps="afterCertExpiry", now=early)
    assert "is not valid before" in step_message(caught.value)


def test_always_ignores_the_present_time() -> None:
    """Under `always` it is the timestamp's range that counts, and not the present."""
    assert isinstance(verify_timestamped(make_timestamped(), timestamps="always", now=NOT_BEFORE - DAY), Verified)
    assert isinstance(verify_timestamped(make_timestamped(), timestamps="always", now=NOT_AFTER + DAY), Verified)


@pytest.mark.requirement("signature:timestamp-of-x509-alone", "trust:timestamp-conditions")
@pytest.mark.parametrize("media_type", FORMATS)
def test_timestamp_is_ignored_under_signing_authority(media_type: str) -> None:
    """Under the signing authority's scheme what stands in the place of a timestamp is not looked at."""
    envelope = sign_envelope(SIGNER, media_type, now=NOW, scheme=SIGNING_AUTHORITY, timestamp=b"garbage")
    store = MemoryTrustStore({"signingAuthority:acme": [SIGNER.ders[-1]], "tsa:one": [TSA.ders[-1]]})
    assert isinstance(
        verify_timestamped(envelope, media_type, stores=("signingAuthority:acme", "tsa:one"), store=store), Verified
    )


# The range


@pytest.mark.requirement("signature:valid-at-signing-time", "trust:timestamp-within-validity")
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(
    ("dates", "text"),
    [
        ({"not_before": NOW - SECOND}, ""),
        ({"not_before": NOW}, "is not valid before"),
        ({"not_after": NOW + SECOND}, ""),
        ({"not_after": NOW}, "expired on"),
    ],
)
def test_range_must_be_within_each_certificates_validity(
    place: int, media_type: str, dates: Mapping[str, datetime], text: str
) -> None:
    """With an accuracy of a second both limits must be inside the validity of each certificate, bounds included."""
    changed = Changes(**dates)  # type: ignore[arg-type]
    signer = make_chain(leaf=changed) if place == 0 else make_chain(cas={place: changed})
    envelope = make_timestamped(signer, media_type, accuracy=Accuracy(1))
    if not text:
        assert isinstance(verify_timestamped(envelope, media_type, signer=signer), Verified)
        return
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(envelope, media_type, signer=signer)
    message = step_message(caught.value)
    assert "a limit of the timestamp" in message
    assert text in message


@pytest.mark.requirement("trust:timestamp-range")
@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"accuracy": None}, 0.0),
        ({"accuracy": Accuracy()}, 0.0),
        ({"accuracy": Accuracy(0)}, 0.0),
        ({"accuracy": Accuracy(1)}, 1.0),
        ({"accuracy": Accuracy(59, 999, 999)}, 59.999999),
        ({"accuracy": Accuracy(millis=500)}, 0.5),
        ({"accuracy": None, "policy": BASELINE}, 1.0),
        ({"accuracy": Accuracy(), "policy": BASELINE}, 0.0),
        ({"accuracy": Accuracy(0), "policy": BASELINE}, 0.0),
        ({"accuracy": Accuracy(3), "policy": BASELINE}, 3.0),
        ({"accuracy": Accuracy(millis=1), "policy": BASELINE}, 0.001),
        ({"accuracy": None, "policy": f"{BASELINE}.1"}, 0.0),
    ],
)
def test_accuracy_is_the_width_of_the_range(changes: Mapping[str, Any], seconds: float) -> None:
    """The range is as wide as the accuracy says; under the baseline policy nothing specified is a second."""
    whole = timedelta(seconds=int(seconds) + (seconds % 1 > 0))
    signer = make_chain(not_before=NOW - whole, not_after=NOW + whole)
    assert isinstance(verify_timestamped(make_timestamped(signer, **changes), signer=signer), Verified)
    for dates in ({"not_before": NOW - whole + SECOND}, {"not_after": NOW + whole - SECOND}):
        narrow = make_chain(**dates)  # type: ignore[arg-type]
        with pytest.raises(AuthenticTimestampError) as caught:
            verify_timestamped(make_timestamped(narrow, **changes), signer=narrow)
        assert "a limit of the timestamp" in step_message(caught.value)


@pytest.mark.parametrize("time", [NOT_BEFORE, NOT_AFTER])
def test_bounds_of_the_signers_validity_are_inclusive(time: datetime) -> None:
    """The first and the last moment of the signer's validity belong to it."""
    assert isinstance(verify_timestamped(make_timestamped(gen_time=time, accuracy=None)), Verified)
    outside = -SECOND if time == NOT_BEFORE else SECOND
    wide = make_chain(purpose="timestamping", not_before=NOT_BEFORE - DAY, not_after=NOT_AFTER + DAY)
    envelope = make_timestamped(tsa=wide, gen_time=time + outside, accuracy=None)
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(envelope, store=trust_store(one=wide))
    assert "a limit of the timestamp" in step_message(caught.value)


def test_claimed_signing_time_is_not_compared() -> None:
    """What the signer says of when it signed is not held against the timestamp."""
    signer = _expired()
    assert isinstance(
        verify_timestamped(make_timestamped(signer, gen_time=NOW - DAY), signer=signer, now=LATER), Verified
    )


# The authority's own validity


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("dates", "is_good"),
    [
        ({"not_after": NOW}, True),
        ({"not_after": NOW - SECOND}, False),
        ({"not_before": NOW}, True),
        ({"not_before": NOW + SECOND}, False),
    ],
)
def test_authority_must_be_valid_at_the_timestamps_time(
    place: int, dates: Mapping[str, datetime], is_good: bool
) -> None:
    """Each certificate of the authority counts at the timestamp's time; that it has expired by now does not matter."""
    changed = Changes(**dates)  # type: ignore[arg-type]
    leaf, cas = (changed, {}) if place == 0 else (Changes(), {place: changed})
    tsa = make_chain(purpose="timestamping", leaf=leaf, cas=cas)
    envelope, store = make_timestamped(tsa=tsa), trust_store(one=tsa)
    if is_good:
        for now in (NOW, NOT_AFTER + DAY):
            assert isinstance(verify_timestamped(envelope, store=store, now=now), Verified)
        return
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(envelope, store=store)
    assert "at the time of the timestamp" in step_message(caught.value)
