"""Documents of verifications: verdicts and errors in JSON, as `notarykit verify --output json` prints them.

Their schema is `result` of docs/schema/verify.json.
"""

from typing import TYPE_CHECKING, Any

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitError, VerificationError
from notarykit.keys.certificate import subject_of
from notarykit.oci.reference import LayoutReference, Reference
from notarykit.verification.artifact import VerifiedArtifact
from notarykit.verification.decision import Failures
from notarykit.verification.verdict import Skipped, StepResult, Verified

if TYPE_CHECKING:
    from notarykit.verification.blob import VerifiedBlob


def verdict_document(
    reference: str | Reference | LayoutReference, outcome: VerifiedArtifact | NotarykitError
) -> dict[str, Any]:
    """Returns what `notarykit verify --output json` prints for a reference, with values that are JSON.

    Args:
        reference: Reference of the artifact, as it was written.
        outcome: What `verify` returned or raised; of an `Outcome`, its result or its error.
    """
    return {"reference": str(reference), **verdict_members(outcome)}


def verdict_members(outcome: "VerifiedArtifact | VerifiedBlob | NotarykitError") -> dict[str, Any]:
    """Returns the members of the document beside the one that names the artifact or blob."""
    if isinstance(outcome, NotarykitError):
        return _failed(outcome)
    verdict, target, signature, failures = outcome
    if isinstance(verdict, Skipped):
        return {"verdict": "skipped", "policy": verdict.policy}
    assert target is not None
    members: dict[str, Any] = {
        "verdict": "verified" if isinstance(verdict, Verified) else "audited",
        "policy": verdict.policy,
        "level": verdict.level.name,
        "artifact": target.to_json(),
        "signature": signature.digest if isinstance(signature, Descriptor) else signature,
        "steps": step_members(verdict.results),
        "notAccepted": _not_accepted(failures),
    }
    if isinstance(verdict, Verified):
        members["userMetadata"] = dict(verdict.user_metadata)
        members["signer"] = subject_of(verdict.chain.leaf)
        if verdict.timestamp is not None:
            members["timestamp"] = format_rfc3339(verdict.timestamp.time)
    return members


def _failed(error: NotarykitError) -> dict[str, Any]:
    judged = {"policy": error.policy, "level": error.level} if isinstance(error, VerificationError) else {}
    return {
        "verdict": "failed",
        **{name: value for name, value in judged.items() if value},
        "error": error.to_json(),
        "notAccepted": _not_accepted(getattr(error, "failures", ())),
    }


def _not_accepted(failures: Failures) -> list[dict[str, Any]]:
    return [
        {"signature": name, "error": error.to_json(), "steps": step_members(getattr(error, "results", ()))}
        for name, error in failures
    ]


def step_members(results: tuple[StepResult, ...]) -> list[dict[str, Any]]:
    """Returns the members of the results of steps."""
    return [
        {
            "step": result.step,
            "action": result.action,
            "outcome": result.outcome,
            "reason": result.error.message if result.error else result.note,
            "explained": list(result.explained),
        }
        for result in results
    ]
