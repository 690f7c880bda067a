"""Verdicts: each kind is a type of its own, with what was found on the way; user metadata; exit codes."""

import json
from datetime import timedelta
from typing import Any

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.payload import make_payload
from notarykit.errors import (
    AuthenticityError,
    ContentError,
    EnvelopeError,
    ExpiryError,
    NoAcceptedSignatureError,
    NoApplicablePolicyError,
    NoSignatureError,
    NotarykitError,
    PluginError,
    StorageError,
    TrustPolicyError,
    UsageError,
    UserMetadataError,
    VerificationError,
)
from notarykit.trust.policy import Action
from notarykit.verification.envelope import STEPS
from notarykit.verification.verdict import Audited, Skipped, Step, StepResult, Verified
from tests.support.envelopes import FORMATS, TARGET, sign_envelope
from tests.unit.verification.setting import (
    ARTIFACT,
    CHAIN,
    IDENTITY,
    LEVELS,
    NOW,
    OTHER,
    STRANGER,
    Verifier,
    outcomes,
    policy,
    store,
    verify,
)

_METADATA = {"build": "123", "é": "ü", "empty": ""}
_PAYLOAD = json.dumps({"targetArtifact": {**TARGET, "annotations": _METADATA}}).encode()


@pytest.mark.parametrize("media_type", FORMATS)
def test_a_verified_signature(media_type: str) -> None:
    """The verdict on a signer who is trusted carries target, attributes, chain and the policy's statement."""
    verdict = verify(sign_envelope(CHAIN, media_type, _PAYLOAD, now=NOW), media_type, policy(identities=[IDENTITY]))
    assert isinstance(verdict, Verified)
    assert verdict.target == ARTIFACT._replace(annotations=_METADATA)
    assert verdict.user_metadata == _METADATA
    assert verdict.attributes.signing_time == NOW
    assert verdict.chain.ders == CHAIN.ders
    assert (verdict.policy, verdict.level.name) == ("acme", "strict")
    assert [result.step for result in verdict.results] == [each.step for each in STEPS]


@pytest.mark.parametrize("identities", [["*"], [STRANGER]])
def test_an_audited_signature(identities: list[str]) -> None:
    """The verdict on a signer who is not trusted is of another type, and all that it carries is named so."""
    stores = store(OTHER) if identities == ["*"] else store()
    signed = sign_envelope(CHAIN, payload=_PAYLOAD, now=NOW)
    verdict = verify(signed, trusted=policy("audit", identities=identities), store=stores)
    assert isinstance(verdict, Audited)
    assert not isinstance(verdict, Verified)
    assert verdict.untrusted_target.annotations == _METADATA
    assert verdict.untrusted_chain.ders == CHAIN.ders
    assert verdict.untrusted_attributes.signing_time == NOW
    assert (verdict.policy, verdict.level.name) == ("acme", "audit")
    assert outcomes(verdict.results)["authenticity"] == "log failed"
    assert not hasattr(verdict, "target")
    assert not hasattr(verdict, "user_metadata")


@pytest.mark.requirement("trust:skip", "trust:timestamp-switch")
def test_a_skipped_artifact() -> None:
    """Where the policy skips the artifact nothing is looked at: not the envelope, not the store, not the metadata."""
    verdict = verify(b"no envelope", "no/format", policy("skip"), store=None, user_metadata={"a": "b"})
    assert verdict == Skipped("acme")
    assert not isinstance(verdict, Verified | Audited)


def test_the_present_is_the_time_where_none_is_given() -> None:
    """Without a time of verification it is now: what was good for a second some days ago has expired."""
    assert isinstance(verify(sign_envelope(CHAIN), now=None), Verified)
    with pytest.raises(ExpiryError):
        verify(sign_envelope(CHAIN, now=NOW, expires_in=timedelta(seconds=1)), now=None)


def test_a_time_without_a_zone_is_refused() -> None:
    """A time of verification that could mean several is the caller's mistake."""
    with pytest.raises(UsageError, match="the time of the verification has no time zone"):
        verify(sign_envelope(CHAIN, now=NOW), now=NOW.replace(tzinfo=None))


@pytest.mark.requirement("plugin:host-steps-first")
def test_the_order_of_the_steps_is_the_specifications() -> None:
    """The steps are those of the specification, in its order, and each validation of a policy is among them."""
    assert [each.step.value for each in STEPS] == [
        "integrity", "authenticity", "expiry", "authenticTimestamp", "revocation", "extendedValidation", "userMetadata",
    ]  # fmt: skip


# User metadata


