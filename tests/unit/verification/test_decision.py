"""Which of several signatures counts, and what is said where none does."""

from collections.abc import Iterator

import pytest

from notarykit.envelope.unverified import JWS
from notarykit.errors import ExpiryError, IntegrityError, NotarykitError, StorageError
from notarykit.trust.policy import Action
from notarykit.verification.context import EnvelopeRequest
from notarykit.verification.decision import Chosen, choose, not_accepted
from notarykit.verification.envelope import run_steps
from notarykit.verification.options import VerifierOptions
from notarykit.verification.verdict import Audited, Step, StepResult, Verdict, Verified
from tests.support.envelopes import sign_envelope
from tests.unit.verification.setting import ARTIFACT, CHAIN, NOW, OTHER, SCOPE, document, store

_PROBLEM = StorageError("cannot be read")


def _verdict(chain: object) -> Verdict:
    policies = document("audit")
    request = EnvelopeRequest(sign_envelope(chain, now=NOW), JWS, ARTIFACT)  # type: ignore[arg-type]
    return run_steps(VerifierOptions(policies, store(), now=NOW), policies.applicable(SCOPE), request)


_TRUSTED, _STRANGERS = _verdict(CHAIN), _verdict(OTHER)


def _name(number: int) -> str:
    return f"signature {number}"


def test_kinds_of_verdicts() -> None:
    """The setting has a verdict of either kind."""
    assert (type(_TRUSTED), type(_STRANGERS)) == (Verified, Audited)


@pytest.mark.requirement("workflow:next-signature")
@pytest.mark.parametrize(
    ("outcomes", "chosen", "failed", "taken"),
    [
        ((_TRUSTED, _PROBLEM), 0, (), 1),
        ((_PROBLEM, _TRUSTED, _TRUSTED), 1, (0,), 2),
        ((_STRANGERS, _PROBLEM, _TRUSTED), 2, (1,), 3),
        ((_PROBLEM, _STRANGERS, _PROBLEM, _STRANGERS), 1, (0,), 4),
    ],
)
def test_choice(
    outcomes: tuple[Verdict | NotarykitError, ...], chosen: int, failed: tuple[int, ...], taken: int
) -> None:
    """The first by a trusted signer is chosen, else the first that passes; nothing is taken behind the former."""
    looked_at = []

    def tried() -> Iterator[tuple[int, Verdict | NotarykitError]]:
        for number, outcome in enumerate(outcomes):
            looked_at.append(number)
            yield number, outcome

    found = choose(tried(), _name)
    assert isinstance(found, Chosen)
    assert (found.signature, found.verdict) == (chosen, outcomes[chosen])
    assert found.failures == tuple((_name(number), _PROBLEM) for number in failed)
    assert looked_at == list(range(taken))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_none_is_accepted(count: int) -> None:
    """Then the failures are told, in their order."""
    failures = choose(((number, _PROBLEM) for number in range(count)), _name)
    assert failures == tuple((_name(number), _PROBLEM) for number in range(count))


def test_the_error_is_that_of_the_one_that_came_furthest() -> None:
    """More steps count, and not the place among the signatures; the others are told by their number."""
    results = (StepResult(Step.INTEGRITY, Action.ENFORCE), StepResult(Step.EXPIRY, Action.ENFORCE))
    nearest = ExpiryError("it expired", advice="sign again").under("p", "strict", results)
    early = IntegrityError("it is malformed").under("p", "strict", results[:1])
    error = not_accepted((("a", early), ("b", nearest), ("c", _PROBLEM)), 3)
    assert error.message == (
        "none of the 3 signatures was accepted; the one that came furthest: it expired (signature b) "
        "(there are more than the limit of 3 signatures)"
    )
    assert (error.advice, error.results) == ("sign again", results)
    assert not_accepted((("a", early),)).message == "it is malformed (signature a)"
