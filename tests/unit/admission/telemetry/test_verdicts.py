"""The log of verdicts: a line for each image, whatever stands in the request."""

import contextvars

import pytest

from notarykit_admission.context import trace_of_request
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.policy.rules import Mode
from notarykit_admission.review.review import Origin
from notarykit_admission.telemetry.verdicts import VerdictLog
from tests.unit.admission.telemetry.reviews import DIGEST, REFUSED, UNDECIDED, VERIFIED, Lines, review

_LARGEST = 16 * 1024  # of a line, before a container runtime splits it


def _log() -> tuple[VerdictLog, Lines]:
    lines = Lines()
    return VerdictLog("kubernetes/validate", lines.write, lambda: 1_795_970_686.5), lines


def test_line_of_a_verdict() -> None:
    """A line says when, where, what was asked, what was decided and why, what follows, and how long it took."""
    log, lines = _log()
    origin = Origin("shop", "u1", "Pod web-1", is_dry_run=True)
    log.observe(origin, review(REFUSED._replace(is_kept=True), place="container 'c0'"), 0.0123456)
    assert lines.parsed == [
        {
            "time": "2026-11-29T16:44:46.500Z",
            "level": "warning",
            "event": "verdict",
            "door": "kubernetes/validate",
            "outcome": "refused",
            "consequence": "denied",
            "milliseconds": 12.346,
            "reference": "r.test/web:1",
            "digest": DIGEST,
            "namespace": "shop",
            "object": "Pod web-1",
            "place": "container 'c0'",
            "policy": "trustpolicy.json",
            "statement": "one",
            "reason": "no signature is associated",
            "cached": True,
            "dry_run": True,
            "uid": "u1",
        }
    ]


def test_line_of_an_accepted_image() -> None:
    """What is empty is left out, and an accepted image is no reason for a warning."""
    log, lines = _log()
    log.observe(Origin(""), review(VERIFIED), 0.001)
    (line,) = lines.parsed
    assert (line["level"], line["outcome"], line["consequence"]) == ("info", "verified", "admitted")
    assert not {"namespace", "object", "place", "reason", "cached", "dry_run", "uid", "trace", "remarks"} & set(line)


@pytest.mark.parametrize(
    ("mode", "consequence"), [(Mode.ENFORCE, "denied"), (Mode.WARN, "warned"), (Mode.AUDIT, "audited")]
)
def test_consequence_by_mode(mode: Mode, consequence: str) -> None:
    """An image that is not accepted is denied or admitted by the mode, and the log has it as a warning in each."""
    log, lines = _log()
    log.observe(Origin("shop"), review(VERIFIED, UNDECIDED, mode=mode), 0.001)
    accepted, other = lines.parsed
    assert accepted["consequence"] == "admitted"
    assert (other["outcome"], other["consequence"], other["level"]) == ("undecided", consequence, "warning")


def test_remarks_of_an_accepted_image() -> None:
    """What the trust policy only logs is in the log."""
    log, lines = _log()
    log.observe(Origin(""), review(VERIFIED._replace(remarks=("revocation failed and is only logged",))), 0.001)
    assert lines.parsed[0]["remarks"] == ["revocation failed and is only logged"]


def test_request_with_too_many_images() -> None:
    """A request that was not looked at has one line, with the number of its images."""
    log, lines = _log()
    decision = Decision(Outcome.REFUSED, reason="more than 250 images in one request")
    log.observe(Origin(""), review(*[decision] * 1000)._replace(is_too_large=True), 0.001)
    assert [(line["images"], line["reason"]) for line in lines.parsed] == [(1000, decision.reason)]


def test_line_is_one_line_of_bounded_length() -> None:
    """Texts of others cannot begin a line, hold control characters, or make a line too long for a container runtime."""
    log, lines = _log()
    wild = '\n\x1b[2J"\u2028\u202e\ud800\\' + "\U0001f4a3" * 10_000
    decision = Decision(Outcome.REFUSED, DIGEST, wild, wild, (wild,) * 50)
    log.observe(Origin(wild, wild, wild), review(decision, text=wild, place=wild), 0.001)
    (line,) = lines.raw
    assert len(line) < _LARGEST
    assert line.decode().isprintable()
    assert lines.parsed[0]["reference"].startswith(r'\x1b[2J"')


def test_trace_of_the_request() -> None:
    """A line names the trace that its request belongs to."""
    log, lines = _log()

    def observe() -> None:
        trace_of_request.set("ab" * 16)
        log.observe(Origin(""), review(VERIFIED), 0.001)

    contextvars.copy_context().run(observe)
    assert lines.parsed[0]["trace"] == "ab" * 16
