"""Rulings: what follows from decisions in each mode."""

import pytest

from notarykit import parse_reference
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.policy.rules import DEFAULT_RULE, Mode
from notarykit_admission.review.review import Review, Reviewed, consequence_of
from notarykit_admission.review.ruling import Ruling, ruling_of
from notarykit_admission.workload.images import Image
from tests.unit.admission.review.reviewers import DIGEST, REFUSED, UNDECIDED, accepted

_TAGGED, _BY_DIGEST = "r.test/web:v1", f"r.test/web@{DIGEST}"


def _reviewed(decision: Decision, text: str = _BY_DIGEST, mode: Mode = Mode.ENFORCE) -> Reviewed:
    return Reviewed(Image(text, "container 'c'"), decision, consequence_of(decision, mode), parse_reference(text))


def _ruling_of(*images: Reviewed, pins: bool = False) -> Ruling:
    return ruling_of(Review(DEFAULT_RULE, images), pins=pins)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.REFUSED, Outcome.UNDECIDED}))
def test_accepted_images_are_admitted(outcome: Outcome, mode: Mode) -> None:
    """What may run is admitted in every mode, without a word."""
    assert _ruling_of(_reviewed(accepted(outcome), mode=mode)) == Ruling(admits=True)


def test_no_images_are_admitted() -> None:
    """A request that starts nothing is admitted."""
    assert _ruling_of() == Ruling(admits=True)


@pytest.mark.parametrize("decision", [REFUSED, UNDECIDED])
def test_refusal_in_each_mode(decision: Decision) -> None:
    """One image that is not accepted denies the request, or brings a warning, or nothing."""
    good, bad = _reviewed(accepted()), _reviewed(decision)
    assert _ruling_of(good, bad) == Ruling(admits=False, message=bad.line)
    assert _ruling_of(good, _reviewed(decision, mode=Mode.WARN)) == Ruling(admits=True, warnings=(bad.line,))
    assert _ruling_of(good, _reviewed(decision, mode=Mode.AUDIT)) == Ruling(admits=True)


def test_all_refusals_are_named() -> None:
    """A denial names each image that was not accepted, as far as there is room."""
    refused, undecided = _reviewed(REFUSED), _reviewed(UNDECIDED)
    assert _ruling_of(refused, undecided).message == f"{refused.line}; {undecided.line}"
    message = _ruling_of(*[refused] * 100).message
    assert len(message) <= 1000
    assert message.endswith(" more")


@pytest.mark.parametrize("outcome", [Outcome.VERIFIED, Outcome.AUDITED])
def test_tag_that_was_accepted(outcome: Outcome) -> None:
    """An image that only a tag names is admitted with a warning, unless its digest takes the tag's place."""
    tagged = _reviewed(accepted(outcome), _TAGGED)
    (warning,) = _ruling_of(tagged).warnings
    assert warning == "r.test/web:v1: the tag can be moved after this decision; write a digest"
    assert _ruling_of(tagged, pins=True).warnings == ()
    assert _ruling_of(_reviewed(accepted(Outcome.SKIPPED, ""), _TAGGED)).warnings == ()
    assert _ruling_of(tagged, _reviewed(REFUSED)) == Ruling(admits=False, message=_reviewed(REFUSED).line)
