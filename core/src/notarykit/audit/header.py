"""Header of an audit: the first line of its JSON Lines, which says what was audited and under which policy."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, Self

from notarykit._internal.rfc3339 import format_rfc3339, parse_rfc3339
from notarykit._internal.strict_json import DocumentError, Members, dumps
from notarykit.audit.shard import Shard, parse_shard
from notarykit.errors import NotarykitError, UsageError
from notarykit.trust.policy import TrustPolicyDocument
from notarykit.verification.options import VerifierOptions

VERSION = 1
# Dates are computed around these; flags allow no longer time.
_LAST_YEAR = 9000
_LONGEST = 293 * 366 * 24 * 3600
_MEMBERS = ("version", "registries", "shard", "recursive", "policy", "startedAt", "endsWithin")


class AuditHeader(NamedTuple):
    """Header of an audit.

    Attributes:
        registries: Registries, prefixes and repositories, as in the arguments.
        shard: Shard of the audit; the only one by default.
        recursive: True if the manifests below image indexes are audited.
        policy: Digest of the trust policy, the certificates of its trust stores, and the limits of a verification.
        started_at: Time of the start.
        ends_within: Seconds from the start within which the end of a verdict is reported.
    """

    registries: tuple[str, ...]
    shard: Shard
    recursive: bool
    policy: str
    started_at: datetime
    ends_within: int

    def is_continued_by(self, other: Self) -> bool:
        """Returns True if records of this audit may stand in another one."""
        return self._replace(started_at=other.started_at, ends_within=other.ends_within) == other

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the JSON object."""
        return {
            "version": VERSION,
            "registries": list(self.registries),
            "shard": str(self.shard) if self.shard.total > 1 else None,
            "recursive": self.recursive,
            "policy": self.policy,
            "startedAt": format_rfc3339(self.started_at),
            "endsWithin": self.ends_within,
        }

    @classmethod
    def from_json(cls, members: Members) -> Self:
        """Parses a JSON object.

        Raises:
            DocumentError: A member is absent, unknown or of another form, or the version is not known.
        """
        if members.integer("version") != VERSION:
            raise DocumentError(f"{members.where}: version {members.integer('version')} is not supported")
        members.only(*_MEMBERS)
        shard = members.value.get("shard", "")
        try:
            header = cls(
                members.texts("registries"),
                Shard() if shard is None else parse_shard(members.text("shard")),
                members.boolean("recursive"),
                members.text("policy"),
                parse_rfc3339(members.text("startedAt")),
                members.integer("endsWithin"),
            )
        except (ValueError, UsageError) as error:
            raise DocumentError(f"{members.where}: {error}") from None
        if header.started_at.year > _LAST_YEAR or not 0 <= header.ends_within <= _LONGEST:
            raise DocumentError(f"{members.where}: 'startedAt' or 'endsWithin' is out of range")
        return header


def policy_digest(verifier: VerifierOptions[TrustPolicyDocument]) -> str:
    """Returns the digest of all settings that decide about verdicts, but for those of revocation checks and plugins.

    A trust store that cannot be read counts by its error, which is that of each signature.
    """
    statements = []
    for policy in verifier.policies.policies:
        stores = {str(store): _certificates(verifier, store) for store in policy.stores}
        level = [policy.level.name, dict(policy.level.actions)]
        statements.append([policy.name, policy.scopes, level, stores, policy.identities, policy.verify_timestamp])
    content = dumps([statements, verifier.max_signatures, verifier.max_envelope_size])
    return f"sha256:{sha256(content).hexdigest()}"


def _certificates(verifier: VerifierOptions[TrustPolicyDocument], store: Any) -> Iterable[str]:
    try:
        return sorted(sha256(der).hexdigest() for der in verifier.store.certificates(store))
    except NotarykitError as error:
        return [error.message]
