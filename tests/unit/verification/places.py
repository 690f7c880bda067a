"""Repositories in memory."""

from collections.abc import Iterator

from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.envelope.unverified import LARGEST_ENVELOPE
from notarykit.errors import NotarykitError
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.repository import Repository, StoredSignature
from tests.support.envelopes import JWS
from tests.unit.verification.setting import ARTIFACT


class Place(Repository):
    """Repository in memory with one artifact; a signature that is an error is raised when it is fetched.

    Attributes:
        fetched: Digests of the signatures that were fetched, in order.
        resolved: Identifiers that were resolved, in order.
    """

    def __init__(self, *signatures: bytes | NotarykitError, artifact: Descriptor = ARTIFACT) -> None:
        """Takes envelopes, or errors in their places."""
        self._signatures = signatures
        self._artifact = artifact
        self.fetched: list[str] = []
        self.resolved: list[str] = []

    def resolve(self, identifier: Tag | Digest) -> Descriptor:
        """Returns the artifact."""
        self.resolved.append(identifier)
        return self._artifact

    def signatures(self, subject: Descriptor) -> Iterator[Descriptor]:
        """Yields the signatures in their order."""
        assert subject == self._artifact
        for number in range(len(self._signatures)):
            yield Descriptor("application/vnd.oci.image.manifest.v1+json", manifest_digest(number), 1)

    def fetch_signature(self, manifest: Descriptor, largest: int = LARGEST_ENVELOPE) -> StoredSignature:
        """Returns an envelope."""
        self.fetched.append(manifest.digest)
        found = next(each for number, each in enumerate(self._signatures) if manifest_digest(number) == manifest.digest)
        if isinstance(found, NotarykitError):
            raise found
        return StoredSignature(manifest, JWS, found)

    def push_signature(self, *_: object) -> Descriptor:
        """Fails the test."""
        raise AssertionError("verifying writes nothing")


def manifest_digest(number: int) -> str:
    """Returns the digest of the manifest of a signature, by its position."""
    return digest_of(b"signature %d" % number)
