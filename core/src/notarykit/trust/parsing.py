"""Parsing of trust policy documents, for OCI artifacts and for blobs.

Trust store and trust policy specification, "Trust Policy Properties", "Custom Verification Level", "Trust Policy
Constraints".
"""

import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.errors import ConfigurationWarning, TrustPolicyError
from notarykit.oci.reference import is_scope
from notarykit.trust.identity import check_identities
from notarykit.trust.policy import (
    LEVELS,
    PREFIX_VERSION,
    VERSION,
    Action,
    BlobTrustPolicyDocument,
    StoreReference,
    StoreType,
    TrustPolicy,
    TrustPolicyDocument,
    Validation,
    VerificationLevel,
    VerifyTimestamp,
    check_store_name,
)
from notarykit.trust.scopes import GLOBAL_SCOPE, is_prefix, why_no_prefix

LARGEST_POLICY = 16 * 1024 * 1024

_MEMBERS = ("name", "signatureVerification", "trustStores", "trustedIdentities")


class _Kind(NamedTuple):
    """What tells the kinds of documents, and their versions, apart.

    Attributes:
        members: Members of a statement that say where it applies, or that the other kind has and `read` refuses.
        read: Reads them, as the scopes of the statement.
        skips_all: Refusal of a global statement of the level `skip`, or of one whose scope is a prefix.
        twice: Refusal of a scope in two statements; `{0}` is the scope, `{1}` and `{2}` are their names.
    """

    members: tuple[str, ...]
    read: Callable[[GoMembers], tuple[str, ...]]
    skips_all: str
    twice: str


def parse_policy_document(content: bytes, name: str = "trust policy") -> TrustPolicyDocument:
    """Parses a trust policy document for artifacts; unknown members bring a warning.

    Args:
        content: JSON of the document.
        name: Name of the document in messages, such as its path.

    Raises:
        TrustPolicyError: It is malformed or against a rule; the message names the statement and the member.
    """
    return TrustPolicyDocument(*_policies(content, name, _ARTIFACTS))


def parse_blob_policy_document(content: bytes, name: str = "blob trust policy") -> BlobTrustPolicyDocument:
    """Parses a trust policy document for blobs; unknown members bring a warning.

    Args:
        content: JSON of the document.
        name: Name of the document in messages, such as its path.

    Raises:
        TrustPolicyError: It is malformed or against a rule; the message names the statement and the member.
    """
    policies, _ = _policies(content, name, _BLOBS)
    return BlobTrustPolicyDocument(policies)


def _policies(content: bytes, name: str, kinds: Mapping[str, _Kind]) -> tuple[tuple[TrustPolicy, ...], str]:
    """Returns the statements and the version of a document, which is one of those given."""
    try:
        if len(content) > LARGEST_POLICY:
            raise DocumentError(f"it is larger than {LARGEST_POLICY} bytes")
        document = GoMembers(loads(content), "document")
        _check_names(document, name, "version", "trustPolicies")
        version = document.text("version")
        if version not in kinds:
            raise DocumentError(f"version {version!r} is not supported; it must be {' or '.join(map(repr, kinds))}")
        items = document.array("trustPolicies")
        if not items:
            raise DocumentError("'trustPolicies' is empty; it needs at least one statement")
        kind = kinds[version]
        policies = [_policy(GoMembers(item, f"statement {index}"), name, kind) for index, item in enumerate(items, 1)]
        _check_together(policies, kind)
    except (DocumentError, ValueError) as error:
        raise TrustPolicyError(f"{name} is malformed: {error}") from None
    return tuple(policies), version


def _check_names(members: GoMembers, document: str, *known: str) -> None:
    """Refuses names that programs in Go take for known ones, and warns of those that nobody knows."""
    members.no_look_alikes(*known)
    for unknown in members.unknown(*known):
        text = f"{document}: {members.where}: member {unknown!r} is not known"
        warnings.warn(text, ConfigurationWarning, stacklevel=5)


def _policy(members: GoMembers, document: str, kind: _Kind) -> TrustPolicy:
    name = members.filled("name")
    members.where = f"statement {name!r}"
    _check_names(members, document, *_MEMBERS, *kind.members)
    verification = members.object("signatureVerification")
    verification.only("level", "override", "verifyTimestamp")
    policy = TrustPolicy(
        name,
        kind.read(members),
        _level(verification),
        tuple(_store(text, members.where) for text in members.texts("trustStores", ())),
        members.texts("trustedIdentities", ()),
        _verify_timestamp(verification),
    )
    _check_trust(policy, members.where, kind)
    return policy


def _registry_scopes(members: GoMembers) -> tuple[str, ...]:
    return _scopes(members, _why_no_scope)


def _prefixed_scopes(members: GoMembers) -> tuple[str, ...]:
    return _scopes(members, _why_neither_scope_nor_prefix)


def _scopes(members: GoMembers, why_not: Callable[[str], str]) -> tuple[str, ...]:
    if "registryScopes" not in members:
        is_for_blobs = ": this is a trust policy for blobs" if "globalPolicy" in members else ""
        raise DocumentError(f"{members.where} has no member 'registryScopes'{is_for_blobs}")
    scopes = members.texts("registryScopes")
    if not scopes:
        raise DocumentError(f"{members.where}: 'registryScopes' is empty")
    if GLOBAL_SCOPE in scopes and len(scopes) > 1:
        raise DocumentError(f"{members.where}: the scope '*' must stand alone")
    for scope in scopes:
        if scope != GLOBAL_SCOPE and (problem := why_not(scope)):
            raise DocumentError(f"{members.where}: scope {scope!r} {problem}")
    return scopes


