"""Decision among several signatures: which verdict counts, and the error where none of them was accepted."""

from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from notarykit.errors import NoAcceptedSignatureError, NotarykitError, VerificationError
from notarykit.verification.verdict import Audited, Verdict

# Name and error of each signature that was not accepted: the digest of its manifest, or the path of its file.
Failures = tuple[tuple[str, NotarykitError], ...]
Signature = TypeVar("Signature")
Outcome = TypeVar("Outcome")


class Chosen(NamedTuple, Generic[Signature]):
    """Signature whose verdict counts.

    Attributes:
        signature: The signature.
        verdict: Its verdict.
        failures: Name and error of each signature that was tried before and not accepted.
    """

    signature: Signature
    verdict: Verdict
    failures: Failures


def choose(
    tried: Iterable[tuple[Signature, Verdict | NotarykitError]], name: Callable[[Signature], str]
) -> Chosen[Signature] | Failures:
    """Returns the first signature of a trusted signer, else the first that passes; no more of them are taken.

    Args:
        tried: Signatures, each with its verdict or the error for which it was not accepted.
        name: Returns the name of a signature.

    Returns:
        The signature; where none was accepted, the failures of all.
    """
    failures: Failures = ()
    passable: Chosen[Signature] | None = None
    for signature, outcome in tried:
        if isinstance(outcome, NotarykitError):
            failures = (*failures, (name(signature), outcome))
            continue
        chosen = Chosen(signature, outcome, failures)
        if not isinstance(outcome, Audited):
            return chosen
        passable = passable or chosen
    return passable or failures


def without_frames(outcome: Outcome) -> Outcome:
    """Drops the tracebacks of an outcome's errors, whose frames hold the envelope as long as the errors are kept.

    Errors and frames hold each other, too, until garbage is collected, which is seldom in a command.
    """
    errors = [result.error for result in getattr(outcome, "results", ())]
    for error in (outcome, *errors):
        link: object = error
        while isinstance(link, BaseException):
            link.__traceback__ = link.__context__ = None
            link = link.__cause__
    return outcome


def not_accepted(failures: Failures, limit: int | None = None) -> NoAcceptedSignatureError:
    """Returns the error for signatures none of which was accepted: that of the one that came furthest.

    Args:
        failures: Name and error of each, at least one.
        limit: Number of signatures that were tried if there are more of them.
    """
    name, nearest = max(failures, key=_steps_reached)
    message = f"{nearest.message} (signature {name})"
    if len(failures) > 1:
        message = f"none of the {len(failures)} signatures was accepted; the one that came furthest: {message}"
    if limit is not None:
        message = f"{message} (there are more than the limit of {limit} signatures)"
    return NoAcceptedSignatureError(message, failures=failures, advice=nearest.advice)


def _steps_reached(failure: tuple[str, NotarykitError]) -> int:
    error = failure[1]
    return len(error.results) if isinstance(error, VerificationError) else 0
