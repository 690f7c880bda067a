"""Timestamps in verification: when one is wanted, what it must be like, and what the policy does about it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from notarykit.envelope.attributes import SIGNING_AUTHORITY
from notarykit.envelope.builder import with_timestamp
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import AuthenticTimestampError, RevocationError, VerificationError
from notarykit.keys.chain import Chain
from notarykit.revocation.result import NO_SIGNING_TIMES, CertificateStatus, SigningTimes, Status
from notarykit.trust.policy import TrustPolicy
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.verdict import Verdict, Verified
from tests.support.ca import NOT_AFTER, NOT_BEFORE, Changes, TestChain, make_chain
from tests.support.envelopes import COSE, FORMATS, JWS, sign_envelope
from tests.support.tokens import Accuracy, EssCertificate, TokenChanges, make_token
from tests.unit.verification.setting import LEVELS, NOW, outcomes, policy, verify

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
BASELINE = "0.4.0.2023.1.1"
SIGNER = make_chain()
TSA = make_chain("EC-256", purpose="timestamping")
OTHER = make_chain("RSA-2048", purpose="timestamping")
STORES = ("ca:acme", "tsa:one")
STEP = "authenticTimestamp"


class Asked(NamedTuple):
    """A revocation check that was asked for."""

    chain: tuple[bytes, ...]
    now: datetime
    signing_times: SigningTimes


class Revocations:
    """Checks of revocation that ask nobody.

    Attributes:
        asked: What was asked, in order.
    """

    def __init__(self, *revoked: TestChain) -> None:
        """Takes the chains that are revoked."""
        self.asked: list[Asked] = []
        self._revoked = {chain.ders for chain in revoked}

    def check(
        self, chain: Chain, now: datetime, signing_times: SigningTimes = NO_SIGNING_TIMES
    ) -> tuple[CertificateStatus, ...]:
        """Finds everything good but what is revoked."""
        self.asked.append(Asked(chain.ders, now, signing_times))
        if chain.ders in self._revoked:
            status = CertificateStatus(chain.leaf, Status.REVOKED, "by the test")
            raise RevocationError("the certificate is revoked", statuses=(status,))
        return tuple(CertificateStatus(each, Status.GOOD, "by the test") for each in chain.certificates)


def _stores(signer: TestChain = SIGNER, **tsa: TestChain) -> MemoryTrustStore:
    """The signer's store, and stores of authorities by their names."""
    roots = {f"tsa:{name}": [chain.ders[-1]] for name, chain in (tsa or {"one": TSA}).items()}
    return MemoryTrustStore({"ca:acme": [signer.ders[-1]], **roots})


def _stamped(
    signer: TestChain = SIGNER,
    media_type: str = JWS,
    tsa: TestChain = TSA,
    message: bytes | None = None,
    **changes: Any,
) -> bytes:
    """An envelope with a timestamp of its signature."""
    envelope = sign_envelope(signer, media_type, now=NOW)
    signature = parse_envelope(envelope, media_type).signature if message is None else message
    token = make_token(signature, tsa, TokenChanges(**{"gen_time": NOW, **changes}))
    return with_timestamp(envelope, media_type, token)


def _verify(envelope: bytes, media_type: str = JWS, **changes: Any) -> Verdict:
    signer = changes.pop("signer", SIGNER)
    policed: dict[str, Any] = {name: changes.pop(name) for name in ("level", "timestamps", "stores") if name in changes}
    trusted = changes.pop("trusted", None) or policy(**{"stores": STORES, **policed})
    return verify(envelope, media_type, trusted, **{"store": _stores(signer), "revocation": Revocations(), **changes})


def _refused(envelope: bytes, media_type: str = JWS, **changes: Any) -> str:
    """What the step says that enforces a timestamp."""
    with pytest.raises(AuthenticTimestampError) as caught:
        _verify(envelope, media_type, **changes)
    assert outcomes(caught.value.results)[STEP] == "enforce failed"
    assert "\n" not in caught.value.one_line()
    return caught.value.message


def _expired(**changes: Any) -> TestChain:
    return make_chain(not_after=NOW + DAY, **changes)


