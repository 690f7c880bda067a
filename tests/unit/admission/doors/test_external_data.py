"""Doors of Gatekeeper and Kyverno: keys in, items out."""

import json
from typing import Any

import pytest

from notarykit_admission.doors.external_data import answer_external_data
from notarykit_admission.errors import RequestError
from notarykit_admission.judging.decision import Outcome
from tests.unit.admission.review.reviewers import DIGEST, REFUSED, UNDECIDED, FakeJudge, accepted, reviewing, run

_WEB, _BAD = f"r.test/web@{DIGEST}", f"r.test/bad@{DIGEST}"


def _answer(*keys: str, decisions: Any = None, pins: bool = False, **rules: Any) -> tuple[dict[str, Any], FakeJudge]:
    reviewer, judge = reviewing(decisions, **rules)
    body = json.dumps({"request": {"keys": keys}}).encode()
    answer = json.loads(run(lambda: answer_external_data(reviewer, body, 1.6, pins=pins)))
    return answer["response"], judge


def test_each_key_has_one_item() -> None:
    """Accepted images have their outcome as value and refused ones an error, in the order of the keys."""
    decisions = {"bad": REFUSED, "free": accepted(Outcome.SKIPPED, "")}
    response, judge = _answer(_BAD, f"[shop]{_WEB}", f"r.test/free@{DIGEST}", _WEB, decisions=decisions)
    assert response["systemError"] == ""
    assert response["items"] == [
        {"key": _BAD, "error": f"{_BAD}: no signature is associated (policy statement 'one')"},
        {"key": f"[shop]{_WEB}", "value": "verified"},
        {"key": f"r.test/free@{DIGEST}", "value": "skipped"},
        {"key": _WEB, "value": "verified"},
    ]
    assert judge.seconds == [1.6, 1.6]


def test_mutation_gets_the_digest() -> None:
    """The value for a mutation is the reference with the digest; a refusal is an error."""
    response, _ = _answer("r.test/web:1", _WEB, "r.test/bad:1", decisions={"bad": REFUSED}, pins=True)
    assert [item.get("value") for item in response["items"]] == [f"r.test/web:1@{DIGEST}", _WEB, None]


def test_mutation_whose_keys_are_bare() -> None:
    """Whoever writes a namespace before an image gets none of its exemptions, policies and modes."""
    free: dict[str, Any] = {"namespaces": {"dev": {"mode": "audit", "exempt": ["r.test/"]}}}
    reviewer, judge = reviewing({"bad": REFUSED}, **free)
    body = json.dumps({"request": {"keys": ["[dev]r.test/bad:1", "[", "r.test/web:1"]}}).encode()
    answer = json.loads(run(lambda: answer_external_data(reviewer, body, 1.6, pins=True, bare=True)))
    named, bracket, web = answer["response"]["items"]
    assert "reference '[dev]r.test/bad:1' is malformed" in named["error"]
    assert "reference '[' is malformed" in bracket["error"]
    assert web["value"] == f"r.test/web:1@{DIGEST}"
    assert judge.asked == ["r.test/web:1"]


def test_undecided_key_is_an_error_of_the_whole() -> None:
    """Gatekeeper would keep an error of a key, so that the next try would not find what is known by then."""
    response, _ = _answer(_WEB, _BAD, f"r.test/slow@{DIGEST}", decisions={"bad": REFUSED, "slow": UNDECIDED})
    assert response["items"] == []
    assert response["systemError"] == f"r.test/slow@{DIGEST}: registry r.test does not answer"


@pytest.mark.parametrize(("mode", "decision"), [("warn", REFUSED), ("audit", REFUSED), ("warn", UNDECIDED)])
def test_namespace_that_does_not_enforce(mode: str, decision: Any) -> None:
    """Where a refusal denies nothing the value says what was decided, in that namespace alone."""
    rules: dict[str, Any] = {"namespaces": {"dev": {"mode": mode}}}
    response, _ = _answer(f"[dev]{_BAD}", decisions={"bad": decision}, **rules)
    assert response["items"] == [{"key": f"[dev]{_BAD}", "value": str(decision.outcome)}]
    response, _ = _answer(f"[dev]{_BAD}", _BAD, decisions={"bad": REFUSED}, **rules)
    assert [set(item) for item in response["items"]] == [{"key", "value"}, {"key", "error"}]


def test_key_without_a_namespace_has_the_default_rule() -> None:
    """No namespace's rule counts for a reference alone, not even that of the one called default."""
    rules: dict[str, Any] = {"namespaces": {"default": {"mode": "audit"}}}
    (item,) = _answer(_BAD, decisions={"bad": REFUSED}, **rules)[0]["items"]
    assert "error" in item


def test_image_that_is_not_accepted_is_not_pinned() -> None:
    """A mutation in a namespace that only warns leaves a refused image as it is."""
    response, _ = _answer("r.test/bad:1", decisions={"bad": UNDECIDED}, pins=True, default={"mode": "warn"})
    assert response["items"] == [{"key": "r.test/bad:1", "value": "r.test/bad:1"}]


def test_no_keys() -> None:
    """Nothing that is asked for is answered by nothing."""
    assert _answer()[0]["items"] == []


def test_malformed_request_is_an_error() -> None:
    """A request of another form cannot be answered."""
    reviewer, _ = reviewing()
    with pytest.raises(RequestError):
        run(lambda: answer_external_data(reviewer, b"[]", 1.6, pins=False))
