"""Conventions of Kubernetes' API: errors as the API server reads them."""

import json

from notarykit_admission.protocol.conventions import answer_failure


def test_failure_has_its_reason() -> None:
    """A failure is a Status whose message is the reason, in one line."""
    status = json.loads(answer_failure("too many requests\nat once"))
    assert (status["apiVersion"], status["kind"], status["status"]) == ("v1", "Status", "Failure")
    assert status["message"] == "too many requests at once"
