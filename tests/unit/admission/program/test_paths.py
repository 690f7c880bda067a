"""Paths: which door is behind each, and who comes through."""

import pytest

from notarykit_admission.program.paths import open_doors
from notarykit_admission.program.settings import ALL_GUARDED, GUARDED_USUALLY
from notarykit_admission.review.reviewer import Reviewer
from tests.unit.admission.review.reviewers import reviewing

_GATEKEEPERS = {"/gatekeeper/verify", "/gatekeeper/mutate"}
_OTHERS = {
    "/kubernetes/validate",
    "/kubernetes/pin",
    "/kyverno/verify",
    "/kyverno/mutate",
    "/image-policy",
    "/v1/verify",
}


@pytest.mark.parametrize(
    ("guarded", "paths"),
    [((), set()), (GUARDED_USUALLY, _GATEKEEPERS), (ALL_GUARDED, _GATEKEEPERS | _OTHERS)],
)
def test_guarded_doors(guarded: tuple[str, ...], paths: set[str]) -> None:
    """Those doors alone need a certificate that are told to; each has a reviewer of its own name."""
    names = []

    def reviewer(name: str) -> Reviewer:
        names.append(f"/{name}")
        return reviewing()[0]

    doors = open_doors(reviewer, guarded)
    assert set(doors) == set(names) == _GATEKEEPERS | _OTHERS
    assert {path for path, door in doors.items() if door.needs_client} == paths