def _why_no_scope(scope: str) -> str:
    if is_scope(scope):
        return ""
    is_good_elsewhere = is_prefix(scope) and not why_no_prefix(scope)
    hint = f"; prefixes are for documents of the version {PREFIX_VERSION!r}" if is_good_elsewhere else ""
    return f"is neither '*' nor registry/repository in full{hint}"


def _why_neither_scope_nor_prefix(scope: str) -> str:
    if is_prefix(scope):
        problem = why_no_prefix(scope)
        return problem and f"is no prefix: {problem}"
    return "" if is_scope(scope) else "is neither '*' nor registry/repository in full, nor a prefix of it with '/*'"


def _global_policy(members: GoMembers) -> tuple[str, ...]:
    if "registryScopes" in members:  # a restriction that would not be kept
        raise DocumentError(f"{members.where} has 'registryScopes': this is a trust policy for artifacts")
    return (GLOBAL_SCOPE,) if members.boolean("globalPolicy", otherwise=False) else ()


_OF_REPOSITORIES = _Kind(
    ("registryScopes",),
    _registry_scopes,
    "level 'skip' cannot be used with the global scope '*'",
    "scope {0!r} is in statement {1!r} and again in {2!r}",
)
_ARTIFACTS = {
    VERSION: _OF_REPOSITORIES,
    PREFIX_VERSION: _OF_REPOSITORIES._replace(
        read=_prefixed_scopes,
        skips_all="level 'skip' cannot be used with the global scope '*' or a prefix: name each repository",
    ),
}
_BLOBS = {
    VERSION: _Kind(
        ("globalPolicy", "registryScopes"),
        _global_policy,
        "level 'skip' cannot be used with 'globalPolicy'",
        "statements {1!r} and {2!r} both have 'globalPolicy', and one alone can be global",
    )
}


def _level(verification: GoMembers) -> VerificationLevel:
    name = verification.text("level")
    if name not in LEVELS:
        raise DocumentError(f"{verification.where}: level {name!r} is not one of {', '.join(LEVELS)}")
    actions = dict(LEVELS[name])
    overrides = verification.text_map("override")
    if overrides and name == "skip":
        raise DocumentError(f"{verification.where}: level 'skip' cannot be overridden")
    for key, value in overrides.items():
        if key == Validation.INTEGRITY:
            raise DocumentError(f"{verification.where}: 'integrity' cannot be overridden")
        if key not in list(Validation):
            raise DocumentError(f"{verification.where}: override of {key!r}, which is no validation")
        allowed = list(Action) if key == Validation.REVOCATION else [Action.ENFORCE, Action.LOG]
        if value not in allowed:
            raise DocumentError(
                f"{verification.where}: override of {key!r} to {value!r} is not one of {', '.join(allowed)}"
            )
        actions[Validation(key)] = Action(value)
    return VerificationLevel(name, actions)


def _verify_timestamp(verification: GoMembers) -> VerifyTimestamp:
    if "verifyTimestamp" not in verification:
        return VerifyTimestamp.ALWAYS
    text = verification.text("verifyTimestamp")
    if text not in list(VerifyTimestamp):
        raise DocumentError(f"{verification.where}: verifyTimestamp {text!r} is not 'always' or 'afterCertExpiry'")
    return VerifyTimestamp(text)


def _store(text: str, where: str) -> StoreReference:
    kind, colon, name = text.partition(":")
    if not colon or kind not in list(StoreType):
        raise DocumentError(
            f"{where}: trust store {text!r} is not of the form type:name with ca, signingAuthority or tsa"
        )
    try:
        return StoreReference(StoreType(kind), check_store_name(name))
    except ValueError as error:
        raise DocumentError(f"{where}: {error}") from None


def _check_trust(policy: TrustPolicy, where: str, kind: _Kind) -> None:
    if policy.level.is_skip:
        if policy.stores or policy.identities:
            raise DocumentError(f"{where}: level 'skip' takes no trustStores and no trustedIdentities")
        if policy.is_global or any(map(is_prefix, policy.scopes)):  # it would skip what nobody has named
            raise DocumentError(f"{where}: {kind.skips_all}")
        return
    if not policy.stores:
        raise DocumentError(f"{where}: 'trustStores' is absent or empty")
    if not policy.identities:
        raise DocumentError(f"{where}: 'trustedIdentities' is absent or empty")
    try:
        check_identities(policy.identities)
    except ValueError as error:
        raise DocumentError(f"{where}: {error}") from None


def _check_together(policies: list[TrustPolicy], kind: _Kind) -> None:
    names = Counter(policy.name for policy in policies)  # in the order of the statements
    for name, count in names.items():
        if count > 1:
            raise DocumentError(f"two statements have the name {name!r}")
    owners: dict[str, str] = {}
    for policy in policies:
        for scope in policy.scopes:
            if scope in owners:
                raise DocumentError(kind.twice.format(scope, owners[scope], policy.name))
            owners[scope] = policy.name
