"""Decisions: how long they hold at most, which errors are refusals, and what a policy says without a look."""

import json
from datetime import datetime, timedelta

import pytest

from notarykit import Audited, NotarykitError, TrustPolicyDocument, Verified
from notarykit.errors import (
    AccessError,
    ArtifactNotFoundError,
    AuthenticityError,
    IntegrityError,
    NetworkError,
    NoAcceptedSignatureError,
    PluginTimeoutError,
    RevocationError,
    StorageError,
    TrustStoreError,
)
from notarykit_admission.judging.decision import Decision, Outcome, decision_end, decision_of_error, decision_of_policy
from tests.support.ca import NOT_AFTER, Changes, make_chain
from tests.support.envelopes import sign_envelope
from tests.unit.verification.countersigned import SIGNER, TSA, RecordingChecker, make_timestamped, trust_store
from tests.unit.verification.setting import CHAIN, NOW, OTHER, SCOPE, document, policy, store, verify

_DAY = timedelta(days=1)
_TIMESTAMPED = policy(stores=("ca:acme", "tsa:one"))


def _verdict(envelope: bytes, **changes: object) -> Verified | Audited:
    verdict = verify(envelope, **changes)  # type: ignore[arg-type]
    assert isinstance(verdict, Verified | Audited)
    return verdict


@pytest.mark.parametrize("place", [0, 1, 2])
def test_first_certificate_that_ends(place: int) -> None:
    """Of the signer's chain, the certificate that ends first counts."""
    short = Changes(not_after=NOW + 3 * _DAY)
    chain = make_chain(cas={place: short}) if place else make_chain(leaf=short)
    verdict = _verdict(sign_envelope(chain, now=NOW), store=store(chain))
    assert decision_end(verdict, (), NOW) == NOW + 3 * _DAY


def test_expiry() -> None:
    """A signature's own expiry ends the decision before its certificates do."""
    verdict = _verdict(sign_envelope(CHAIN, now=NOW, expires_in=_DAY))
    assert decision_end(verdict, (), NOW) == NOW + _DAY


@pytest.mark.parametrize(("until", "end"), [(NOW + _DAY, NOW + _DAY), (NOT_AFTER + _DAY, NOT_AFTER)])
def test_revocation_data(until: datetime, end: datetime) -> None:
    """An OCSP answer's or a CRL's end counts if nothing else ends before it."""
    verdict = _verdict(sign_envelope(CHAIN, now=NOW))
    assert decision_end(verdict, [until, NOT_AFTER + 2 * _DAY], NOW) == end


def test_certificate_of_the_timestamp_authority() -> None:
    """The end of a timestamp's certificate ends the decision, too."""
    short = make_chain("EC-256", purpose="timestamping", not_after=NOW + 5 * _DAY)
    for tsa, end in ((short, NOW + 5 * _DAY), (TSA, NOT_AFTER)):
        verdict = _verdict(
            make_timestamped(tsa=tsa), trusted=_TIMESTAMPED, store=trust_store(one=tsa), revocation=RecordingChecker()
        )
        assert decision_end(verdict, (), NOW) == end


def test_what_had_ended_before_does_not_count() -> None:
    """A certificate that a timestamp keeps good after its end does not end the decision at once."""
    now = NOT_AFTER + _DAY
    verdict = _verdict(
        make_timestamped(tsa=TSA), trusted=_TIMESTAMPED, store=trust_store(), revocation=RecordingChecker(), now=now
    )
    assert min(certificate.not_valid_after_utc for certificate in SIGNER.certificates) < now
    assert decision_end(verdict, (), now) is None
    assert decision_end(verdict, [now - _DAY, now + _DAY], now) == now + _DAY


def test_what_ends_now_counts() -> None:
    """What ends in the very moment of the verification ends the decision, which is not kept then."""
    verdict = _verdict(sign_envelope(CHAIN, now=NOW))
    assert decision_end(verdict, [NOW, NOW + _DAY], NOW) == NOW
    assert decision_end(_verdict(sign_envelope(CHAIN, now=NOW), now=NOT_AFTER), (), NOT_AFTER) == NOT_AFTER


def test_signer_who_is_not_trusted() -> None:
    """Where the policy lets a stranger pass, the stranger's certificates and expiry count in the same way."""
    envelope = sign_envelope(OTHER, now=NOW, expires_in=_DAY)
    verdict = _verdict(envelope, trusted=policy("audit"))
    assert isinstance(verdict, Audited)
    assert decision_end(verdict, (), NOW) == NOW + _DAY


