"""What the roads of signing and verifying ask of the place where artifacts are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.unverified import LARGEST_ENVELOPE
from notarykit.errors import SignatureSizeError


class StoredSignature(NamedTuple):
    """A signature's envelope as it was fetched.

    Attributes:
        manifest: The descriptor of the signature manifest.
        media_type: The envelope's format.
        envelope: The envelope's bytes, whose digest and size were checked.
    """

    manifest: Descriptor
    media_type: str
    envelope: bytes


class Repository(Protocol):
    """A place that holds artifacts and their signatures: an image layout, or a repository of a registry."""

    def resolve(self, tag_or_digest: str) -> Descriptor:
        """The descriptor of an artifact.

        Raises:
            ArtifactNotFoundError: There is no such artifact.
            StorageError: The place cannot be read, or is malformed.
        """

    def signatures(self, subject: Descriptor) -> Iterator[Descriptor]:
        """The descriptors of the signature manifests that are attached to an artifact, in the place's order."""

    def fetch_signature(self, manifest: Descriptor, largest: int = LARGEST_ENVELOPE) -> StoredSignature:
        """A signature's envelope.

        Args:
            manifest: The descriptor of the signature manifest.
            largest: How large the manifest may be, and the envelope; what is larger is not fetched.

        Raises:
            SignatureSizeError: It is larger.
            StorageError: It is absent, too large, malformed, or not what its digest says.
        """

    def push_signature(
        self,
        subject: Descriptor,
        media_type: str,
        envelope: bytes,
        thumbprints: Sequence[str],
        created: str,
        annotations: Mapping[str, str],
    ) -> Descriptor:
        """Stores a signature beside its artifact and returns its manifest's descriptor; nothing is half stored.

        Raises:
            StorageError: It cannot be stored, or listed among the artifact's signatures (`UnlistedSignatureError`).
        """


class PushedSignature(Protocol):
    """A signature that is stored, and of which it may be too early to say that it stays listed."""

    @property
    def manifest(self) -> Descriptor:
        """The descriptor of the signature manifest."""

    def is_listed(self, *, wait: bool = True) -> bool:
        """Whether it is listed among its artifact's signatures to stay.

        Args:
            wait: Whether to wait until it is; otherwise it may be too early to say.

        Raises:
            UnlistedSignatureError: The list cannot be written.
        """


class _Listed(NamedTuple):
    manifest: Descriptor

    def is_listed(self, *, wait: bool = True) -> bool:
        del wait
        return True


def check_size(what: str, descriptor: Descriptor, largest: int) -> None:
    """Refuses what is larger than what is to be read, before it is fetched.

    Raises:
        SignatureSizeError: It is.
    """
    if descriptor.size > largest:
        raise SignatureSizeError(
            f"signature's {what} {descriptor.digest} has {descriptor.size} bytes, more than the {largest} that are read"
        )


def look_up(place: Repository, tag_or_digest: str) -> tuple[Descriptor, Iterator[Descriptor]]:
    """An artifact and its signature manifests; a place that has `resolve_with_signatures` is asked for both at once."""
    at_once = getattr(place, "resolve_with_signatures", None)
    if at_once is not None:
        found: tuple[Descriptor, Iterator[Descriptor]] = at_once(tag_or_digest)
        return found
    artifact = place.resolve(tag_or_digest)
    return artifact, place.signatures(artifact)


def push(
    place: Repository,
    subject: Descriptor,
    media_type: str,
    envelope: bytes,
    thumbprints: Sequence[str],
    created: str,
    annotations: Mapping[str, str],
) -> PushedSignature:
    """Stores a signature; a place that has `begin_push` need not be waited for, until the signature stays listed."""
    begin = getattr(place, "begin_push", None)
    if begin is not None:
        pushed: PushedSignature = begin(subject, media_type, envelope, thumbprints, created, annotations)
        return pushed
    return _Listed(place.push_signature(subject, media_type, envelope, thumbprints, created, annotations))
