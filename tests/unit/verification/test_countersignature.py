"""Timestamp countersignatures in verification: the token, its authority, and the policy's action."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from notarykit.envelope.builder import with_timestamp
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import AuthenticTimestampError, VerificationError
from notarykit.trust.policy import TrustPolicy
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.verdict import Verified
from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import COSE, FORMATS, JWS, sign_envelope
from tests.support.token_changes import Accuracy, EssCertificate, TokenChanges
from tests.support.tokens import make_token
from tests.unit.verification.countersigned import (
    DAY,
    OTHER,
    SIGNER,
    STEP,
    STORES,
    TSA,
    make_timestamped,
    step_message,
    trust_store,
    verify_timestamped,
)
from tests.unit.verification.setting import LEVELS, NOW, outcomes, policy


@pytest.mark.requirement("trust:timestamp-validations")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", ["RSA-2048", "RSA-4096", "EC-256", "EC-521"])
@pytest.mark.parametrize("tsa", [TSA, OTHER], ids=["EC", "RSA"])
def test_timestamp_of_a_trusted_authority_passes(media_type: str, spec: str, tsa: TestChain) -> None:
    """A timestamp of the primitive signature, by a trusted authority, is good in each format, and its time is told."""
    signer = make_chain(spec)
    verdict = verify_timestamped(
        make_timestamped(signer, media_type, tsa), media_type, signer=signer, store=trust_store(signer, one=tsa)
    )
    assert isinstance(verdict, Verified)
    (result,) = (each for each in verdict.results if each.step == STEP)
    assert (result.outcome, result.error) == ("passed", None)
    assert f"{NOW:%Y-%m-%dT%H:%M:%SZ}" in result.note


@pytest.mark.requirement("signature:timestamp-of-x509-alone", "trust:timestamp-imprint", "trust:timestamp-validations")
@pytest.mark.parametrize("media_type", FORMATS)
def test_timestamp_of_other_bytes_is_refused(media_type: str) -> None:
    """A timestamp of the envelope, of the payload or of another signature proves nothing about this signature."""
    envelope = sign_envelope(SIGNER, media_type, now=NOW)
    unverified = parse_envelope(envelope, media_type)
    other = parse_envelope(sign_envelope(SIGNER, media_type, now=NOW - DAY), media_type).signature
    for message in (envelope, unverified.signed_bytes, unverified.unverified_payload, other, b""):
        with pytest.raises(AuthenticTimestampError) as caught:
            verify_timestamped(make_timestamped(SIGNER, media_type, message=message), media_type)
        assert "for another signature" in step_message(caught.value)


@pytest.mark.requirement("trust:timestamp-present", "trust:timestamp-validations")
@pytest.mark.parametrize("media_type", FORMATS)
def test_missing_timestamp_is_refused_with_advice(media_type: str) -> None:
    """Where one is wanted and there is none, the step fails, and says what to do."""
    with pytest.raises(AuthenticTimestampError, match="has none") as caught:
        verify_timestamped(sign_envelope(SIGNER, media_type, now=NOW), media_type)
    assert "--timestamp-url" in caught.value.advice
    with pytest.raises(VerificationError):
        verify_timestamped(with_timestamp(sign_envelope(SIGNER, media_type, now=NOW), media_type, b""), media_type)


@pytest.mark.requirement("signature:timestamp-of-x509-alone")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("token", [b"\0", b"garbage", b"\x30\x00", b"\x30\x80" * 3000, TSA.ders[0]], ids=range(5))
def test_malformed_token_is_refused(media_type: str, token: bytes) -> None:
    """What is no token is refused as one."""
    envelope = with_timestamp(sign_envelope(SIGNER, media_type, now=NOW), media_type, token)
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(envelope, media_type)
    assert "token" in step_message(caught.value)


@pytest.mark.requirement("trust:timestamp-token", "trust:timestamp-validations")
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
def test_invalid_token_is_refused(changes: Mapping[str, Any], text: str) -> None:
    """Each thing that can be wrong with a token fails the step."""
    given = dict(changes)
    tsa = given.pop("tsa", TSA)
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(make_timestamped(tsa=tsa, **given))
    assert text in step_message(caught.value)


@pytest.mark.requirement("trust:timestamp-certificate")
def test_code_signer_is_no_authority() -> None:
    """A code signer's root in a tsa store does not make the signer an authority."""
    signer = make_chain(purpose="code signing")
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(make_timestamped(tsa=signer), store=trust_store(one=signer))
    assert "extendedKeyUsage" in step_message(caught.value)


