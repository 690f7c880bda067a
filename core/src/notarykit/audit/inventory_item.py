"""Items of the inventory, before they are audited."""

from datetime import datetime
from typing import Any, NamedTuple

from notarykit._internal.rfc3339 import utc_now
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict, EndsBy
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitError

_NOTHING = Descriptor("", "", 0)


class InventoryItem(NamedTuple):
    """Artifact in a repository.

    Attributes:
        registry: Registry, `host[:port]`.
        repository: Repository within the registry.
        descriptor: Descriptor of the manifest; empty for what could not be read.
        artifact_type: Type of the artifact, or an empty string.
        tags: All its tags, sorted.
        platform: Platform of an entry of an index, or an empty string.
        parent: Digest of the first index that lists it, or an empty string.
    """

    registry: str
    repository: str
    descriptor: Descriptor = _NOTHING
    artifact_type: str = ""
    tags: tuple[str, ...] = ()
    platform: str = ""
    parent: str = ""

    @property
    def digest(self) -> str:
        """Digest of the manifest, or an empty string."""
        return self.descriptor.digest

    @property
    def reference(self) -> str:
        """Reference with the digest."""
        return f"{self.scope}@{self.digest}"

    @property
    def scope(self) -> str:
        """The repository as trust policies name it in their scopes."""
        return f"{self.registry}/{self.repository}"

    def record(self, verdict: ArtifactVerdict, now: datetime, **facts: Any) -> ArtifactRecord:
        """Returns the artifact's record, with further members by their names."""
        record = ArtifactRecord(
            self.registry,
            self.repository,
            self.descriptor.digest,
            self.descriptor.media_type,
            self.artifact_type,
            self.descriptor.size,
            self.tags,
            self.platform,
            self.parent,
            verdict,
            policy="",
            level="",
            reason="",
            advice="",
            signatures=(),
            ends=None,
            ends_by=EndsBy.NOTHING,
            audited_at=now.replace(microsecond=0),
        )
        return record._replace(**facts)

    def unknown(self, error: NotarykitError) -> ArtifactRecord:
        """Returns the record of an artifact, tag or repository that could not be read."""
        return self.record(ArtifactVerdict.UNKNOWN, utc_now(), reason=error.message, advice=error.advice)
