"""Reviews for tests of the telemetry."""

import json
from typing import Any

from notarykit import Digest
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.policy.rules import DEFAULT_RULE, Mode
from notarykit_admission.review.review import Review, Reviewed, consequence_of
from notarykit_admission.workload.images import Image

DIGEST = Digest(f"sha256:{'ab' * 32}")
VERIFIED = Decision(Outcome.VERIFIED, DIGEST, "one")
REFUSED = Decision(Outcome.REFUSED, DIGEST, "one", "no signature is associated")
UNDECIDED = Decision(Outcome.UNDECIDED, reason="registry r.test does not answer")


def review(*decisions: Decision, mode: Mode = Mode.ENFORCE, text: str = "r.test/web:1", place: str = "") -> Review:
    """Returns a review with an image for each decision."""
    images = tuple(Reviewed(Image(text, place), each, consequence_of(each, mode)) for each in decisions)
    return Review(DEFAULT_RULE._replace(mode=mode), images)


class Lines:
    """Collects lines of the log."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []

    def write(self, line: bytes) -> None:
        """Takes a line."""
        self.raw.append(line)

    @property
    def parsed(self) -> list[dict[str, Any]]:
        """The lines, decoded."""
        return [json.loads(line) for line in self.raw]