@pytest.mark.requirement("trust:user-metadata")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("wanted", [{}, {"build": "123"}, {"empty": ""}, _METADATA])
def test_user_metadata_that_was_signed(level: str, wanted: dict[str, str]) -> None:
    """All or some of the metadata that was signed may be asked for."""
    verdict = verify(sign_envelope(CHAIN, payload=_PAYLOAD, now=NOW), trusted=policy(level), user_metadata=wanted)
    assert isinstance(verdict, Verified)


@pytest.mark.requirement("trust:user-metadata", "workflow:blob-metadata", "workflow:signed-digest")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"build": "124"}, "the signature's user metadata 'build' is '123', not '124'"),
        ({"build": ""}, "the signature's user metadata 'build' is '123', not ''"),
        ({"empty": "x"}, "the signature's user metadata 'empty' is '', not 'x'"),
        ({"Build": "123"}, "the signature carries no user metadata 'Build'"),
        ({"build": "123", "other": ""}, "the signature carries no user metadata 'other'"),
    ],
)
def test_user_metadata_that_was_not_signed(level: str, wanted: dict[str, str], message: str) -> None:
    """Metadata that is asked for and was not signed, or otherwise, fails the verification at every level."""
    with pytest.raises(UserMetadataError) as caught:
        verify(sign_envelope(CHAIN, payload=_PAYLOAD, now=NOW), trusted=policy(level), user_metadata=wanted)
    assert caught.value.message == f"userMetadata: {message}"
    assert caught.value.exit_code == 1


def test_a_signature_without_user_metadata() -> None:
    """A signature that carries no metadata at all lacks what is asked for."""
    with pytest.raises(UserMetadataError, match="carries no user metadata 'build'"):
        verify(sign_envelope(CHAIN, now=NOW), user_metadata={"build": "123"})


def test_user_metadata_comes_last() -> None:
    """Metadata is looked at when everything else was found right."""
    with pytest.raises(AuthenticityError):
        verify(sign_envelope(CHAIN, now=NOW), trusted=policy(identities=[STRANGER]), user_metadata={"build": "123"})


def test_what_is_made_with_metadata_is_verified_with_it() -> None:
    """The payload that signing makes is found with its metadata."""
    payload = make_payload(ARTIFACT, {"b": "2", "a": "1"})
    verdict = verify(sign_envelope(CHAIN, payload=payload, now=NOW), user_metadata={"a": "1", "b": "2"})
    assert isinstance(verdict, Verified)


# Results and exit codes


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (StepResult(Step.EXPIRY, Action.ENFORCE), "passed"),
        (StepResult(Step.EXPIRY, Action.LOG), "passed"),
        (StepResult(Step.EXPIRY, Action.LOG, ExpiryError("x")), "failed"),
        (StepResult(Step.REVOCATION, Action.SKIP), "skipped"),
    ],
)
def test_outcomes(result: StepResult, outcome: str) -> None:
    """A step passed, failed or was skipped."""
    assert result.outcome == outcome


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AuthenticityError("x"), 1),
        (AuthenticityError("x").replace(exit_code=2), 2),
        (NoSignatureError("x"), 1),
        (NoApplicablePolicyError("x"), 1),
        (EnvelopeError("x"), 1),
        (ContentError("x"), 1),
        (UsageError("x"), 2),
        (TrustPolicyError("x"), 2),
        (StorageError("x"), 3),
        (PluginError("x"), 4),
    ],
)
def test_exit_codes(error: NotarykitError, code: int) -> None:
    """A verdict ends with 1, a set-up that is wrong with 2, storage with 3, keys and plugins with 4."""
    assert error.exit_code == code


@pytest.mark.parametrize(
    ("codes", "code"), [((1,), 1), ((2,), 2), ((1, 1), 1), ((2, 2), 2), ((1, 2), 1), ((2, 1), 1), ((3, 3), 3), ((), 1)]
)
def test_the_exit_code_of_several_failures(codes: tuple[int, ...], code: int) -> None:
    """Where every signature failed for one kind of reason its code counts, and otherwise it is a verdict."""
    failures = tuple(("sha256:x", VerificationError("x").replace(exit_code=each)) for each in codes)
    assert NoAcceptedSignatureError("x", failures=failures).exit_code == code


def test_verifying_asks_no_plugin_that_is_not_named() -> None:
    """A signature that names no plugin has none asked, whatever is installed."""
    plugin = Verifier("SIGNATURE_VERIFIER.TRUSTED_IDENTITY")
    verify(sign_envelope(CHAIN, now=NOW), find_plugin=plugin.find)
    assert plugin.lookups == 0


def test_the_artifact_of_the_call_may_have_annotations() -> None:
    """Annotations and artifact type of the caller's descriptor are no part of the comparison."""
    given: Any = Descriptor(*ARTIFACT[:3], {"tag": "v1"}, "application/x")
    assert isinstance(verify(sign_envelope(CHAIN, now=NOW), artifact=given), Verified)