@pytest.mark.requirement("scheme:x509-stores", "trust:store-types", "trust:timestamp-certificate")
def test_roots_count_only_in_stores_of_their_type() -> None:
    """A root in a ca store is not trusted for timestamps, and one in a tsa store not for signing."""
    both = MemoryTrustStore({"ca:acme": [SIGNER.ders[-1], TSA.ders[-1]], "tsa:one": [OTHER.ders[-1]]})
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(make_timestamped(), store=both)
    assert "does not lead to a trusted root" in step_message(caught.value)
    swapped = MemoryTrustStore({"ca:acme": [OTHER.ders[-1]], "tsa:one": [TSA.ders[-1], SIGNER.ders[-1]]})
    with pytest.raises(VerificationError, match="authenticity"):
        verify_timestamped(make_timestamped(), store=swapped)


@pytest.mark.requirement("trust:trust-by-reference")
@pytest.mark.parametrize("names", [("one", "two"), ("two", "one")])
def test_authority_of_any_named_store_is_trusted(names: Sequence[str]) -> None:
    """An authority of any of the policy's stores is trusted, and one of a store beside them is not."""
    stores = ("ca:acme", *(f"tsa:{name}" for name in names))
    store = trust_store(one=TSA, two=OTHER, three=make_chain(purpose="timestamping"))
    for tsa in (TSA, OTHER):
        assert isinstance(verify_timestamped(make_timestamped(tsa=tsa), stores=stores, store=store), Verified)
    three = make_chain(purpose="timestamping")
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(
            make_timestamped(tsa=three), stores=stores, store=trust_store(one=TSA, two=OTHER, three=three)
        )
    assert "trusted root" in step_message(caught.value)


# Levels and overrides


@pytest.mark.requirement("trust:timestamp-validations")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("media_type", FORMATS)
def test_level_decides_on_a_bad_timestamp(level: str, media_type: str) -> None:
    """Strict enforces the step; permissive and audit log what it found and go on."""
    for envelope in (
        make_timestamped(SIGNER, media_type, corrupt_signature=True),
        sign_envelope(SIGNER, media_type, now=NOW),
    ):
        if level == "strict":
            with pytest.raises(AuthenticTimestampError) as caught:
                verify_timestamped(envelope, media_type, level=level)
            step_message(caught.value)
            continue
        verdict = verify_timestamped(envelope, media_type, level=level)
        assert isinstance(verdict, Verified)
        assert outcomes(verdict.results)[STEP] == "log failed"
    good = verify_timestamped(make_timestamped(SIGNER, media_type), media_type, level=level)
    assert outcomes(good.results)[STEP].endswith("passed")  # type: ignore[union-attr]


def _overridden(level: str, action: str) -> TrustPolicy:
    return policy(level, stores=STORES, override={STEP: action})


def test_override_replaces_the_levels_action() -> None:
    """The step's action can be set by itself: to be enforced under permissive, to be logged under strict."""
    bad = make_timestamped(corrupt_signature=True)
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(bad, trusted=_overridden("permissive", "enforce"))
    assert "does not hold" in step_message(caught.value)
    verdict = verify_timestamped(bad, trusted=_overridden("strict", "log"))
    assert isinstance(verdict, Verified)
    (result,) = (each for each in verdict.results if each.step == STEP)
    assert result.error is not None
    assert "does not hold" in result.error.message


@pytest.mark.parametrize("media_type", FORMATS)
def test_second_timestamp_replaces_the_first(media_type: str) -> None:
    """An envelope that gets a second timestamp has that one, and everything else as before."""
    first = with_timestamp(sign_envelope(SIGNER, media_type, now=NOW), media_type, b"first")
    unverified = parse_envelope(first, media_type)
    token = make_token(unverified.signature, TSA, TokenChanges(gen_time=NOW))
    second = with_timestamp(first, media_type, token)
    assert unverified.timestamp_signature == b"first"
    assert parse_envelope(second, media_type)._replace(timestamp_signature=b"first") == unverified
    assert isinstance(verify_timestamped(second, media_type), Verified)


@pytest.mark.requirement("trust:envelope-type")
def test_timestamp_of_the_other_format_is_refused() -> None:
    """A token of one envelope's signature is of no use in another, of whichever format."""
    one, other = (sign_envelope(SIGNER, media_type, now=NOW) for media_type in FORMATS)
    token = make_token(parse_envelope(one, JWS).signature, TSA, TokenChanges(gen_time=NOW))
    assert isinstance(verify_timestamped(with_timestamp(one, JWS, token)), Verified)
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(with_timestamp(other, COSE, token), COSE)
    assert "for another signature" in step_message(caught.value)
