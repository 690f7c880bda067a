"""Ends of verdicts: with the clock moved to the end the verdict still holds, and a second later it is another."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from notarykit.envelope.attributes import SIGNING_AUTHORITY
from notarykit.errors import NotarykitError
from notarykit.oci.reference import Tag
from notarykit.timestamp.token import Timestamp, verify_token
from notarykit.trust.policy import TrustPolicyDocument
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.artifact import ArtifactRequest
from notarykit.verification.ending import Ending
from notarykit.verification.examination import examine_signatures
from notarykit.verification.verdict import Skipped, Verified
from notarykit.verification.verifier import Verifier
from tests.support.ca import NOT_AFTER, Changes, make_chain
from tests.support.envelopes import sign_envelope
from tests.unit.verification.countersigned import SIGNER, TSA, RecordingChecker, make_timestamped
from tests.unit.verification.places import Place
from tests.unit.verification.setting import ARTIFACT, NOW, SCOPE, document, forbidden

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_ISSUING = make_chain(cas={1: Changes(not_after=NOW + 30 * _DAY)})
_ROOT = make_chain(cas={2: Changes(not_after=NOW + 40 * _DAY)})
# RFC 5280, 4.1.2.5: "no well-defined expiration date".
_NO_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_ENDLESS = make_chain(not_after=_NO_END)
_LATER = NOW + 20_000 * _DAY
_SHORT_TSA = make_chain("EC-256", purpose="timestamping", not_after=NOW + 5 * _DAY)
_STORE = MemoryTrustStore(
    {
        "ca:acme": [chain.ders[-1] for chain in (SIGNER, _ISSUING, _ROOT, _ENDLESS)],
        "signingAuthority:acme": [SIGNER.ders[-1]],
        "tsa:one": [TSA.ders[-1], _SHORT_TSA.ders[-1]],
    }
)
_TSA_STORES = ("ca:acme", "tsa:one")
_TIMESTAMPED = make_timestamped()
_EXPIRING = sign_envelope(SIGNER, now=NOW, expires_in=10 * _DAY)


class _Case(NamedTuple):
    """Signatures of an artifact under a policy, and the end of the verdict."""

    envelopes: tuple[bytes, ...]
    policy: dict[str, Any]
    ends: datetime | None
    is_expiry: bool = False


_CASES = {
    "the whole chain": _Case((sign_envelope(SIGNER, now=NOW),), {}, NOT_AFTER),
    "an intermediate certificate": _Case((sign_envelope(_ISSUING, now=NOW),), {}, NOW + 30 * _DAY),
    "the root": _Case((sign_envelope(_ROOT, now=NOW),), {}, NOW + 40 * _DAY),
    "expiry": _Case((_EXPIRING,), {}, NOW + 10 * _DAY, is_expiry=True),
    "expiry after the chain": _Case(
        (sign_envelope(_ISSUING, now=NOW, expires_in=35 * _DAY),), {}, NOW + 30 * _DAY
    ),
    "expiry that is logged": _Case((_EXPIRING,), {"override": {"expiry": "log"}}, NOT_AFTER),
    "validity that is logged": _Case(
        (_EXPIRING,), {"override": {"authenticTimestamp": "log"}}, NOW + 10 * _DAY, is_expiry=True
    ),
    "permissive": _Case((_EXPIRING,), {"level": "permissive"}, None),
    "audit": _Case((_EXPIRING,), {"level": "audit"}, None),
    "timestamp": _Case((_TIMESTAMPED,), {"stores": _TSA_STORES}, None),
    "authority that ends": _Case((make_timestamped(tsa=_SHORT_TSA),), {"stores": _TSA_STORES}, None),
    "timestamp without a store for it": _Case((_TIMESTAMPED,), {}, NOT_AFTER),
    "timestamp after the chain's end": _Case(
        (_TIMESTAMPED,), {"stores": _TSA_STORES, "timestamps": "afterCertExpiry"}, None
    ),
    "no timestamp for after the chain's end": _Case(
        (sign_envelope(SIGNER, now=NOW),), {"stores": _TSA_STORES, "timestamps": "afterCertExpiry"}, NOT_AFTER
    ),
    "timestamp of another authority for later": _Case(
        (make_timestamped(tsa=make_chain("EC-256", purpose="timestamping")),),
        {"stores": _TSA_STORES, "timestamps": "afterCertExpiry"},
        NOT_AFTER,
    ),
    "signing authority": _Case(
        (sign_envelope(SIGNER, now=NOW, scheme=SIGNING_AUTHORITY),), {"stores": ("signingAuthority:acme",)}, None
    ),
    "no well-defined end": _Case((sign_envelope(_ENDLESS, now=NOW),), {}, _NO_END),
    "the last of several": _Case(
        (sign_envelope(_ISSUING, now=NOW), b"", _EXPIRING, sign_envelope(_ROOT, now=NOW)), {}, NOW + 40 * _DAY
    ),
    "one of several that does not end": _Case(
        (_TIMESTAMPED, _EXPIRING), {"stores": _TSA_STORES, "timestamps": "afterCertExpiry"}, None
    ),
    "a stranger's beside it": _Case(
        (sign_envelope(make_chain(), now=NOW), _EXPIRING),
        {"level": "audit", "override": {"expiry": "enforce"}},
        NOW + 10 * _DAY,
        is_expiry=True,
    ),
}  # fmt: skip


def _verifier(policies: TrustPolicyDocument, now: datetime) -> Verifier:
    return Verifier(policies, _STORE, now=now, find_plugin=forbidden, revocation=RecordingChecker())


def _kind(case: _Case, now: datetime) -> type:
    """Returns the kind of the verdict of a verification at a time, or of its error."""
    request = ArtifactRequest(lambda: Place(*case.envelopes), Tag("v1"), SCOPE)
    try:
        return type(_verifier(document(**case.policy), now).artifact(request).verdict)
    except NotarykitError as error:
        return type(error)


@pytest.mark.parametrize("case", _CASES.values(), ids=_CASES.keys())
def test_verdict_holds_until_it_ends(case: _Case) -> None:
    """A verification at the end says what it says today, and one a second later something else."""
    policies = document(**case.policy)
    verifier, place = _verifier(policies, NOW), Place(*case.envelopes)
    examined = examine_signatures(verifier, policies.policies[0], place, ARTIFACT, type)
    assert not isinstance(examined.outcome, NotarykitError)
    assert examined.ending == (None if case.ends is None else Ending(case.ends, case.is_expiry))
    today = _kind(case, NOW)
    if case.ends is None:
        assert _kind(case, _LATER) is today
        return
    assert _kind(case, case.ends - _SECOND * case.is_expiry) is today
    if case.ends < _NO_END:
        assert _kind(case, case.ends + _SECOND) is not today


@pytest.mark.parametrize("case", _CASES.values(), ids=_CASES.keys())
def test_verdict_holds_until_the_next_end(case: _Case) -> None:
    """The first end of a validity comes no later than the verdict's own end, whichever steps the policy enforces."""
    request = ArtifactRequest(lambda: Place(*case.envelopes), Tag("v1"), SCOPE)
    verdict = _verifier(document(**case.policy), NOW).artifact(request).verdict
    assert not isinstance(verdict, Skipped)
    ends = verdict.next_end(NOW)
    assert ends is not None
    assert ends <= (case.ends or _NO_END)


