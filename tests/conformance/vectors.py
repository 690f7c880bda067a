"""Runs a folder of signature vectors against this library: `python vectors.py FOLDER`; vectors/README.md has the form.

Each case's envelope is verified at the time at which the vectors were written, under the trust policy that the case
brings. A case is missed when the outcome is another than the required one, and also when it is none but a crash.
"""

import json
import os
import sys
import warnings
from datetime import datetime
from typing import Any, NamedTuple

from notarykit._internal.rfc3339 import parse_rfc3339
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitError, NotarykitWarning
from notarykit.oci.reference import parse_reference
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.context import EnvelopeRequest
from notarykit.verification.verdict import Verdict
from notarykit.verification.verifier import Verifier


class Vectors(NamedTuple):
    """A folder of vectors.

    Attributes:
        folder: Its path.
        written: The time at which all cases are judged.
        cases: The cases, as they are in the file.
    """

    folder: str
    written: datetime
    cases: tuple[dict[str, Any], ...]


class Outcome(NamedTuple):
    """What happened to a case.

    Attributes:
        kind: `accept`, `reject`, or `crash` for an error that the library does not raise on purpose.
        text: The verdict's type or the error, for people.
    """

    kind: str
    text: str


def read_vectors(folder: str) -> Vectors:
    """The vectors of a folder."""
    with open(os.path.join(folder, "cases.json"), encoding="utf-8") as file:
        document = json.load(file)
    return Vectors(folder, parse_rfc3339(document["written"]), tuple(document["cases"]))


def verifier_of(case: dict[str, Any], vectors: Vectors) -> Verifier:
    """The verifier of a case."""
    document = parse_policy_document(json.dumps(case["trustPolicy"]).encode())
    store = DirectoryTrustStore(os.path.join(vectors.folder, "truststore"))
    return Verifier(document, store, now=vectors.written)


def request_of(case: dict[str, Any], vectors: Vectors) -> EnvelopeRequest:
    """The signature of a case, and the artifact that it has to be for."""
    with open(os.path.join(vectors.folder, case["envelope"]), "rb") as file:
        envelope = file.read()
    artifact = case["artifact"]
    target = Descriptor(artifact["mediaType"], artifact["digest"], artifact["size"])
    return EnvelopeRequest(envelope, case["mediaType"], target, case.get("userMetadata") or {})


def verify_case(case: dict[str, Any], vectors: Vectors) -> Verdict:
    """The verdict on a case; raises what the library raises."""
    envelope, media_type, artifact, user_metadata = request_of(case, vectors)
    assert isinstance(artifact, Descriptor)
    scope = parse_reference(case["reference"]).scope
    verifier = verifier_of(case, vectors)
    return verifier.envelope(envelope, media_type, artifact, scope, user_metadata=user_metadata)


def outcome_of(case: dict[str, Any], vectors: Vectors) -> Outcome:
    """What happens to a case."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotarykitWarning)
        try:
            return Outcome("accept", type(verify_case(case, vectors)).__name__)
        except NotarykitError as error:
            return Outcome("reject", error.one_line())
        except Exception as error:  # noqa: BLE001 - whatever it is, the other cases are judged as well
            return Outcome("crash", f"{type(error).__name__}: {error}")


def is_as_required(case: dict[str, Any], outcome: Outcome) -> bool:
    """Whether an outcome is the one that a case requires."""
    return case["expect"]["must"] in ("either", outcome.kind)


def main(arguments: list[str]) -> int:
    """Runs the folder that is named, prints what was missed, and returns the exit code."""
    if len(arguments) != 1:
        print("usage: vectors.py FOLDER", file=sys.stderr)
        return 2
    vectors = read_vectors(arguments[0])
    missed = 0
    for case in vectors.cases:
        outcome = outcome_of(case, vectors)
        if not is_as_required(case, outcome):
            missed += 1
            print(f"{case['id']} {case['what']}: must {case['expect']['must']}, did {outcome.kind}: {outcome.text}")
    print(f"{len(vectors.cases) - missed} of {len(vectors.cases)} as required")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
