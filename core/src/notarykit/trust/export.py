"""Export of a trust policy with prefixes to notation's form, for repositories that are named.

Trust store and trust policy specification, "Trust Policy Properties", version 1.0: a scope names one repository.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from notarykit.errors import UsageError
from notarykit.oci.reference import is_scope
from notarykit.trust.policy import LEVELS, TrustPolicy, TrustPolicyDocument, VerifyTimestamp
from notarykit.trust.scopes import GLOBAL_SCOPE, is_prefix


class ExportedPolicy(NamedTuple):
    """Trust policy document in notation's form.

    Attributes:
        document: The document, of the version 1.0.
        untrusted: The repositories of which no statement is, in both documents.
        left_out: Names of the statements that apply to none of the repositories, and are left out.
        expanded: Names of the statements whose prefixes or global scope are the repositories' names now.
    """

    document: TrustPolicyDocument
    untrusted: tuple[str, ...]
    left_out: tuple[str, ...]
    expanded: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns the document as notation reads it."""
        policies = self.document.policies
        return {"version": self.document.version, "trustPolicies": [statement_json(policy) for policy in policies]}


def export_policy(document: TrustPolicyDocument, repositories: Iterable[str]) -> ExportedPolicy:
    """Writes the repositories' own names in place of the scopes that are for more than one.

    For each of the repositories the new document has the same statement as the old one, and so it has for those that
    the old one names in full. All others have none: where a prefix was, the global scope would be for what is below it,
    so it is expanded as well.

    Args:
        document: The document, of either version.
        repositories: Repositories, each `registry/repository`.

    Raises:
        UsageError: A repository is malformed, no statement applies to any, or notation would refuse the document.
    """
    scopes: dict[str, list[str]] = {
        policy.name: [scope for scope in policy.scopes if not _is_for_several(scope)] for policy in document.policies
    }
    untrusted = []
    for repository in dict.fromkeys(repositories):
        if not is_scope(repository):
            raise UsageError(f"{repository!r} is not of the form registry/repository", advice="write it in full")
        choice = document.choose(repository)
        if choice.policy is None:
            untrusted.append(repository)
        elif _is_for_several(choice.scope):
            scopes[choice.policy.name].append(repository)
    kept = [policy._replace(scopes=tuple(scopes[policy.name])) for policy in document.policies if scopes[policy.name]]
    if not kept:
        raise UsageError("no statement applies to any of the repositories, so there is nothing to export")
    for policy in kept:
        if addresses := [scope for scope in policy.scopes if scope.startswith("[")]:
            raise UsageError(
                f"statement {policy.name!r}: notation takes no scope with an IPv6 address, such as {addresses[0]}",
                advice="leave it out, or name the registry",
            )
    return ExportedPolicy(
        TrustPolicyDocument(tuple(kept)),
        tuple(untrusted),
        tuple(policy.name for policy in document.policies if not scopes[policy.name]),
        tuple(policy.name for policy in document.policies if any(map(_is_for_several, policy.scopes))),
    )


def _is_for_several(scope: str) -> bool:
    return scope == GLOBAL_SCOPE or is_prefix(scope)


def statement_json(policy: TrustPolicy) -> dict[str, Any]:
    """Returns a statement for artifacts as documents have it, with the overrides that make its level what it is."""
    usual = LEVELS[policy.level.name]
    override = {str(key): str(action) for key, action in policy.level.actions.items() if action is not usual[key]}
    verification: dict[str, Any] = {"level": policy.level.name}
    if override:
        verification["override"] = override
    if policy.verify_timestamp is not VerifyTimestamp.ALWAYS:  # what is left out means `always`
        verification["verifyTimestamp"] = str(policy.verify_timestamp)
    members: dict[str, Any] = {
        "name": policy.name,
        "registryScopes": list(policy.scopes),
        "signatureVerification": verification,
    }
    if not policy.level.is_skip:
        members["trustStores"] = list(map(str, policy.stores))
        members["trustedIdentities"] = list(policy.identities)
    return members
