"""What each step will do, in words, against what the steps do."""

from typing import Any

import pytest

from notarykit.explanation.step_effects import step_effects
from notarykit.verification.envelope import STEPS
from notarykit.verification.verdict import Step
from tests.unit.verification.setting import ENFORCED, LEVELS, policy


def _effect(step: Step, level: str = "strict", **changes: Any) -> str:
    return next(each.effect for each in step_effects(policy(level, **changes)) if each.step is step)


@pytest.mark.parametrize("level", LEVELS)
def test_actions_are_those_of_the_level(level: str) -> None:
    """Each step has the level's action, and those that no level relaxes are enforced, in the order of the steps."""
    effects = step_effects(policy(level))
    assert [(each.step, each.section) for each in effects] == [(step, section) for step, _, section in STEPS]
    enforced = {each.step for each in effects if each.action == "enforce"}
    assert enforced == {*ENFORCED[level], "extendedValidation", "userMetadata"}


def test_sections_are_numbered_as_in_the_specification() -> None:
    """The steps follow each other from 3 to 9."""
    assert [each.section.partition(".")[0] for each in step_effects(policy())] == list("3456789")


def test_nothing_is_done_under_skip() -> None:
    """Where verification is skipped there are no steps, and a step that is skipped is not made."""
    assert step_effects(policy("skip")) == ()
    assert _effect(Step.REVOCATION, override={"revocation": "skip"}) == "Not made."


@pytest.mark.parametrize(
    ("stores", "said", "unsaid"),
    [
        (
            ["ca:a", "ca:b"],
            ["in ca:a or ca:b (scheme notary.x509).", "notary.x509.signingAuthority fail"],
            ["x509 fail"],
        ),
        (["signingAuthority:a"], ["Signatures of the scheme notary.x509 fail"], ["signingAuthority fail"]),
        (["ca:a", "signingAuthority:b"], ["ca:a (scheme notary.x509) or signingAuthority:b"], ["fail"]),
        (["tsa:a"], ["Every signature fails"], ["A certificate of the chain is in"]),
    ],
)
def test_stores_are_those_of_the_signing_scheme(stores: list[str], said: list[str], unsaid: list[str]) -> None:
    """A store counts for the scheme of its type, and a scheme without a store fails."""
    effect = _effect(Step.AUTHENTICITY, stores=stores)
    assert all(each in effect for each in said)
    assert not any(each in effect for each in unsaid)


def test_identities() -> None:
    """Any signer, one of the identities, or one whom a plugin accepts."""
    assert "Any signer of these is trusted" in _effect(Step.AUTHENTICITY)
    named = _effect(Step.AUTHENTICITY, identities=["x509.subject: C=US, ST=WA, O=a"])
    assert "subject matches one of the trusted identities" in named
    assert "a plugin that the signature names has to accept" in _effect(Step.AUTHENTICITY, identities=["example.id: a"])


@pytest.mark.parametrize(
    ("stores", "timestamps", "said"),
    [
        (["ca:a"], "always", "no timestamp is looked at"),
        (["ca:a"], "afterCertExpiry", "no timestamp is looked at"),
        (["ca:a", "tsa:t"], "always", "The signature has a timestamp by an authority in tsa:t"),
        (
            ["ca:a", "tsa:t"],
            "afterCertExpiry",
            "once one has expired, the signature has a timestamp by an authority in",
        ),
        (["signingAuthority:a", "tsa:t"], "always", "at the authentic signing time, for which the signing authority"),
        (["ca:a", "signingAuthority:a"], "always", "no timestamp is looked at. Where a signing authority vouches"),
    ],
)
def test_timestamps(stores: list[str], timestamps: str, said: str) -> None:
    """Whether a timestamp is needed depends on the stores and on verifyTimestamp."""
    assert said in _effect(Step.AUTHENTIC_TIMESTAMP, stores=stores, timestamps=timestamps)


def test_metadata_that_is_asked_for() -> None:
    """The metadata that a signature must carry is named."""
    effects = step_effects(policy(), {"build": "42", "a": "b"})
    assert effects[-1].effect == "The signature carries build=42, a=b."
