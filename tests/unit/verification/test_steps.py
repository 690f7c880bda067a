"""The steps of a verification, each under each level, through the whole road."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from notarykit.errors import (
    AuthenticityError,
    AuthenticTimestampError,
    ExpiryError,
    IntegrityError,
    RevocationError,
    VerificationError,
)
from notarykit.revocation.checker import RevocationChecker
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.verdict import Audited, Verified
from tests.support.ca import NOT_AFTER, Changes, make_chain, ocsp_at
from tests.support.envelopes import COSE, FORMATS, JWS, build, build_jws, jws_header, sign_envelope
from tests.unit.verification.setting import (
    ARTIFACT,
    CHAIN,
    ENFORCED,
    LEVELS,
    NOW,
    OTHER,
    outcomes,
    policy,
    store,
    verify,
)

_SECOND = timedelta(seconds=1)
_GOOD = sign_envelope(CHAIN, now=NOW)
_UNFLIPPED = build(CHAIN, COSE)
_FLIPPED = _UNFLIPPED[:-1] + bytes([_UNFLIPPED[-1] ^ 1])
_EXPIRING = sign_envelope(CHAIN, now=NOW, expires_in=_SECOND)
_WITH_OCSP = make_chain(leaf=Changes(put=(ocsp_at("http://ocsp.example.com"),)))
_ASKABLE = sign_envelope(_WITH_OCSP, now=NOW)

# Signatures of which exactly one step fails: the step, its error, and what brings it about.
_FAILURES: list[tuple[str, type[VerificationError], Callable[[], dict[str, Any]]]] = [
    ("authenticity", AuthenticityError, lambda: {"store": store(OTHER)}),
    ("expiry", ExpiryError, lambda: {"envelope": _EXPIRING, "now": NOW + _SECOND}),
    ("authenticTimestamp", AuthenticTimestampError, lambda: {"now": NOT_AFTER + _SECOND}),
    (
        "revocation",
        RevocationError,
        lambda: {"envelope": _ASKABLE, "store": store(_WITH_OCSP), "revocation": RevocationChecker(None)},
    ),
]
_STEPS = [step for step, _, _ in _FAILURES]


def _run(level: str, make: Callable[[], dict[str, Any]], **override: str) -> Verified | Audited:
    verdict = verify(**{"envelope": _GOOD, "trusted": policy(level, override=override), **make()})
    assert isinstance(verdict, Verified | Audited)
    return verdict


@pytest.mark.requirement("trust:all-validations")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("media_type", FORMATS)
def test_good_signatures_pass(level: str, media_type: str) -> None:
    """A good signature is verified under each level, each step under the level's action, in the steps' order."""
    verdict = verify(sign_envelope(CHAIN, media_type, now=NOW), media_type, policy(level))
    assert isinstance(verdict, Verified)
    names = ["integrity", "authenticity", "expiry", "authenticTimestamp", "revocation"]
    wanted = {each: f"{'enforce' if each in ENFORCED[level] else 'log'} passed" for each in names}
    wanted |= {"extendedValidation": "enforce passed", "userMetadata": "enforce passed"}
    assert list(outcomes(verdict.results).items()) == list(wanted.items())
    assert all(result.error is None for result in verdict.results)


@pytest.mark.requirement(
    "trust:all-validations",
    "trust:enforced-and-logged",
    "trust:levels",
    "workflow:verify-envelope",
)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("step", "kind", "make"), _FAILURES, ids=_STEPS)
def test_a_failure_is_enforced_or_logged(
    level: str, step: str, kind: type[VerificationError], make: Callable[[], dict[str, Any]]
) -> None:
    """A step that fails stops the verification where the level enforces it, and is noted where the level logs it."""
    if step in ENFORCED[level]:
        with pytest.raises(kind) as caught:
            _run(level, make)
        assert caught.value.message.startswith(f"{step}: ")
        assert outcomes(caught.value.results)[step] == "enforce failed"
        assert list(outcomes(caught.value.results))[-1] == step
        assert caught.value.exit_code == 1
        return
    verdict = _run(level, make)
    found = outcomes(verdict.results)
    assert found.pop(step) == "log failed"
    assert {outcome.partition(" ")[2] for outcome in found.values()} == {"passed"}
    (failed,) = (result for result in verdict.results if result.error)
    assert isinstance(failed.error, kind)
    assert isinstance(verdict, Audited if step == "authenticity" else Verified)


@pytest.mark.requirement("trust:overrides")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("action", ["enforce", "log"])
@pytest.mark.parametrize(("step", "kind", "make"), _FAILURES, ids=_STEPS)
def test_overrides_count(
    level: str, action: str, step: str, kind: type[VerificationError], make: Callable[[], dict[str, Any]]
) -> None:
    """An override decides about its own step, whatever the level."""
    if action == "enforce":
        with pytest.raises(kind):
            _run(level, make, **{step: action})
        return
    assert outcomes(_run(level, make, **{step: action}).results)[step] == "log failed"


@pytest.mark.parametrize("level", LEVELS)
def test_revocation_can_be_skipped(level: str) -> None:
    """Where revocation is skipped, a certificate that names an OCSP responder is not asked about."""
    verdict = _run(level, _FAILURES[3][2], revocation="skip")
    assert isinstance(verdict, Verified)
    assert outcomes(verdict.results)["revocation"] == "skip skipped"


@pytest.mark.requirement("trust:all-validations", "trust:enforced-and-logged")
def test_logged_failures_do_not_hide_enforced_ones() -> None:
    """After a failure that is only logged, the next one that is enforced stops the verification."""
    expired = sign_envelope(CHAIN, now=NOW, expires_in=_SECOND)
    trusted = policy("strict", override={"expiry": "log"})
    with pytest.raises(AuthenticTimestampError) as caught:
        verify(expired, trusted=trusted, now=NOT_AFTER + _SECOND)
    assert outcomes(caught.value.results) == {
        "integrity": "enforce passed",
        "authenticity": "enforce passed",
        "expiry": "log failed",
        "authenticTimestamp": "enforce failed",
    }


# Integrity

_BOTH = MemoryTrustStore({"ca:acme": [CHAIN.ders[-1], OTHER.ders[-1]]})


@pytest.mark.requirement("trust:envelope-type", "trust:integrity-always")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("envelope", "media_type"),
    [
        (b"", JWS),
        (b"{}", JWS),
        (_GOOD[:-1], JWS),
        (_GOOD, COSE),
        (_GOOD, "application/octet-stream"),
        (build(CHAIN.with_ders(OTHER.ders), JWS), JWS),
        (_FLIPPED, COSE),
    ],
    ids=["empty", "no envelope", "cut off", "other format", "unknown format", "another's chain", "flipped"],
)
def test_integrity_is_always_enforced(level: str, envelope: bytes, media_type: str) -> None:
    """A malformed envelope, or a signature that does not hold, is refused at every level."""
    with pytest.raises(IntegrityError, match=r"^integrity: ") as caught:
        verify(envelope, media_type, policy(level), store=_BOTH)
    assert outcomes(caught.value.results) == {"integrity": "enforce failed"}


@pytest.mark.requirement("trust:payload", "workflow:signed-digest")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "artifact",
    [
        ARTIFACT._replace(digest="sha256:" + "0" * 64),
        ARTIFACT._replace(size=16725),
        ARTIFACT._replace(media_type="application/vnd.oci.image.index.v1+json"),
    ],
    ids=["digest", "size", "media type"],
)
def test_a_signature_of_another_artifact(level: str, artifact: Any) -> None:
    """A signature whose target differs in digest, size or media type is none of this artifact, at every level."""
    with pytest.raises(IntegrityError) as caught:
        verify(_GOOD, trusted=policy(level), artifact=artifact)
    signed = f"{ARTIFACT.digest} ({ARTIFACT.media_type}, 16724 bytes)"
    given = f"{artifact.digest} ({artifact.media_type}, {artifact.size} bytes)"
    assert caught.value.message == f"integrity: the signature is for {signed}, not for {given}"


@pytest.mark.requirement("signature:signing-agent-is-not-validated")
def test_what_is_not_signed_does_not_count() -> None:
    """What is not signed, such as the signing agent, has no say in the verdict."""
    envelope = build_jws(CHAIN, jws_header(CHAIN), unprotected={"io.cncf.notary.signingAgent": "evil/1.0"})
    verdict = verify(envelope)
    assert isinstance(verdict, Verified)
