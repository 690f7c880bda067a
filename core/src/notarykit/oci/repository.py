"""Repositories: places that hold artifacts and their signatures."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.unverified import LARGEST_ENVELOPE
from notarykit.errors import SignatureSizeError, StorageError
from notarykit.oci.reference import Digest, Tag


class StoredSignature(NamedTuple):
    """Signature envelope that was fetched.

    Attributes:
        manifest: Descriptor of the signature manifest.
        media_type: Format of the envelope, `application/jose+json` or `application/cose`.
        envelope: Bytes of the envelope, whose digest and size were checked.
    """

    manifest: Descriptor
    media_type: str
    envelope: bytes


class PushedSignature(Protocol):
    """Signature that is stored, and may not be listed yet among its artifact's signatures."""

    @property
    def manifest(self) -> Descriptor:
        """Descriptor of the signature manifest."""

    def is_listed(self, *, wait: bool = True) -> bool:
        """Tells whether the signature is listed to stay, so that others find it.

        Args:
            wait: Waits until it is; without, the answer may be that it is too early to tell.

        Raises:
            UnlistedSignatureError: The list cannot be written.
        """


class ListedSignature(NamedTuple):
    """Signature that was listed when it was stored."""

    manifest: Descriptor

    def is_listed(self, *, wait: bool = True) -> bool:
        """Returns true."""
        del wait
        return True


class Repository(Protocol):
    """Place that holds artifacts and their signatures: an image layout, or a repository of a registry.

    Derive from it for places of your own (signature specification, "OCI Signatures"). Whatever is read by digest is to
    be checked against it. An artifact's descriptor has the media type, digest and size of its manifest and no
    annotations, since those three are what is signed and compared.
    """

    def resolve(self, identifier: Tag | Digest) -> Descriptor:
        """Returns the descriptor of an artifact's manifest; a `Tag` is never taken for a digest, whatever its form.

        Raises:
            ArtifactNotFoundError: There is no such artifact.
            StorageError: The repository cannot be read, or is malformed.
        """

    def fetch_manifest(self, identifier: Tag | Digest) -> tuple[Descriptor, bytes]:
        """Returns what `resolve` returns, and the content of the manifest; for repositories that hold image indexes.

        Raises:
            ArtifactNotFoundError: There is no such manifest.
            StorageError: It cannot be read, or is malformed.
        """
        raise StorageError(f"{type(self).__name__} does not return the content of {identifier}")

    def fetch_blob(self, descriptor: Descriptor, largest: int) -> bytes:  # noqa: ARG002 - for those that can
        """Returns the content of a blob; for repositories that hold image indexes without platforms.

        Raises:
            StorageError: It is absent, larger than `largest` bytes, or does not have its digest (`ContentError`).
        """
        raise StorageError(f"{type(self).__name__} does not return the content of {descriptor.digest}")

    def stream_blob(self, descriptor: Descriptor, sink: Callable[[bytes], object]) -> None:
        """Passes the content of a blob of any size to a sink, piece by piece; for repositories that can.

        Args:
            descriptor: Descriptor of the blob.
            sink: Function that takes a piece. What it was given counts only once this method has returned.

        Raises:
            StorageError: The blob is absent, breaks off, or does not have its digest (`ContentError`).
        """
        sink(self.fetch_blob(descriptor, descriptor.size))

    def signatures(self, subject: Descriptor) -> Iterator[Descriptor]:
        """Yields the descriptors of the signature manifests of an artifact, in the repository's order.

        Nothing of them is trusted: one that turns out to be no signature fails when it is fetched.

        Raises:
            StorageError: They cannot be listed.
        """

    def resolve_with_signatures(self, identifier: Tag | Digest) -> tuple[Descriptor, Iterator[Descriptor]]:
        """Returns `resolve` and `signatures` together; for repositories that can request both at the same time."""
        artifact = self.resolve(identifier)
        return artifact, self.signatures(artifact)

    def fetch_signature(self, manifest: Descriptor, largest: int = LARGEST_ENVELOPE) -> StoredSignature:
        """Returns the envelope of a signature.

        Args:
            manifest: Descriptor of the signature manifest, out of `signatures`.
            largest: Limit for the manifest and for the envelope, in bytes; what is larger is not fetched.

        Raises:
            SignatureSizeError: One of them is larger.
            StorageError: It is absent, malformed, or does not have its digest (`ContentError`).
        """

    def push_signature(
        self, subject: Descriptor, media_type: str, envelope: bytes, annotations: Mapping[str, str]
    ) -> Descriptor:
        """Stores a signature beside its artifact, wholly or not at all, and waits until it is listed.

        Args:
            subject: Descriptor of the artifact.
            media_type: Format of the envelope, `application/jose+json` or `application/cose`.
            envelope: Bytes of the envelope.
            annotations: Annotations of the signature manifest, those that the specification requires included: the
                SHA-256 thumbprints of the chain, leaf first, as a JSON array of lower-case hexadecimal texts under
                `io.cncf.notary.x509chain.thumbprint#S256`, and the signing time in RFC 3339 under
                `org.opencontainers.image.created`.

        Returns:
            The descriptor of the signature manifest.

        Raises:
            UnlistedSignatureError: It is stored, and cannot be listed among the artifact's signatures.
            StorageError: It cannot be stored.
        """

    def begin_push(
        self, subject: Descriptor, media_type: str, envelope: bytes, annotations: Mapping[str, str]
    ) -> PushedSignature:
        """Stores a signature like `push_signature`; for repositories where listing it takes longer than storing it."""
        return ListedSignature(self.push_signature(subject, media_type, envelope, annotations))


def check_size(part: str, descriptor: Descriptor, largest: int) -> None:
    """Refuses a part of a signature that is larger than what is read, before it is fetched.

    Raises:
        SignatureSizeError: It is larger.
    """
    if descriptor.size > largest:
        raise SignatureSizeError(
            f"signature's {part} {descriptor.digest} has {descriptor.size} bytes, more than the {largest} that are read"
        )
