"""The road of verifying one signature: the steps, in the specification's order, and the verdict at its end."""

from collections.abc import Callable, Mapping
from datetime import datetime

from notarykit._internal.rfc3339 import utc_now
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitError, UsageError, VerificationError
from notarykit.revocation.result import RevocationCheck
from notarykit.trust.policy import Action, TrustPolicy
from notarykit.trust.store import TrustStore, read_once
from notarykit.verification import authenticity, steps
from notarykit.verification.context import Inputs, VerificationContext, VerifyingPlugin
from notarykit.verification.verdict import Audited, Skipped, Step, StepResult, Verdict, Verified

# Trust store and trust policy specification, "Signature Verification", "Steps".
STEPS: tuple[tuple[Step, Callable[[VerificationContext], str]], ...] = (
    (Step.INTEGRITY, steps.integrity),  # 3. Validate Integrity
    (Step.AUTHENTICITY, authenticity.authenticity),  # 4. Validate Authenticity
    (Step.EXPIRY, steps.expiry),  # 5. Validate Expiry
    (Step.AUTHENTIC_TIMESTAMP, steps.authentic_timestamp),  # 6. Validate Authentic Timestamp
    (Step.REVOCATION, steps.revocation),  # 7. Validate Revocation Status
    (Step.EXTENDED_VALIDATION, steps.extended_validation),  # 8. Perform extended validation
    (Step.USER_METADATA, steps.user_metadata),  # 9. Verify the user provided metadata
)


def verify_envelope(
    envelope: bytes,
    media_type: str,
    artifact: Descriptor,
    policy: TrustPolicy,
    store: TrustStore,
    *,
    user_metadata: Mapping[str, str] | None = None,
    now: datetime | None = None,
    find_plugin: Callable[[str], VerifyingPlugin] | None = None,
    plugin_config: Mapping[str, str] | None = None,
    revocation: RevocationCheck | None = None,
) -> Verdict:
    """Verifies one signature of an artifact.

    Certificates that name OCSP responders or CRLs are looked up there, once their root is known to be trusted.

    Args:
        envelope: The signature envelope.
        media_type: Its format, `application/jose+json` or `application/cose`.
        artifact: The descriptor of the artifact that is being verified.
        policy: The policy statement that applies to the artifact (`TrustPolicyDocument.applicable`).
        store: The trust stores.
        user_metadata: What must have been signed along.
        now: The time of the verification; the present, if it is not given.
        find_plugin: Looks a verification plugin up by its name; among the installed ones, if it is not given.
        plugin_config: Settings for that plugin.
        revocation: Checks chains (`notarykit.Revocation`); over the network, if it is not given.

    Returns:
        `Verified`; `Audited` where the policy only logs that the signer is not trusted; `Skipped` where it says so.

    Raises:
        VerificationError: A step failed that the policy enforces; the subclass says which, `results` what each found.
    """
    if policy.level.is_skip:
        return Skipped(policy.name)
    if now is not None and now.tzinfo is None:
        raise UsageError("the time of the verification has no time zone")
    progress = VerificationContext(
        Inputs(
            envelope,
            media_type,
            artifact,
            policy,
            read_once(store),
            user_metadata or {},
            now or utc_now(),
            find_plugin or _find_installed,
            plugin_config or {},
            revocation,
        )
    )
    for step, check in STEPS:
        action = progress.action(step)
        if action is Action.SKIP:
            progress.results.append(StepResult(step, action))
            continue
        try:
            note = check(progress)
        except NotarykitError as error:
            if isinstance(error, VerificationError) and error.results:
                raise  # a plugin's result, reported already under the step that the plugin stands in for
            progress.report(step, error)
        else:
            progress.report(step, None, note)
    intact, results = progress.intact, tuple(progress.results)
    common = (intact.target, intact.attributes, intact.chain, policy.name, policy.level, results)
    return Verified(*common, progress.timestamp) if progress.is_authentic else Audited(*common)


def _find_installed(name: str) -> VerifyingPlugin:
    from notarykit.plugin.discovery.locate import load_plugin

    return load_plugin(name)
