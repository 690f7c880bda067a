"""Verification of one signature: the steps, in the specification's order, and the verdict."""

from collections.abc import Callable
from typing import Any, NamedTuple

from notarykit.errors import NotarykitError
from notarykit.trust.policy import Action, TrustPolicy
from notarykit.verification import authenticity, steps
from notarykit.verification.context import EnvelopeRequest, VerificationContext
from notarykit.verification.options import VerifierOptions
from notarykit.verification.verdict import Audited, Skipped, Step, Verdict, Verified


class StepRule(NamedTuple):
    """Step of a verification.

    Attributes:
        step: Its name.
        check: Makes it; returns a note or raises its error.
        section: Number and title of the step in the trust store and trust policy specification, "Signature
            Verification", "Steps"; the last two have no title there.
    """

    step: Step
    check: Callable[[VerificationContext], str]
    section: str


STEPS = (
    StepRule(Step.INTEGRITY, steps.integrity, "3. Validate Integrity"),
    StepRule(Step.AUTHENTICITY, authenticity.authenticity, "4. Validate Authenticity"),
    StepRule(Step.EXPIRY, steps.expiry, "5. Validate Expiry"),
    StepRule(Step.AUTHENTIC_TIMESTAMP, steps.authentic_timestamp, "6. Validate Authentic Timestamp"),
    StepRule(Step.REVOCATION, steps.revocation, "7. Validate Revocation Status"),
    StepRule(Step.EXTENDED_VALIDATION, steps.extended_validation, "8. Perform extended validation"),
    StepRule(Step.USER_METADATA, steps.user_metadata, "9. Verify the user provided metadata"),
)
"""The specification's steps, in its order. Step 1 is `TrustPolicyDocument.choose`, step 2 the level `skip`."""


def run_steps(options: VerifierOptions[Any], policy: TrustPolicy, request: EnvelopeRequest) -> Verdict:
    """Verifies a signature under a trust policy statement.

    Returns:
        `Verified`; `Audited` where the policy only logs that the signer is not trusted; `Skipped` where it skips.

    Raises:
        UsageError: The time of the verification has no time zone.
        VerificationError: A step failed that the policy enforces.
    """
    if policy.level.is_skip:
        return Skipped(policy.name)
    return verdict_of(VerificationContext(options.fixed(), policy, request))


def verdict_of(context: VerificationContext) -> Verified | Audited:
    """Runs the steps of a verification that was not begun.

    Raises:
        VerificationError: A step failed that the policy enforces.
    """
    for step, check, _ in STEPS:
        if context.action(step) is Action.SKIP:
            context.record(step)
            continue
        try:
            context.record(step, note=check(context))
        except NotarykitError as error:
            if error is context.rejection:  # another step's, found on the way: a stranger, or a plugin's result
                raise
            context.fail(step, error)
    intact, policy, results = context.intact, context.policy, tuple(context.results)
    common = (intact.target, intact.attributes, intact.chain, policy.name, policy.level, results)
    return Verified(*common, context.timestamp) if context.is_authentic else Audited(*common)
