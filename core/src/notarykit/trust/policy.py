"""Trust policy documents for OCI artifacts.

Trust store and trust policy specification, "OCI Trust Policy", "Signature Verification details", "Trust Policy
Constraints".
"""

import re
import warnings
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.errors import ConfigurationWarning, NoApplicablePolicyError, NotarykitWarning, TrustPolicyError
from notarykit.oci.reference import is_scope
from notarykit.trust.identity import check_identities
from notarykit.trust.scopes import look_alike

LARGEST_POLICY = 16 * 1024 * 1024
GLOBAL_SCOPE = "*"

_STORE_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class Validation(StrEnum):
    """Validations of the specification that a verification level sets an action for."""

    INTEGRITY = "integrity"
    AUTHENTICITY = "authenticity"
    EXPIRY = "expiry"
    AUTHENTIC_TIMESTAMP = "authenticTimestamp"
    REVOCATION = "revocation"


class Action(StrEnum):
    """Actions for a validation that fails: stop the verification, record the failure, or do not validate at all."""

    ENFORCE = "enforce"
    LOG = "log"
    SKIP = "skip"


class VerifyTimestamp(StrEnum):
    """Conditions under which a timestamp countersignature is verified."""

    ALWAYS = "always"
    AFTER_CERT_EXPIRY = "afterCertExpiry"


class StoreType(StrEnum):
    """Types of trust stores."""

    CA = "ca"
    SIGNING_AUTHORITY = "signingAuthority"
    TSA = "tsa"


class StoreReference(NamedTuple):
    """Reference to a named trust store, `type:name` in a policy."""

    type: StoreType
    name: str

    def __str__(self) -> str:
        return f"{self.type}:{self.name}"


class VerificationLevel(NamedTuple):
    """Verification level with its overrides applied.

    Attributes:
        name: `strict`, `permissive`, `audit` or `skip`.
        actions: Action for every validation.
    """

    name: str
    actions: Mapping[Validation, Action]

    @property
    def is_skip(self) -> bool:
        """True if nothing is verified at all."""
        return self.name == "skip"


_E, _L, _S = Action.ENFORCE, Action.LOG, Action.SKIP
# The table under "Signature Verification details": integrity, authenticity, expiry, authentic timestamp, revocation.
_LEVELS: dict[str, dict[Validation, Action]] = {
    "strict": dict(zip(Validation, (_E, _E, _E, _E, _E), strict=True)),
    "permissive": dict(zip(Validation, (_E, _E, _L, _L, _L), strict=True)),
    "audit": dict(zip(Validation, (_E, _L, _L, _L, _L), strict=True)),
    "skip": dict(zip(Validation, (_S, _S, _S, _S, _S), strict=True)),
}


class TrustPolicy(NamedTuple):
    """Statement of a trust policy document.

    Attributes:
        name: Name of the statement.
        scopes: Repositories that it applies to, or `*` alone.
        level: Verification level, with an action for each validation.
        stores: Named trust stores.
        identities: Trusted identities, or `*` alone.
        verify_timestamp: Condition under which a timestamp countersignature is verified.
    """

    name: str
    scopes: tuple[str, ...]
    level: VerificationLevel
    stores: tuple[StoreReference, ...]
    identities: tuple[str, ...]
    verify_timestamp: VerifyTimestamp = VerifyTimestamp.ALWAYS


class TrustPolicyDocument(NamedTuple):
    """Trust policy document that conforms to the specification.

    Attributes:
        policies: Statements, in the document's order.
    """

    policies: tuple[TrustPolicy, ...]

    def applicable(self, repository: str) -> TrustPolicy:
        """Returns the statement for a repository: the one that names it, otherwise the one with the global scope.

        Args:
            repository: `registry/repository`, without tag or digest, compared letter by letter.

        Raises:
            NoApplicablePolicyError: No statement applies, so the artifact is not trusted.
        """
        for policy in self.policies:
            if repository in policy.scopes:
                return policy
        fallback = next((policy for policy in self.policies if GLOBAL_SCOPE in policy.scopes), None)
        alike = self.look_alike(repository)
        differs = f"the scope {alike!r} differs from it by case, default port or Docker Hub's alias alone"
        if fallback is None:
            raise NoApplicablePolicyError(
                f"no trust policy applies to {repository}{f': {differs}' if alike else ''}",
                advice="add its full repository name to the registryScopes of a policy statement",
            )
        if alike:
            warnings.warn(
                f"trust policy statement {fallback.name!r}, with the scope '*', applies to {repository}: {differs}, "
                "and scopes are compared letter by letter",
                NotarykitWarning,
                stacklevel=2,
            )
        return fallback

    def look_alike(self, repository: str) -> str | None:
        """Returns a scope that people take for a repository's name, or None if there is none, or one is that name.

        It differs by case, default port or Docker Hub's names alone, and its statement does not apply.
        """
        scopes = [scope for policy in self.policies for scope in policy.scopes]
        return None if repository in scopes else look_alike(repository, scopes)