def test_end_that_has_passed_is_no_end() -> None:
    """A timestamped signature whose certificates have expired already does not end by them."""
    policies = document(stores=_TSA_STORES)
    verifier, place = _verifier(policies, _LATER), Place(_TIMESTAMPED)
    examined = examine_signatures(verifier, policies.policies[0], place, ARTIFACT, type)
    assert not isinstance(examined.outcome, NotarykitError)
    assert isinstance(examined.outcome.verdict, Verified)
    assert examined.ending is None
    assert examined.outcome.verdict.next_end(_LATER) is None


def test_what_is_skipped_has_no_end() -> None:
    """The clock changes nothing of a policy that skips the artifact."""
    request = ArtifactRequest(Place, Tag("v1"), SCOPE)
    assert _verifier(document("skip"), NOW).artifact(request).verdict.next_end(NOW) is None


def test_end_that_has_passed_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The timestamp is verified once, and not again for ends before the verification, which changed nothing."""
    verified: list[object] = []

    def counted(*arguments: Any) -> Timestamp:
        verified.append(arguments)
        return verify_token(*arguments)

    monkeypatch.setattr("notarykit.timestamp.token.verify_token", counted)
    policies = document(stores=_TSA_STORES)
    examine_signatures(_verifier(policies, _LATER), policies.policies[0], Place(_TIMESTAMPED), ARTIFACT, type)
    assert len(verified) == 1


def test_end_asks_for_no_revocation() -> None:
    """The clock is moved without a word to OCSP responders, for the signer or the timestamp authority."""
    policies = document(stores=_TSA_STORES)
    checker = RecordingChecker()
    verifier = _verifier(policies, NOW)._replace(revocation=checker)
    examine_signatures(verifier, policies.policies[0], Place(_TIMESTAMPED), ARTIFACT, type)
    assert [check.now for check in checker.checks] == [NOW, NOW]
