"""Records of an audit: one for each artifact, with its signatures.

All text in a record comes from registries, envelopes and certificates: outputs escape it for their own format.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self

from notarykit._internal.rfc3339 import format_rfc3339, parse_rfc3339
from notarykit._internal.strict_json import DocumentError, Members
from notarykit.envelope.descriptor import check_digest


class ArtifactVerdict(StrEnum):
    """Verdict on an artifact, the same as that of `verify`."""

    VERIFIED = "verified"
    AUDITED = "audited"
    """The policy lets a signer pass whom it does not trust."""
    SKIPPED = "skipped"
    """The policy's level is `skip`: no signature was verified."""
    FAILED = "failed"
    """There are signatures, and none was accepted."""
    UNSIGNED = "unsigned"
    NO_POLICY = "no-policy"
    """No trust policy statement applies, so the artifact is not trusted."""
    UNKNOWN = "unknown"
    """The artifact, or the list of its signatures, could not be read."""


GOOD = (ArtifactVerdict.VERIFIED, ArtifactVerdict.AUDITED, ArtifactVerdict.SKIPPED)
"""Verdicts with which the policy permits the use of an artifact."""


class SignatureOutcome(StrEnum):
    """Outcome of one signature under the policy."""

    ACCEPTED = "accepted"
    """The policy trusts the signer, who vouches for all facts of the record."""
    AUDITED = "audited"
    """The policy lets the signature pass; anyone may have written the facts of the record."""
    REFUSED = "refused"
    """The facts of the record are claims that nobody vouches for."""
    NOT_TRIED = "not tried"
    """The signature was not fetched, since no policy applies or the policy skips it."""


class RevocationOutcome(StrEnum):
    """Revocation status of a signer's chain."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    NOT_CHECKED = "not checked"
    """The policy does not ask for it, the signing certificate names no source, or an earlier step ended it."""


class EndsBy(StrEnum):
    """Reason why a verdict will end with nothing changed."""

    EXPIRY = "expiry"
    """The signature's own expiry."""
    CERTIFICATE = "certificate"
    """The earliest end in the signer's chain, where no timestamp keeps the signature good."""
    NOTHING = ""