LATER = NOW + 2 * DAY


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", ["RSA-2048", "RSA-4096", "EC-256", "EC-521"])
@pytest.mark.parametrize("tsa", [TSA, OTHER], ids=["EC", "RSA"])
def test_a_good_timestamp(media_type: str, spec: str, tsa: TestChain) -> None:
    """A timestamp of the primitive signature, by a trusted authority, is good in each format, and its time is told."""
    signer = make_chain(spec)
    verdict = _verify(_stamped(signer, media_type, tsa), media_type, signer=signer, store=_stores(signer, one=tsa))
    assert isinstance(verdict, Verified)
    (result,) = (each for each in verdict.results if each.step == STEP)
    assert (result.outcome, result.error) == ("passed", None)
    assert f"{NOW:%Y-%m-%dT%H:%M:%SZ}" in result.note


@pytest.mark.parametrize("media_type", FORMATS)
def test_what_is_stamped_is_the_primitive_signature(media_type: str) -> None:
    """A timestamp of the envelope, of the payload or of another signature proves nothing about this signature."""
    envelope = sign_envelope(SIGNER, media_type, now=NOW)
    unverified = parse_envelope(envelope, media_type)
    other = parse_envelope(sign_envelope(SIGNER, media_type, now=NOW - DAY), media_type).signature
    for message in (envelope, unverified.signed_bytes, unverified.unverified_payload, other, b""):
        assert "for another signature" in _refused(_stamped(SIGNER, media_type, message=message), media_type)


@pytest.mark.parametrize("media_type", FORMATS)
def test_no_timestamp(media_type: str) -> None:
    """Where one is wanted and there is none, the step fails, and says what to do."""
    with pytest.raises(AuthenticTimestampError, match="has none") as caught:
        _verify(sign_envelope(SIGNER, media_type, now=NOW), media_type)
    assert "--timestamp-url" in caught.value.advice
    with pytest.raises(VerificationError):
        _verify(with_timestamp(sign_envelope(SIGNER, media_type, now=NOW), media_type, b""), media_type)


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("token", [b"\0", b"garbage", b"\x30\x00", b"\x30\x80" * 3000, TSA.ders[0]], ids=range(5))
def test_a_timestamp_that_is_none(media_type: str, token: bytes) -> None:
    """What is no token is refused as one."""
    envelope = with_timestamp(sign_envelope(SIGNER, media_type, now=NOW), media_type, token)
    assert "token" in _refused(envelope, media_type)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"corrupt_signature": True}, "does not hold"),
        ({"message_digest": b"\1" * 32}, "message-digest"),
        ({"imprint_hash": "sha1"}, "SHA-256"),
        ({"digest_algorithm": "sha1"}, "SHA-256"),
        ({"ess_v2": None}, "signing-certificate-v2"),
        ({"ess_v2": None, "ess_v1": (EssCertificate(),)}, "signing-certificate-v2"),
        ({"certificates": None}, "does not come with its signer's certificate"),
        ({"certificates": "leaf"}, "does not lead to a trusted root"),
        ({"tsa": make_chain(purpose="timestamping")}, "does not lead to a trusted root"),
        ({"tsa": SIGNER}, "does not lead to a trusted root"),
        ({"accuracy": Accuracy(1, 1000)}, "between 1 and 999"),
    ],
)
def test_a_timestamp_that_is_not_good(changes: Mapping[str, Any], text: str) -> None:
    """Each thing that can be wrong with a token fails the step."""
    given = dict(changes)
    tsa = given.pop("tsa", TSA)
    assert text in _refused(_stamped(tsa=tsa, **given))


def test_an_authority_must_be_one() -> None:
    """A code signer's root in a tsa store does not make the signer an authority."""
    signer = make_chain(purpose="code signing")
    assert "extendedKeyUsage" in _refused(_stamped(tsa=signer), store=_stores(one=signer))


def test_the_stores_of_other_types_do_not_count() -> None:
    """A root in a ca store is not trusted for timestamps, and one in a tsa store not for signing."""
    both = MemoryTrustStore({"ca:acme": [SIGNER.ders[-1], TSA.ders[-1]], "tsa:one": [OTHER.ders[-1]]})
    assert "does not lead to a trusted root" in _refused(_stamped(), store=both)
    swapped = MemoryTrustStore({"ca:acme": [OTHER.ders[-1]], "tsa:one": [TSA.ders[-1], SIGNER.ders[-1]]})
    with pytest.raises(VerificationError, match="authenticity"):
        _verify(_stamped(), store=swapped)


