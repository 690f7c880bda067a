"""Explanations of a trust policy, by what the user's settings say."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING

from notarykit.api.time_limit import within
from notarykit.loading import load_registries, load_verifier
from notarykit.oci.reference import LayoutReference, Reference, as_reference, is_scope

if TYPE_CHECKING:
    from notarykit.explanation.artifact import Explanation
    from notarykit.oci.registry.registries import Registries
    from notarykit.verification.verifier import Verifier


def explain(
    reference: str | Reference | LayoutReference,
    *,
    verifier: "Verifier | None" = None,
    registries: "Registries | None" = None,
    scope: str = "",
    user_metadata: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> "Explanation":
    """Explains which statement of the trust policy applies, what it means, and what comes of a verification.

    Args:
        reference: `registry/repository`, of which nothing is read, or the reference of an artifact, as for `verify`.
        verifier: Trust policy and trust stores; by default the user's own (`load_verifier`).
        registries: Registries that are used; by default, as the user's settings say (`load_registries`).
        scope: `registry/repository`, by which the policy statement for an artifact in an image layout is chosen.
        user_metadata: Metadata that the signature must carry.
        timeout: Seconds after which the call ends; see `verify`.

    Returns:
        The explanation. Its `outcome` is what `verify` returns, or the error that it raises.

    Raises:
        UsageError: The reference or another argument is malformed.
        ConfigurationError: The user's settings or policy cannot be used.
    """
    parsed = None if isinstance(reference, str) and is_scope(reference) else as_reference(reference)
    chosen = str(reference) if parsed is None else parsed.policy_scope(scope)

    def work() -> "Explanation":
        from notarykit.explanation.artifact import explain_artifact, explain_repository
        from notarykit.verification.artifact import ArtifactRequest

        used = verifier or load_verifier()
        if parsed is None:
            return explain_repository(used, chosen, user_metadata)
        with nullcontext(registries) if registries else load_registries() as opened:
            request = ArtifactRequest(lambda: opened.open(parsed), parsed.identifier, chosen)
            return explain_artifact(used, request, user_metadata)

    return within(timeout, work)
