"""What one side signs, the other verifies: all key specs and formats, chains of one to four; and what it refuses."""

from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from notarykit._internal.rfc3339 import utc_now
from notarykit.errors import (
    AuthenticityError,
    ExpiryError,
    IntegrityError,
    NoAcceptedSignatureError,
    UserMetadataError,
    VerificationError,
)
from notarykit.verification.verdict import Verified
from tests.interop.go_peer import Peer
from tests.interop.scene import DAY, METADATA, Control, Question, Scene, certificates_of
from tests.support.ca import SPECS
from tests.support.envelopes import FORMATS

LENGTHS = (1, 2, 3, 4)
STEPS = ["integrity", "authenticity", "expiry", "authenticTimestamp", "revocation"]

# The validation that the Go side reports as failed; None where it judges outside of all validations.
FAILED_THERE: dict[Control, str | None] = {
    Control.IDENTITY: "authenticity",
    Control.ROOT: "authenticity",
    Control.METADATA: None,
    Control.PAYLOAD: "integrity",
    Control.EXPIRY: "expiry",
    Control.ARTIFACT: None,
}
FAILED_HERE: dict[Control, type[VerificationError]] = {
    Control.IDENTITY: AuthenticityError,
    Control.ROOT: AuthenticityError,
    Control.METADATA: UserMetadataError,
    Control.PAYLOAD: IntegrityError,
    Control.EXPIRY: ExpiryError,
    Control.ARTIFACT: IntegrityError,
}


class Case(NamedTuple):
    """One combination, and the negative control that goes with it."""

    spec: str
    media_type: str
    length: int
    control: Control

    def __str__(self) -> str:
        return f"{self.spec}-{self.media_type.removeprefix('application/')}-chain of {self.length}-{self.control}"


def _cases() -> list[Case]:
    """Every combination; each format meets every control at every length."""
    controls = list(Control)
    return [
        Case(spec, media_type, length, controls[(which + 3 * form + length) % len(controls)])
        for (which, spec), (form, media_type), length in product(enumerate(SPECS), enumerate(FORMATS), LENGTHS)
    ]


CASES = _cases()


def _scene(folder: Path, case: Case) -> Scene:
    return Scene(folder, case.spec, case.media_type, case.length)


def test_combinations_are_complete() -> None:
    """Every key spec, format and length is covered, and every format meets every control at every length."""
    assert {case[:3] for case in CASES} == set(product(SPECS, FORMATS, LENGTHS))
    assert {case[1:] for case in CASES} == set(product(FORMATS, LENGTHS, Control))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_go_verifies_our_signatures(peer: Peer, tmp_path: Path, case: Case) -> None:
    """The Go side accepts our signature, and refuses it with one fault."""
    scene = _scene(tmp_path, case)
    scene.sign_here()
    answer = scene.question().ask_peer(peer)
    assert answer["ok"], answer["error"]
    assert answer["metadata"] == METADATA
    assert [(each["type"], each["action"], each["error"]) for each in answer["results"]] == [
        (step, "enforce", "") for step in STEPS
    ]
    refused = scene.spoiled(case.control).ask_peer(peer)
    assert not refused["ok"]
    failed = [each["type"] for each in refused["results"] if each["error"]]
    assert failed == ([FAILED_THERE[case.control]] if FAILED_THERE[case.control] else [])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_signatures_of_go_are_verified(peer: Peer, tmp_path: Path, case: Case) -> None:
    """A signature of the Go side is accepted, and refused with one fault."""
    scene = _scene(tmp_path, case)
    manifest = scene.sign_there(peer)
    found = scene.question().ask_us()
    assert isinstance(found.verdict, Verified)
    assert found.signature is not None
    assert found.signature.digest == manifest
    assert found.verdict.user_metadata == METADATA
    assert found.verdict.target.digest == scene.layout.digest
    assert found.verdict.chain.ders == scene.chain.ders == certificates_of(scene.envelope(), case.media_type)
    assert found.verdict.chain.key_spec.name == case.spec
    assert {each.outcome for each in found.verdict.results} == {"passed"}
    signing_time, expiry = found.verdict.attributes.signing_time, found.verdict.attributes.expiry
    assert signing_time is not None
    assert expiry == signing_time + DAY
    assert _refusal(_spoiled_of_go(scene, case.control)) is FAILED_HERE[case.control]


def _spoiled_of_go(scene: Scene, control: Control) -> Question:
    """As `Scene.spoiled`, but where a signature must have expired, time passes and the Go side's own is judged."""
    if control is Control.EXPIRY:
        return scene.question()._replace(now=utc_now() + DAY)
    return scene.spoiled(control)


def _refusal(question: Question) -> type[Exception]:
    with pytest.raises(NoAcceptedSignatureError) as refused:
        question.ask_us()
    ((_, error),) = refused.value.failures
    return type(error)