@pytest.mark.parametrize(
    "error",
    [
        StorageError("the list breaks off"),
        NetworkError("no answer"),
        AccessError("no access"),
        ArtifactNotFoundError("no such tag"),
        TrustStoreError("the store is empty"),
        PluginTimeoutError("no answer"),
        RevocationError("unknown"),
        NoAcceptedSignatureError("none", failures=(("sha256:aa", StorageError("x")),)),
        NoAcceptedSignatureError("none", failures=(("a", AuthenticityError("x")), ("b", RevocationError("unknown")))),
    ],
    ids=lambda error: type(error).__name__,
)
def test_error_that_may_pass(error: NotarykitError) -> None:
    """What says nothing of the image is no refusal."""
    assert decision_of_error(error, "").outcome is Outcome.UNDECIDED


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("broken"),
        NoAcceptedSignatureError("none", failures=(("a", AuthenticityError("x")), ("b", IntegrityError("y")))),
    ],
    ids=lambda error: type(error).__name__,
)
def test_error_of_the_image(error: NotarykitError) -> None:
    """What is wrong with all signatures is a refusal."""
    assert decision_of_error(error, "").outcome is Outcome.REFUSED


def test_reason_is_one_line_with_the_advice() -> None:
    """A registry's words become one line, and what to do stands behind them."""
    error = NetworkError("registry\nsays \x1b[31mno", advice="try again")
    assert decision_of_error(error, "").reason == "registry says \\x1b[31mno: try again"
    assert len(decision_of_error(NetworkError("x" * 5000), "").reason) == 1000


def test_advice_on_flags_is_left_out() -> None:
    """Whoever reads the reason has no command line whose flags could help."""
    error = NetworkError("no response within 20 seconds", advice="try again, or allow more with --timeout")
    assert decision_of_error(error, "").reason == "no response within 20 seconds"


def test_policy_without_a_statement_refuses() -> None:
    """A repository that no statement applies to is refused without a look at it."""
    decision = decision_of_policy(document(), "other.test/app")
    assert decision is not None
    assert decision.outcome is Outcome.REFUSED
    assert "other.test/app" in decision.reason


def test_policy_that_skips() -> None:
    """A repository that the policy skips is let pass without a look at it."""
    decision = decision_of_policy(document("skip"), SCOPE)
    assert decision is not None
    assert decision._replace(document=b"") == Decision(Outcome.SKIPPED, policy="acme")
    assert json.loads(decision.document) == {"verdict": "skipped", "policy": "acme"}


@pytest.mark.parametrize("level", ["skip", "permissive"])
@pytest.mark.parametrize("alias", ["REGISTRY.acme-rockets.io", "registry.acme-rockets.io:443"])
def test_repository_in_other_words(level: str, alias: str) -> None:
    """A statement for all others lets nothing pass of a repository that has a statement by the name that all know."""
    others = policy(level)._replace(name="others", scopes=("*",))
    policies = TrustPolicyDocument((policy()._replace(scopes=("registry.acme-rockets.io/app",)), others))
    decision = decision_of_policy(policies, f"{alias}/app")
    assert decision is not None
    assert decision.outcome is Outcome.REFUSED
    assert decision.reason == "the trust policy names this repository registry.acme-rockets.io/app: write that instead"
    found = decision_of_policy(policies, f"{alias}/other")
    skipped = Decision(Outcome.SKIPPED, policy="others")
    assert (found and found._replace(document=b"")) == (skipped if level == "skip" else None)


def test_repository_below_a_prefix_in_other_words() -> None:
    """So it is for what is below a prefix; a repository that the prefix itself matches is examined."""
    others = policy("permissive")._replace(name="others", scopes=("*",))
    team = policy()._replace(scopes=("registry.acme-rockets.io/team/*",))
    policies = TrustPolicyDocument((team, others), "notarykit/1")
    decision = decision_of_policy(policies, "registry.acme-rockets.io:443/team/app")
    assert decision is not None
    assert decision.outcome is Outcome.REFUSED
    assert "registry.acme-rockets.io/team/*" in decision.reason
    for repository in ("registry.acme-rockets.io/team/app", "registry.acme-rockets.io:443/other"):
        assert decision_of_policy(policies, repository) is None


def test_policy_that_verifies_decides_nothing() -> None:
    """Where a statement applies, the image has to be examined."""
    assert decision_of_policy(document(), SCOPE) is None