@pytest.mark.parametrize("names", [("one", "two"), ("two", "one")])
def test_several_stores_of_authorities(names: Sequence[str]) -> None:
    """An authority of any of the policy's stores is trusted, and one of a store beside them is not."""
    stores = ("ca:acme", *(f"tsa:{name}" for name in names))
    store = _stores(one=TSA, two=OTHER, three=make_chain(purpose="timestamping"))
    for tsa in (TSA, OTHER):
        assert isinstance(_verify(_stamped(tsa=tsa), stores=stores, store=store), Verified)
    three = make_chain(purpose="timestamping")
    assert "trusted root" in _refused(
        _stamped(tsa=three), stores=stores, store=_stores(one=TSA, two=OTHER, three=three)
    )


# When a timestamp is wanted


def test_without_a_store_of_authorities_none_is_looked_at() -> None:
    """Without a tsa store no timestamp is verified, and the chain must be valid now."""
    garbage = with_timestamp(sign_envelope(SIGNER, now=NOW), JWS, b"garbage")
    assert isinstance(_verify(garbage, stores=("ca:acme",)), Verified)
    assert "expired on" in _refused(_stamped(), stores=("ca:acme",), now=NOT_AFTER + SECOND)


@pytest.mark.parametrize("timestamps", ["always", "afterCertExpiry"])
@pytest.mark.parametrize("media_type", FORMATS)
def test_a_timestamp_outlives_the_signer(timestamps: str, media_type: str) -> None:
    """A signature that was stamped in time is good after its certificates have expired; one without a stamp is not."""
    signer = _expired()
    stamped = _stamped(signer, media_type)
    assert isinstance(_verify(stamped, media_type, signer=signer, timestamps=timestamps, now=LATER), Verified)
    bare = sign_envelope(signer, media_type, now=NOW)
    message = _refused(bare, media_type, signer=signer, timestamps=timestamps, now=LATER)
    assert "expired on" in message
    assert "has no timestamp" in message


@pytest.mark.parametrize("place", [0, 1, 2])
def test_after_expiry_of_any_certificate(place: int) -> None:
    """Under `afterCertExpiry` a timestamp counts once any certificate has expired, and not in its last second."""
    changed = Changes(not_after=NOW + DAY)
    signer = make_chain(leaf=changed) if place == 0 else make_chain(cas={place: changed})
    envelope = with_timestamp(sign_envelope(signer, now=NOW), JWS, b"garbage")
    setting: dict[str, Any] = {"signer": signer, "timestamps": "afterCertExpiry"}
    assert isinstance(_verify(envelope, **setting, now=NOW), Verified)
    assert isinstance(_verify(envelope, **setting, now=NOW + DAY), Verified)
    assert "token" in _refused(envelope, **setting, now=NOW + DAY + timedelta(microseconds=1))
    assert "token" in _refused(envelope, signer=signer, timestamps="always", now=NOW)


def test_before_the_start_under_after_expiry() -> None:
    """A chain that is not valid yet has not expired, so that no timestamp helps it."""
    early = NOT_BEFORE - SECOND
    assert "is not valid before" in _refused(_stamped(), timestamps="afterCertExpiry", now=early)


def test_always_looks_at_the_timestamp_alone() -> None:
    """Under `always` it is the timestamp's range that counts, and not the present."""
    assert isinstance(_verify(_stamped(), timestamps="always", now=NOT_BEFORE - DAY), Verified)
    assert isinstance(_verify(_stamped(), timestamps="always", now=NOT_AFTER + DAY), Verified)


@pytest.mark.parametrize("media_type", FORMATS)
def test_the_signing_authoritys_scheme_has_no_timestamp(media_type: str) -> None:
    """Under the signing authority's scheme what stands in the place of a timestamp is not looked at."""
    envelope = sign_envelope(SIGNER, media_type, now=NOW, scheme=SIGNING_AUTHORITY, timestamp=b"garbage")
    store = MemoryTrustStore({"signingAuthority:acme": [SIGNER.ders[-1]], "tsa:one": [TSA.ders[-1]]})
    assert isinstance(_verify(envelope, media_type, stores=("signingAuthority:acme", "tsa:one"), store=store), Verified)


