"""Door for anybody: a verdict for each reference, as the command line gives it."""

import json
from typing import Any

import pytest

from notarykit_admission.doors.verify import answer_verify_request
from notarykit_admission.errors import RequestError
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.review.review import Review
from notarykit_admission.review.reviewer import MOST_IMAGES
from tests.unit.admission.doors.documents import answered
from tests.unit.admission.policy.setups import document
from tests.unit.admission.review.reviewers import DIGEST, UNDECIDED, accepted, reviewing, run

_WEB = f"r.test/web@{DIGEST}"
_SKIPPED = b'{"verdict":"skipped","policy":"one"}'
_DECISIONS = {
    "web": accepted()._replace(document=_SKIPPED),
    "slow": UNDECIDED,
}


def _results(*references: str, namespace: str = "", **rules: Any) -> list[Any]:
    reviewer, _ = reviewing(_DECISIONS, **rules)
    body = json.dumps({"references": references, "namespace": namespace}).encode()
    answer = answered(run(lambda: answer_verify_request(reviewer, body, 9.5)))
    assert [each["reference"] for each in answer["results"]] == list(references)
    results: list[Any] = answer["results"]
    return results


def test_results_are_in_the_order_of_the_references() -> None:
    """Each reference has its result, one that comes twice has it twice, and those of others stay their own."""
    first, slow, again = _results(_WEB, f"r.test/slow@{DIGEST}", _WEB)
    assert first == again == {"reference": _WEB, **json.loads(_SKIPPED)}
    assert slow["verdict"] == "failed"


def test_too_little_time_is_said() -> None:
    """What is not decided in time has no verdict but an error that says so, which is not one of the signature."""
    (result,) = _results(f"r.test/slow@{DIGEST}")
    assert result["error"] == {
        "type": "NetworkError",
        "message": "registry r.test does not answer",
        "advice": "",
        "exitCode": 3,
    }


@pytest.mark.parametrize("text", ["", "nginx", "r.test/web", "r.test/web@sha256:zz", "r.test/\x00:v1"])
def test_text_that_is_no_reference(text: str) -> None:
    """What is no reference is an error of usage, and does not keep the others from their verdicts."""
    wrong, right = _results(text, _WEB)
    assert (wrong["verdict"], wrong["error"]["type"], wrong["error"]["exitCode"]) == ("failed", "UsageError", 2)
    assert right["verdict"] == "skipped"


def test_tags_are_resolved_and_nothing_is_exempt() -> None:
    """Whoever asks for a verdict gets one, whatever the rule has admitted without a look; its mode changes nothing."""
    default = {"tags": "deny", "exempt": ["r.test/", "r.test/slow:v1"], "mode": "audit"}
    assert [each["verdict"] for each in _results("r.test/web:v1", "r.test/slow:v1", default=default)] == [
        "skipped",
        "failed",
    ]


def test_namespace_has_its_policy() -> None:
    """The trust policy is that of the namespace, or the default."""
    rules: Any = {"namespaces": {"shop": {"policy": "other.json"}}, "more": {"other.json": document()}}
    asked = []
    for namespace in ("", "shop"):
        reviewer, judge = reviewing(_DECISIONS, **rules)
        body = json.dumps({"references": [_WEB], "namespace": namespace}).encode()
        run(lambda: answer_verify_request(reviewer, body, 9.5))  # noqa: B023 - it is run at once
        assert judge.namespaces == [namespace]
        asked += judge.policies
    assert [each.split()[1] for each in asked] == ["trustpolicy.json", "other.json"]


def test_more_references_than_a_request_may_have() -> None:
    """Beyond the limit of a review none is judged, and each says why."""
    results = _results(*[_WEB] * (MOST_IMAGES + 1))
    assert {each["error"]["message"] for each in results} == {f"more than {MOST_IMAGES} images in one request"}


def test_reviews_are_observed() -> None:
    """What anybody asks is observed as the other doors' reviews are."""
    seen: list[Review] = []
    reviewer, _ = reviewing(_DECISIONS, observe=lambda _, review, __: seen.append(review))
    run(lambda: answer_verify_request(reviewer, json.dumps({"references": [_WEB]}).encode(), 9.5))
    assert [each.decision.outcome for review in seen for each in review.images] == [Outcome.VERIFIED]


def test_decision_without_a_document() -> None:
    """A decision that no verification made says its reason."""
    reviewer, _ = reviewing({"web": Decision(Outcome.UNDECIDED, reason="this program is ending: try again")})
    answer = run(lambda: answer_verify_request(reviewer, json.dumps({"references": [_WEB]}).encode(), 9.5))
    assert answered(answer)["results"][0]["error"]["message"] == "this program is ending: try again"


def test_malformed_request_is_an_error() -> None:
    """A request of another form cannot be answered."""
    reviewer, _ = reviewing()
    with pytest.raises(RequestError):
        run(lambda: answer_verify_request(reviewer, b"{}", 9.5))
