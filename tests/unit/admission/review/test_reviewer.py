"""Review of images: exemptions, references, and what is left for the judge."""

from typing import Any

import pytest

from notarykit import Digest, Tag
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.policy.rules import Mode
from notarykit_admission.review.review import Consequence, Origin, Review
from notarykit_admission.review.reviewer import MOST_IMAGES
from notarykit_admission.workload.images import Image
from tests.unit.admission.policy.setups import document
from tests.unit.admission.review.reviewers import DIGEST, REFUSED, UNDECIDED, accepted, reviewing, run

_BY_DIGEST = f"r.test/web@{DIGEST}"


def _review(reviewer: Any, *texts: str, namespace: str = "shop", pins: bool = False) -> Review:
    images = [Image(text, f"container {number}") for number, text in enumerate(texts)]
    review: Review = run(lambda: reviewer.review(Origin(namespace), images, 9.5, pins=pins))
    assert [each.image for each in review.images] == images
    return review


def test_images_are_judged_in_their_order() -> None:
    """Each image has its decision, with the reference that was judged and the time that there is."""
    reviewer, judge = reviewing({"bad": REFUSED})
    review = _review(reviewer, _BY_DIGEST, f"r.test/bad@{DIGEST}", _BY_DIGEST)
    assert [each.decision for each in review.images] == [accepted(), REFUSED, accepted()]
    assert [str(each.reference) for each in review.images] == judge.asked
    assert judge.seconds == [9.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "reference '' is malformed"),
        ("nginx", "reference 'nginx' is malformed"),
        ("acme/web:1", "a node reads acme/web as docker.io/acme/web: write registry/repository@digest, in full"),
        ("r.test/web", "has neither tag nor digest"),
        ("r.test/A:1", "is malformed"),
        ("r.test/web@sha256:zz", "'sha256:zz'"),
        ("r.test/web@md5:d41d8cd98f00b204e9800998ecf8427e", "md5"),
        ("../../etc", "is malformed"),
        ("r.test/web:v1\n", "malformed tag"),
        (f"r.test/{'a' * 4000}:\x00", "malformed"),
    ],
)
def test_text_that_is_no_reference(text: str, message: str) -> None:
    """What cannot be read is refused with one line, and nobody is asked."""
    reviewer, judge = reviewing()
    (reviewed,) = _review(reviewer, text, pins=True).images
    assert reviewed.decision.outcome is Outcome.REFUSED
    assert message in reviewed.decision.reason or len(text) > 1000
    assert reviewed.line.endswith(": write registry/repository@digest, in full")
    assert "--oci-layout" not in reviewed.line
    assert reviewed.line.isprintable()
    assert len(reviewed.line) <= 1000
    assert judge.asked == []


def test_tag_where_nothing_is_pinned() -> None:
    """A tag is refused unless the rule has it resolved; a tag beside a digest is none."""
    reviewer, judge = reviewing(namespaces={"dev": {"tags": "resolve"}})
    tagged, both = _review(reviewer, "r.test/web:v1", f"r.test/web:v1@{DIGEST}").images
    assert tagged.decision.outcome is Outcome.REFUSED
    assert tagged.decision.reason == "a tag can be moved after the decision: write registry/repository@digest"
    assert both.decision == accepted()
    assert judge.asked == [_BY_DIGEST]
    (resolved,) = _review(reviewer, "r.test/web:v1", namespace="dev").images
    assert resolved.decision == accepted()
    assert judge.asked[1:] == ["r.test/web:v1"]


def test_tag_of_an_image_that_the_policy_skips() -> None:
    """It may be moved, for no image that it may name is looked at; it stays, and nobody is warned of it."""
    reviewer, judge = reviewing(more={"trustpolicy.json": document(scope="r.test/web", level="skip")})
    (reviewed,) = _review(reviewer, "r.test/web:v1").images
    assert judge.asked == []
    assert reviewed.decision.outcome is Outcome.SKIPPED
    assert reviewed.consequence is Consequence.ADMITTED


def test_tag_that_no_statement_is_for() -> None:
    """It is refused for that, and nobody has to write a digest first to learn it."""
    reviewer, judge = reviewing(more={"trustpolicy.json": document(scope="r.test/other")})
    (reviewed,) = _review(reviewer, "r.test/web:v1").images
    assert reviewed.decision.reason.startswith("no trust policy applies to r.test/web")
    assert judge.asked == []


def test_tag_that_is_pinned() -> None:
    """Where a digest takes the tag's place, the tag is judged, and stays for people."""
    reviewer, _ = reviewing()
    texts = ("r.test/web:v1", _BY_DIGEST, f"r.test/web:v1@{DIGEST}")
    tagged, by_digest, both = _review(reviewer, *texts, pins=True).images
    assert tagged.reference is not None
    assert isinstance(tagged.reference.identifier, Tag)
    assert tagged.pinned == f"r.test/web:v1@{DIGEST}"
    assert by_digest.pinned == _BY_DIGEST
    assert both.pinned == f"r.test/web:v1@{DIGEST}"
    assert both.reference is not None
    assert isinstance(both.reference.identifier, Digest)


