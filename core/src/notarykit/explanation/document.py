"""Explanations in JSON, as `notarykit policy explain --output json` prints them.

Their schema is docs/schema/policy-explain.json.
"""

from datetime import datetime
from typing import Any

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.errors import NotarykitError
from notarykit.explanation.artifact import ExplainedSignature, Explanation
from notarykit.explanation.trust_in_sight import IdentityInSight, KnownCertificate
from notarykit.verification.document import step_members
from notarykit.verification.envelope import STEPS
from notarykit.verification.verdict import Audited, Skipped, Verdict

SECTIONS = {step: section for step, _, section in STEPS}
"""Section of the specification of each step; see `step_effects.SPECIFICATION`."""


def explanation_document(reference: str, explanation: Explanation) -> dict[str, Any]:
    """Returns what `notarykit policy explain --output json` prints for a reference, with values that are JSON.

    Args:
        reference: The reference or the repository, as it was written.
        explanation: The explanation.
    """
    choice, policy = explanation.choice, explanation.choice.policy
    return {
        "reference": reference,
        "repository": choice.repository,
        "scopes": list(choice.candidates),
        "statement": None if policy is None else policy.name,
        "scope": choice.scope or None,
        "level": None if policy is None else policy.level.name,
        "lookAlike": choice.alike,
        "nearest": None if explanation.nearest is None else _nearest(explanation),
        **_members(explanation),
    }


def blob_explanation_document(blob: str, explanation: Explanation) -> dict[str, Any]:
    """Returns what `notarykit blob policy explain --output json` prints, with values that are JSON.

    Args:
        blob: Path of the blob, or an empty string if none was asked about.
        explanation: The explanation.
    """
    choice, policy = explanation.choice, explanation.choice.policy
    return {
        "blob": blob or None,
        "policyName": choice.repository or None,
        "statement": None if policy is None else policy.name,
        "isGlobal": policy is not None and policy.is_global,
        "level": None if policy is None else policy.level.name,
        **_members(explanation),
    }


def _members(explanation: Explanation) -> dict[str, Any]:
    """Returns the members that explanations of all kinds have."""
    members: dict[str, Any] = {
        "steps": [each._asdict() for each in explanation.steps],
        "trustStores": [
            {
                "store": str(store),
                "certificates": list(map(_certificate, certificates)),
                **({"error": problem.to_json()} if problem else {}),
            }
            for store, certificates, problem in explanation.stores
        ],
        "trustedIdentities": list(map(_identity, explanation.identities)),
        "signatures": list(map(_signature, explanation.signatures)),
    }
    outcome = explanation.outcome
    if outcome is not None:
        members["verdict"] = verdict_word(outcome if isinstance(outcome, NotarykitError) else outcome.verdict)
    if isinstance(outcome, NotarykitError):
        members["error"] = outcome.to_json()
    return members


def _nearest(explanation: Explanation) -> dict[str, str]:
    assert explanation.nearest is not None
    scope, policy, difference = explanation.nearest
    return {"scope": scope, "statement": policy, "difference": difference}


def _certificate(certificate: KnownCertificate) -> dict[str, Any]:
    return {
        "subject": certificate.subject,
        "thumbprint": certificate.thumbprint,
        "notBefore": _time(certificate.starts),
        "notAfter": _time(certificate.ends),
        "isCa": certificate.is_ca,
    }


def _time(time: datetime | None) -> str | None:
    return None if time is None else format_rfc3339(time)


def _identity(identity: IdentityInSight) -> dict[str, Any]:
    return {"identity": identity.identity, "matches": identity.is_match, "remark": identity.remark}


def verdict_word(outcome: Verdict | NotarykitError) -> str:
    """Returns the word for the outcome of a signature: `verified`, `audited`, `skipped` or `failed`."""
    if isinstance(outcome, NotarykitError):
        return "failed"
    return {Audited: "audited", Skipped: "skipped"}.get(type(outcome), "verified")


def _signature(signature: ExplainedSignature) -> dict[str, Any]:
    outcome = signature.outcome
    return {
        "signature": signature.name,
        "verdict": verdict_word(outcome),
        "signingScheme": signature.scheme,
        "chain": list(map(_certificate, signature.chain)),
        "anchor": signature.anchor,
        "trustedIdentities": list(map(_identity, signature.identities)),
        "steps": [
            {**members, "section": SECTIONS[result.step]}
            for result, members in zip(signature.results, step_members(signature.results), strict=True)
        ],
        **({"error": outcome.to_json()} if isinstance(outcome, NotarykitError) else {}),
    }