class SignatureRecord(NamedTuple):
    """Signature of an artifact.

    Attributes:
        digest: Digest of the signature manifest.
        media_type: Format of the envelope, or an empty string where it could not be read.
        signer: Subject of the signing certificate (RFC 4514), or an empty string.
        issuer: Issuer of the signing certificate, or an empty string.
        thumbprint: SHA-256 of the signing certificate in lower-case hexadecimal, or an empty string.
        signed_at: Signing time, which is the signer's own word except in the scheme of a signing authority; or None.
        expiry: Expiry of the signature, or None.
        chain_ends: Earliest end of validity in the signer's chain, or None.
        timestamp: Time of the timestamp; verified only in a signature that was accepted; or None.
        timestamp_ends: Earliest end of validity in the timestamp authority's chain, or None.
        revocation: Revocation status of the signer's chain.
        outcome: Outcome under the policy, which says what the facts above are worth.
        reason: Reason why it was not accepted, one line, or an empty string.
    """

    digest: str
    media_type: str = ""
    signer: str = ""
    issuer: str = ""
    thumbprint: str = ""
    signed_at: datetime | None = None
    expiry: datetime | None = None
    chain_ends: datetime | None = None
    timestamp: datetime | None = None
    timestamp_ends: datetime | None = None
    revocation: RevocationOutcome = RevocationOutcome.NOT_CHECKED
    outcome: SignatureOutcome = SignatureOutcome.NOT_TRIED
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the JSON object; times are in RFC 3339, in UTC."""
        return _to_json(self)

    @classmethod
    def from_json(cls, members: Members) -> Self:
        """Parses a JSON object.

        Raises:
            DocumentError: A member is absent, unknown, or of another form.
        """
        enums = {"revocation": RevocationOutcome, "outcome": SignatureOutcome}
        return cls(**_from_json(members, cls, enums))


class ArtifactRecord(NamedTuple):
    """Artifact of the inventory: one digest in one repository.

    Attributes:
        registry: Registry, `host[:port]`.
        repository: Repository within the registry; malformed where the verdict is `unknown` for that reason.
        digest: Digest of the manifest; empty where a repository or tag could not be read.
        media_type: Media type of the manifest.
        artifact_type: Type of the artifact: `artifactType`, or the config's media type; or an empty string.
        size: Size of the manifest in bytes.
        tags: All its tags, sorted.
        platform: `os/architecture[/variant]` of an entry of an index, or an empty string.
        parent: Digest of the first index that lists it, or an empty string.
        verdict: Verdict under the policy.
        policy: Name of the trust policy statement, or an empty string.
        level: Verification level of the statement, or an empty string.
        reason: Reason of a verdict that is not good, one line, or an empty string.
        advice: Remedy, or an empty string.
        signatures: Its signatures, in the registry's order.
        ends: Time until which a good verdict holds with nothing changed; None if nothing ends it, or it is not good.
        ends_by: Reason of that end.
        audited_at: Time of the verdict.
    """

    registry: str
    repository: str
    digest: str
    media_type: str
    artifact_type: str
    size: int
    tags: tuple[str, ...]
    platform: str
    parent: str
    verdict: ArtifactVerdict
    policy: str
    level: str
    reason: str
    advice: str
    signatures: tuple[SignatureRecord, ...]
    ends: datetime | None
    ends_by: EndsBy
    audited_at: datetime

    @property
    def name(self) -> str:
        """Name of the repository, `registry/repository`; of the registry where it could not be read itself."""
        return f"{self.registry}/{self.repository}" if self.repository else self.registry

    @property
    def reference(self) -> str:
        """Reference with the digest; without one, with the tag that could not be read, if there is one."""
        if self.digest:
            return f"{self.name}@{self.digest}"
        return f"{self.name}:{self.tags[0]}" if self.tags else self.name

    @property
    def is_part(self) -> bool:
        """True if the artifact has no tag and an index lists it: a signature of the index covers it."""
        return bool(self.parent) and not self.tags

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the JSON object; times are in RFC 3339, in UTC."""
        return _to_json(self)

    @classmethod
    def from_json(cls, members: Members) -> Self:
        """Parses a JSON object.

        Raises:
            DocumentError: A member is absent, unknown, or of another form.
        """
        values = _from_json(members, cls, {"verdict": ArtifactVerdict, "ends_by": EndsBy})
        if values["audited_at"] is None:
            raise DocumentError(f"{members.where}: 'auditedAt' must not be null")
        try:
            if values["digest"]:
                check_digest(values["digest"])
        except ValueError as error:
            raise DocumentError(f"{members.where}: {error}") from None
        return cls(**values)


_TIMES = frozenset({"signed_at", "expiry", "chain_ends", "timestamp", "timestamp_ends", "ends", "audited_at"})


def _member(field: str) -> str:
    head, *rest = field.split("_")
    return head + "".join(map(str.capitalize, rest))


_MEMBERS = {field: _member(field) for field in (*SignatureRecord._fields, *ArtifactRecord._fields)}


def _to_json(record: SignatureRecord | ArtifactRecord) -> dict[str, Any]:
    return {_MEMBERS[field]: _value(value) for field, value in record._asdict().items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_rfc3339(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [item.to_json() if isinstance(item, SignatureRecord) else item for item in value]
    return value


def _from_json(members: Members, kind: type[Any], enums: Mapping[str, type[StrEnum]]) -> dict[str, Any]:
    fields: tuple[str, ...] = kind._fields
    members.only(*(_MEMBERS[field] for field in fields))
    return {field: _parsed(members, field, enums.get(field)) for field in fields}


def _parsed(members: Members, field: str, enum: type[StrEnum] | None) -> Any:
    member = _MEMBERS[field]
    if field == "tags":
        return members.texts(member)
    if field == "size":
        return members.integer(member)
    if field == "signatures":
        items = members.array(member)
        return tuple(SignatureRecord.from_json(Members(item, f"{members.where}: signature")) for item in items)
    if field in _TIMES and members.value.get(member, "") is None:
        return None
    text = members.text(member)
    try:
        if enum is not None:
            return enum(text)
        return parse_rfc3339(text) if field in _TIMES else text
    except ValueError as error:
        raise DocumentError(f"{members.where}: {member!r}: {error}") from None