# The range


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
def test_the_range_is_within_each_certificates_validity(
    place: int, media_type: str, dates: Mapping[str, datetime], text: str
) -> None:
    """With an accuracy of a second both limits must be inside the validity of each certificate, bounds included."""
    changed = Changes(**dates)  # type: ignore[arg-type]
    signer = make_chain(leaf=changed) if place == 0 else make_chain(cas={place: changed})
    envelope = _stamped(signer, media_type, accuracy=Accuracy(1))
    if not text:
        assert isinstance(_verify(envelope, media_type, signer=signer), Verified)
        return
    message = _refused(envelope, media_type, signer=signer)
    assert "a limit of the timestamp" in message
    assert text in message


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
def test_the_accuracy(changes: Mapping[str, Any], seconds: float) -> None:
    """The range is as wide as the accuracy says; under the baseline policy nothing specified is a second."""
    whole = timedelta(seconds=int(seconds) + (seconds % 1 > 0))
    signer = make_chain(not_before=NOW - whole, not_after=NOW + whole)
    assert isinstance(_verify(_stamped(signer, **changes), signer=signer), Verified)
    for dates in ({"not_before": NOW - whole + SECOND}, {"not_after": NOW + whole - SECOND}):
        narrow = make_chain(**dates)  # type: ignore[arg-type]
        assert "a limit of the timestamp" in _refused(_stamped(narrow, **changes), signer=narrow)


@pytest.mark.parametrize("time", [NOT_BEFORE, NOT_AFTER])
def test_the_range_at_the_signers_edges(time: datetime) -> None:
    """The first and the last moment of the signer's validity belong to it."""
    assert isinstance(_verify(_stamped(gen_time=time, accuracy=None)), Verified)
    outside = -SECOND if time == NOT_BEFORE else SECOND
    wide = make_chain(purpose="timestamping", not_before=NOT_BEFORE - DAY, not_after=NOT_AFTER + DAY)
    envelope = _stamped(tsa=wide, gen_time=time + outside, accuracy=None)
    assert "a limit of the timestamp" in _refused(envelope, store=_stores(one=wide))


def test_the_signing_time_does_not_count() -> None:
    """What the signer says of when it signed is not held against the timestamp."""
    signer = _expired()
    assert isinstance(_verify(_stamped(signer, gen_time=NOW - DAY), signer=signer, now=LATER), Verified)


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
def test_the_authority_is_valid_at_its_time(place: int, dates: Mapping[str, datetime], is_good: bool) -> None:
    """Each certificate of the authority counts at the timestamp's time; that it has expired by now does not matter."""
    changed = Changes(**dates)  # type: ignore[arg-type]
    leaf, cas = (changed, {}) if place == 0 else (Changes(), {place: changed})
    tsa = make_chain(purpose="timestamping", leaf=leaf, cas=cas)
    envelope, store = _stamped(tsa=tsa), _stores(one=tsa)
    if is_good:
        for now in (NOW, NOT_AFTER + DAY):
            assert isinstance(_verify(envelope, store=store, now=now), Verified)
        return
    assert "at the time of the timestamp" in _refused(envelope, store=store)


# Revocation


def test_both_chains_are_checked_for_revocation() -> None:
    """First the authority's chain is checked, and then the signer's with the timestamp's upper limit."""
    revocations = Revocations()
    envelope = _stamped(accuracy=Accuracy(1, 500))
    assert isinstance(_verify(envelope, revocation=revocations), Verified)
    assert revocations.asked == [
        Asked(TSA.ders, NOW, NO_SIGNING_TIMES),
        Asked(SIGNER.ders, NOW, SigningTimes(None, NOW + timedelta(milliseconds=1500))),
    ]


def test_an_authority_that_is_revoked() -> None:
    """A timestamp of a revoked authority fails its own step, and says what was found."""
    revocations = Revocations(TSA)
    with pytest.raises(AuthenticTimestampError, match="the certificate is revoked") as caught:
        _verify(_stamped(), revocation=revocations)
    assert [each.chain for each in revocations.asked] == [TSA.ders]
    assert any("revoked (by the test)" in line for line in caught.value.results[-1].explained)