def parse_policy_document(content: bytes, name: str = "trust policy") -> TrustPolicyDocument:
    """Parses a trust policy document; unknown members bring a warning.

    Args:
        content: JSON of the document.
        name: Name of the document in messages, such as its path.

    Raises:
        TrustPolicyError: It is malformed or against a rule; the message names the statement and the member.
    """
    try:
        if len(content) > LARGEST_POLICY:
            raise DocumentError(f"it is larger than {LARGEST_POLICY} bytes")
        document = GoMembers(loads(content), "document")
        _warn_of_unknown(document, name, "version", "trustPolicies")
        if document.text("version") != "1.0":
            raise DocumentError(f"version {document.text('version')!r} is not supported; it must be '1.0'")
        items = document.array("trustPolicies")
        if not items:
            raise DocumentError("'trustPolicies' is empty; it needs at least one statement")
        policies = tuple(_policy(GoMembers(item, f"statement {index}"), name) for index, item in enumerate(items, 1))
        _check_together(policies)
    except (DocumentError, ValueError) as error:
        raise TrustPolicyError(f"{name} is malformed: {error}") from None
    return TrustPolicyDocument(policies)


def _warn_of_unknown(members: GoMembers, name: str, *known: str) -> None:
    for unknown in members.unknown(*known):
        warnings.warn(f"{name}: {members.where}: member {unknown!r} is not known", ConfigurationWarning, stacklevel=4)


def _policy(members: GoMembers, document: str) -> TrustPolicy:
    name = members.filled("name")
    members.where = f"statement {name!r}"
    _warn_of_unknown(
        members, document, "name", "registryScopes", "signatureVerification", "trustStores", "trustedIdentities"
    )
    verification = members.object("signatureVerification")
    verification.only("level", "override", "verifyTimestamp")
    policy = TrustPolicy(
        name,
        _scopes(members),
        _level(verification),
        tuple(_store(text, members.where) for text in members.texts("trustStores", ())),
        members.texts("trustedIdentities", ()),
        _verify_timestamp(verification),
    )
    _check_trust(policy, members.where)
    return policy


def _scopes(members: GoMembers) -> tuple[str, ...]:
    scopes = members.texts("registryScopes")
    if not scopes:
        raise DocumentError(f"{members.where}: 'registryScopes' is empty")
    if GLOBAL_SCOPE in scopes and len(scopes) > 1:
        raise DocumentError(f"{members.where}: the scope '*' must stand alone")
    for scope in scopes:
        if scope != GLOBAL_SCOPE and not is_scope(scope):
            raise DocumentError(f"{members.where}: scope {scope!r} is neither '*' nor registry/repository in full")
    return scopes


def _level(verification: GoMembers) -> VerificationLevel:
    name = verification.text("level")
    if name not in _LEVELS:
        raise DocumentError(f"{verification.where}: level {name!r} is not one of {', '.join(_LEVELS)}")
    actions = dict(_LEVELS[name])
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
                f"{verification.where}: override of {key!r} to {value!r} is not one of {_list(allowed)}"
            )
        actions[Validation(key)] = Action(value)
    return VerificationLevel(name, actions)


def _list(values: list[Action]) -> str:
    return ", ".join(values)


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


def check_store_name(name: str) -> str:
    """Returns the name itself if a trust store may have it.

    Raises:
        ValueError: It has other characters than letters, digits, `_`, `.` and `-`, or is `.` or `..`.
    """
    if _STORE_NAME.fullmatch(name) is None or name in (".", ".."):
        raise ValueError(f"trust store name {name!r} must be of letters, digits, '_', '.' and '-'")
    return name


def _check_trust(policy: TrustPolicy, where: str) -> None:
    if policy.level.is_skip:
        if policy.stores or policy.identities:
            raise DocumentError(f"{where}: level 'skip' takes no trustStores and no trustedIdentities")
        if GLOBAL_SCOPE in policy.scopes:
            raise DocumentError(f"{where}: level 'skip' cannot be used with the global scope '*'")
        return
    if not policy.stores:
        raise DocumentError(f"{where}: 'trustStores' is absent or empty")
    if not policy.identities:
        raise DocumentError(f"{where}: 'trustedIdentities' is absent or empty")
    try:
        check_identities(policy.identities)
    except ValueError as error:
        raise DocumentError(f"{where}: {error}") from None


def _check_together(policies: tuple[TrustPolicy, ...]) -> None:
    names = Counter(policy.name for policy in policies)  # in the order of the statements
    for name, count in names.items():
        if count > 1:
            raise DocumentError(f"two statements have the name {name!r}")
    owners: dict[str, str] = {}
    for policy in policies:
        for scope in policy.scopes:
            if scope in owners:
                raise DocumentError(f"scope {scope!r} is in statement {owners[scope]!r} and again in {policy.name!r}")
            owners[scope] = policy.name
