"""Trust policies for OCI artifacts and for blobs: documents, their statements, and the choice of the one that applies.

Trust store and trust policy specification, "Trust Policy Properties", "Signature Verification details", "Selecting a
trust policy to verify a signed OCI artifact". `trust/parsing` makes them of JSON and checks the rules.
"""

import re
import warnings
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from notarykit.errors import NoApplicablePolicyError, NotarykitWarning
from notarykit.trust.scopes import GLOBAL_SCOPE, is_prefix, look_alike, matching_scopes

VERSION = "1.0"
PREFIX_VERSION = "notarykit/1"
"""Version of documents for artifacts whose scopes may be prefixes. No notation knows it, so none misreads them."""

_MOST_NAMES = 5
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


def check_store_name(name: str) -> str:
    """Returns the name itself if a trust store may have it.

    Raises:
        ValueError: It has other characters than letters, digits, `_`, `.` and `-`, or is `.` or `..`.
    """
    if _STORE_NAME.fullmatch(name) is None or name in (".", ".."):
        raise ValueError(f"trust store name {name!r} must be of letters, digits, '_', '.' and '-'")
    return name


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
LEVELS: dict[str, dict[Validation, Action]] = {
    "strict": dict(zip(Validation, (_E, _E, _E, _E, _E), strict=True)),
    "permissive": dict(zip(Validation, (_E, _E, _L, _L, _L), strict=True)),
    "audit": dict(zip(Validation, (_E, _L, _L, _L, _L), strict=True)),
    "skip": dict(zip(Validation, (_S, _S, _S, _S, _S), strict=True)),
}