@pytest.mark.parametrize(
    "envelope",
    [
        _stamped(corrupt_signature=True),
        _stamped(tsa=OTHER),
        _stamped(message=b"another"),
        _stamped(gen_time=NOT_BEFORE, accuracy=Accuracy(1)),
        sign_envelope(SIGNER, now=NOW),
    ],
    ids=["signature", "root", "message", "range", "none"],
)
def test_nobody_is_asked_about_an_authority_that_is_not_trusted(envelope: bytes) -> None:
    """Revocation is the last thing about a timestamp that is asked: what failed before names nobody to ask."""
    revocations = Revocations()
    _refused(envelope, revocation=revocations)
    assert revocations.asked == []


def test_a_timestamp_that_is_not_wanted_is_no_moment() -> None:
    """Where no timestamp was verified, none counts for the signer's revocation."""
    revocations = Revocations()
    _verify(_stamped(), revocation=revocations, timestamps="afterCertExpiry")
    assert revocations.asked == [Asked(SIGNER.ders, NOW, NO_SIGNING_TIMES)]


def test_a_timestamp_that_failed_is_no_moment() -> None:
    """Where the policy only logs that the timestamp failed, its time does not count for the signer's revocation."""
    for envelope, revoked in ((_stamped(message=b"another"), ()), (_stamped(), (TSA,))):
        revocations = Revocations(*revoked)
        trusted = policy("strict", stores=STORES, override={STEP: "log"})
        verdict = _verify(envelope, trusted=trusted, revocation=revocations)
        assert isinstance(verdict, Verified)
        assert outcomes(verdict.results)[STEP] == "log failed"
        assert revocations.asked[-1] == Asked(SIGNER.ders, NOW, NO_SIGNING_TIMES)


# What the policy does about it


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("media_type", FORMATS)
def test_the_levels(level: str, media_type: str) -> None:
    """Strict enforces the step; permissive and audit log what it found and go on."""
    for envelope in (_stamped(SIGNER, media_type, corrupt_signature=True), sign_envelope(SIGNER, media_type, now=NOW)):
        if level == "strict":
            _refused(envelope, media_type, level=level)
            continue
        verdict = _verify(envelope, media_type, level=level)
        assert isinstance(verdict, Verified)
        assert outcomes(verdict.results)[STEP] == "log failed"
    good = _verify(_stamped(SIGNER, media_type), media_type, level=level)
    assert outcomes(good.results)[STEP].endswith("passed")  # type: ignore[union-attr]


def _overridden(level: str, action: str) -> TrustPolicy:
    return policy(level, stores=STORES, override={STEP: action})


def test_what_overrides_a_level() -> None:
    """The step's action can be set by itself: to be enforced under permissive, to be logged under strict."""
    bad = _stamped(corrupt_signature=True)
    assert "does not hold" in _refused(bad, trusted=_overridden("permissive", "enforce"))
    verdict = _verify(bad, trusted=_overridden("strict", "log"))
    assert isinstance(verdict, Verified)
    (result,) = (each for each in verdict.results if each.step == STEP)
    assert result.error is not None
    assert "does not hold" in result.error.message


@pytest.mark.parametrize("media_type", FORMATS)
def test_a_timestamp_is_replaced(media_type: str) -> None:
    """An envelope that gets a second timestamp has that one, and everything else as before."""
    first = with_timestamp(sign_envelope(SIGNER, media_type, now=NOW), media_type, b"first")
    unverified = parse_envelope(first, media_type)
    token = make_token(unverified.signature, TSA, TokenChanges(gen_time=NOW))
    second = with_timestamp(first, media_type, token)
    assert unverified.timestamp_signature == b"first"
    assert parse_envelope(second, media_type)._replace(timestamp_signature=b"first") == unverified
    assert isinstance(_verify(second, media_type), Verified)


def test_a_timestamp_of_the_other_format() -> None:
    """A token of one envelope's signature is of no use in another, of whichever format."""
    one, other = (sign_envelope(SIGNER, media_type, now=NOW) for media_type in FORMATS)
    token = make_token(parse_envelope(one, JWS).signature, TSA, TokenChanges(gen_time=NOW))
    assert isinstance(_verify(with_timestamp(one, JWS, token)), Verified)
    assert "for another signature" in _refused(with_timestamp(other, COSE, token), COSE)