def test_image_without_a_digest_is_not_pinned() -> None:
    """What the policy skips has not been looked up, and stays as it is."""
    reviewer, _ = reviewing(more={"trustpolicy.json": document(scope="r.test/web", level="skip")})
    (reviewed,) = _review(reviewer, "r.test/web:v1", pins=True).images
    assert reviewed.pinned == "r.test/web:v1"


def test_exempt_images_are_not_judged() -> None:
    """What the namespace's rule exempts is admitted as it is, even if it is no reference; other namespaces judge it."""
    reviewer, judge = reviewing(namespaces={"system": {"exempt": ["registry.k8s.io/", "auto"]}})
    review = _review(reviewer, "registry.k8s.io/pause:3", "auto", namespace="system", pins=True)
    assert [each.decision for each in review.images] == [Decision(Outcome.EXEMPT)] * 2
    assert [each.pinned for each in review.images] == ["registry.k8s.io/pause:3", "auto"]
    assert judge.asked == []
    assert _review(reviewer, "auto").images[0].decision.outcome is Outcome.REFUSED


def test_policy_and_rule_of_the_namespace() -> None:
    """Each namespace's images are judged under its own policy, and the rule that was used comes along."""
    more = {"shop.json": document(scope="r.test/web")}
    reviewer, judge = reviewing(more=more, namespaces={"shop": {"policy": "shop.json", "mode": "warn"}})
    assert _review(reviewer, _BY_DIGEST).rule.mode is Mode.WARN
    assert _review(reviewer, _BY_DIGEST, namespace="").rule.mode is Mode.ENFORCE
    assert judge.namespaces == ["shop", ""]
    shop, other = judge.policies
    assert shop.endswith(" shop.json")
    assert other.endswith(" trustpolicy.json")


@pytest.mark.parametrize(
    ("mode", "consequence"),
    [(Mode.ENFORCE, Consequence.DENIED), (Mode.WARN, Consequence.WARNED), (Mode.AUDIT, Consequence.AUDITED)],
)
def test_consequence_by_the_mode_of_the_namespace(mode: Mode, consequence: Consequence) -> None:
    """What follows for an image that is not accepted goes by the namespace's mode; what is accepted runs in each."""
    reviewer, _ = reviewing({"bad": REFUSED, "down": UNDECIDED}, namespaces={"dev": {"mode": mode}})
    texts = (_BY_DIGEST, f"r.test/bad@{DIGEST}", f"r.test/down@{DIGEST}", "r.test/web:1", "no reference")
    good, *others = _review(reviewer, *texts, namespace="dev").images
    assert good.consequence is Consequence.ADMITTED
    assert {each.consequence for each in others} == {consequence}


def test_too_many_images() -> None:
    """A request with more images than the limit is refused for each of them, and nobody is asked."""
    reviewer, judge = reviewing()
    review = _review(reviewer, *[_BY_DIGEST] * (MOST_IMAGES + 1))
    assert {each.decision.reason for each in review.images} == {"more than 250 images in one request"}
    assert not any(each.decision.admits for each in review.images)
    assert judge.asked == []
    assert all(each.decision.admits for each in _review(reviewer, *[_BY_DIGEST] * MOST_IMAGES).images)


def test_line_of_a_refusal() -> None:
    """A line names the place, the reference, the reason and the policy statement."""
    reviewer, _ = reviewing({"web": REFUSED})
    (reviewed,) = _review(reviewer, _BY_DIGEST).images
    assert reviewed.line == f"container 0: {_BY_DIGEST}: no signature is associated (policy statement 'one')"


def test_review_is_observed() -> None:
    """Whoever observes gets each review as it is returned, where it comes from, and the seconds that it took."""
    seen: list[tuple[Origin, Review, float]] = []
    reviewer, _ = reviewing({"web": REFUSED}, observe=lambda *each: seen.append(each))
    review = _review(reviewer, _BY_DIGEST, namespace="dev")
    assert [each[:2] for each in seen] == [(Origin("dev"), review)]
    assert 0 < seen[0][2] < 60


def test_request_that_cannot_be_looked_at_is_observed() -> None:
    """A request that is denied for its form alone is observed as a denial, in each mode of the namespace."""
    seen: list[tuple[Origin, Review]] = []
    reviewer, judge = reviewing(
        default={"mode": "audit"}, observe=lambda origin, review, _: seen.append((origin, review))
    )
    reviewer.refuse(Origin("shop", "u1"), "the Pod is malformed")
    ((origin, review),) = seen
    assert origin == Origin("shop", "u1")
    assert [each.consequence for each in review.images] == [Consequence.DENIED]
    assert [each.decision for each in review.images] == [Decision(Outcome.REFUSED, reason="the Pod is malformed")]
    assert judge.asked == []