class TrustPolicy(NamedTuple):
    """Statement of a trust policy document.

    Attributes:
        name: Name of the statement.
        scopes: Repositories that it applies to, in documents of the version `notarykit/1` prefixes of them too, or
            `*` alone. Of a statement for blobs, `*` if it is the global one, and otherwise none: it applies where it
            is chosen by its name.
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

    def stores_of(self, kind: StoreType) -> list[StoreReference]:
        """Returns its trust stores of a type."""
        return [store for store in self.stores if store.type == kind]

    @property
    def timestamp_condition(self) -> VerifyTimestamp | None:
        """Condition under which timestamp countersignatures are verified; None without a `tsa` store: never."""
        return self.verify_timestamp if self.stores_of(StoreType.TSA) else None

    @property
    def is_global(self) -> bool:
        """True if it is for all artifacts that no statement names, or for blobs where no name is chosen."""
        return GLOBAL_SCOPE in self.scopes


class PolicyChoice(NamedTuple):
    """Choice of the statement for a repository or a blob, and what it was made by.

    Attributes:
        repository: The repository; of a blob, the name of the statement that was asked for, or an empty string.
        candidates: Scopes that match it, in the order of their precedence: the first that a statement has decides. Of
            a blob without a name it is the global scope, and with one there are none.
        scope: That scope, or an empty string where no statement has one of them.
        policy: Statement that applies, or None: then the artifact is not trusted.
        alike: Scope that people take for one of the repository, which would have come before; None if there is none.
    """

    repository: str
    candidates: tuple[str, ...]
    scope: str
    policy: TrustPolicy | None
    alike: str | None

    @property
    def difference(self) -> str:
        """What sets apart the scope that looks alike, as a clause, or an empty string."""
        if self.alike is None:
            return ""
        part = "its beginning" if is_prefix(self.alike) else "it"
        return f"the scope {self.alike!r} differs from {part} by case, default port or Docker Hub's alias alone"


class TrustPolicyDocument(NamedTuple):
    """Trust policy document for artifacts that conforms to the specification, or to it and the rules for prefixes.

    Attributes:
        policies: Statements, in the document's order.
        version: `1.0`, or `notarykit/1`, whose scopes may be prefixes.
    """

    policies: tuple[TrustPolicy, ...]
    version: str = VERSION

    def choose(self, repository: str) -> PolicyChoice:
        """Returns the statement for a repository, or that there is none, and by which scope it was chosen.

        The scope that is its name comes first, then the longest prefix, and the global scope last.

        Args:
            repository: `registry/repository`, without tag or digest, compared letter by letter.
        """
        candidates = matching_scopes(repository, with_prefixes=self.version == PREFIX_VERSION)
        wanted = frozenset(candidates)
        matching = [policy for policy in self.policies if not wanted.isdisjoint(policy.scopes)]
        owners = {scope: policy for policy in matching for scope in wanted.intersection(policy.scopes)}
        scope = next((scope for scope in candidates if scope in owners), "")
        scopes = (scope for policy in self.policies for scope in policy.scopes)
        alike = look_alike(repository, scopes, scope or GLOBAL_SCOPE)
        return PolicyChoice(repository, candidates, scope, owners.get(scope), alike)

    def applicable(self, repository: str) -> TrustPolicy:
        """Returns the statement for a repository, as `choose` finds it; a scope that looks alike brings a warning.

        Args:
            repository: `registry/repository`, without tag or digest, compared letter by letter.

        Raises:
            NoApplicablePolicyError: No statement applies, so the artifact is not trusted.
        """
        choice = self.choose(repository)
        if choice.policy is None:
            raise NoApplicablePolicyError(
                f"no trust policy applies to {repository}{f': {choice.difference}' if choice.alike else ''}",
                advice="add its full repository name to the registryScopes of a policy statement",
            )
        if choice.alike:
            warnings.warn(
                f"trust policy statement {choice.policy.name!r}, with the scope {choice.scope!r}, applies to "
                f"{repository}: {choice.difference}, and scopes are compared letter by letter",
                NotarykitWarning,
                stacklevel=2,
            )
        return choice.policy

    def look_alike(self, repository: str) -> str | None:
        """Returns a scope that people take for one of a repository, or None if there is none that would come first.

        It differs by case, default port or Docker Hub's names alone, and its statement does not apply.
        """
        return self.choose(repository).alike


class BlobTrustPolicyDocument(NamedTuple):
    """Trust policy document for blobs that conforms to the specification ("Blob Trust Policy").

    Attributes:
        policies: Statements, in the document's order.
    """

    policies: tuple[TrustPolicy, ...]

    def choose(self, name: str = "") -> PolicyChoice:
        """Returns the statement of that name, or without a name the global one, or that there is none.

        Args:
            name: Name of a statement, compared letter by letter.
        """
        if name:
            policy = next((policy for policy in self.policies if policy.name == name), None)
            return PolicyChoice(name, (), "", policy, None)
        policy = next((policy for policy in self.policies if policy.is_global), None)
        return PolicyChoice(name, (GLOBAL_SCOPE,), GLOBAL_SCOPE if policy else "", policy, None)

    def applicable(self, name: str = "") -> TrustPolicy:
        """Returns the statement that a blob is verified under, as `choose` finds it.

        Args:
            name: Name of a statement, compared letter by letter.

        Raises:
            NoApplicablePolicyError: No statement has the name, or none is global, so the blob is not trusted.
        """
        choice = self.choose(name)
        if choice.policy is not None:
            return choice.policy
        if not name:
            raise NoApplicablePolicyError(
                "no global blob trust policy, which a blob needs where no policy is named",
                advice=f'name one with --policy-name ({self._names()}), or set the "globalPolicy" of one to true',
            )
        raise NoApplicablePolicyError(
            f"no applicable blob trust policy with name {name!r}",
            advice=self._nearest(name) or self._names(),
        )

    def _nearest(self, name: str) -> str:
        from difflib import get_close_matches

        close = get_close_matches(name, [policy.name for policy in self.policies], 1)
        return f"did you mean {close[0]!r}?" if close else ""

    def _names(self) -> str:
        names = [repr(policy.name) for policy in self.policies]
        shown = names if len(names) <= _MOST_NAMES else [*names[:_MOST_NAMES], "and others"]
        return f"there {'is' if len(names) == 1 else 'are'} {', '.join(shown)}"
