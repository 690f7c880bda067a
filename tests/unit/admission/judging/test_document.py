"""Documents of decisions: what the command line prints, for readers without one."""

import json

import pytest

from notarykit import Digest, Skipped, VerifiedArtifact, verdict_document
from notarykit.errors import AuthenticityError, NetworkError, NoAcceptedSignatureError, NotarykitError
from notarykit_admission.judging.document import document_of


@pytest.mark.parametrize(
    "outcome",
    [VerifiedArtifact(Skipped("one")), NetworkError("no answer", advice="try again")],
    ids=["skipped", "error"],
)
def test_document_lacks_the_reference_alone(outcome: VerifiedArtifact | NotarykitError) -> None:
    """Whoever gets the document adds the reference that was asked for."""
    assert {"reference": "x", **json.loads(document_of(outcome))} == verdict_document("x", outcome)


def test_digests_are_text() -> None:
    """Texts of a kind of their own, such as digests out of a registry, are written as others."""
    failures = ((Digest(f"sha256:{'ab' * 32}"), NetworkError("no answer")),)
    found = json.loads(document_of(NoAcceptedSignatureError("none", failures=failures)))
    assert found["notAccepted"][0]["signature"] == f"sha256:{'ab' * 32}"


def test_advice_on_flags_is_left_out() -> None:
    """Readers of the answer have no command line; other advice stays."""
    failures = (
        ("sha256:aa", NetworkError("no answer", advice="see --timeout")),
        ("sha256:bb", AuthenticityError("x", advice="see")),
    )
    found = json.loads(document_of(NoAcceptedSignatureError("none", failures=failures, advice="give --evidence")))
    assert found["error"]["advice"] == ""
    assert [each["error"]["advice"] for each in found["notAccepted"]] == ["", "see"]


def test_foreign_bytes_are_no_obstacle() -> None:
    """Half of a surrogate pair, which stands for a byte that is no UTF-8, is written as an escape."""
    content = document_of(NetworkError("x\udce9"))
    assert content.isascii()
    assert json.loads(content)["error"]["message"] == "x\udce9"
