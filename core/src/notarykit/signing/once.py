"""Signing of those artifacts alone that have no signature by the signer's certificate yet."""

import threading
from collections.abc import Iterator
from typing import NamedTuple

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.integrity import IntactEnvelope, check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.signer import EnvelopeSigner, Signer
from notarykit.envelope.unverified import UnverifiedEnvelope
from notarykit.errors import NotarykitError
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.repository import PushedSignature, Repository
from notarykit.signing.artifact import SignedArtifact, begin_signing
from notarykit.signing.envelope import sign_descriptor
from notarykit.signing.options import DEFAULT_OPTIONS, SignOptions
from notarykit.verification.options import MAX_SIGNATURES
from notarykit.verification.signatures import fetch_signatures


class AlreadySigned(NamedTuple):
    """Signature by the signer's certificate that an artifact has already.

    Attributes:
        artifact: Descriptor of the artifact.
        manifest: Descriptor of the signature's manifest.
        content: Content of the envelope, whose integrity was checked.
    """

    artifact: Descriptor
    manifest: Descriptor
    content: IntactEnvelope


class SignOnce:
    """Signs the artifacts that have no signature by the signer's certificate yet; may be used from several threads.

    A signature counts, in either format, if its leaf certificate is the signer's, byte by byte; if it holds over the
    artifact's media type, digest and size; if it has not expired, and has all requested user metadata; and, where a
    timestamp is requested, if it has one. Trust, revocation and the timestamp's own validity are not examined.

    Signers return their certificate with a signature alone. So the first artifact that has a signature which may count
    is signed, and that signature dropped, to learn the certificate.

    Args:
        signer: Signer that holds the key.
        options: Options of signing.
    """

    def __init__(self, signer: Signer | EnvelopeSigner, options: SignOptions = DEFAULT_OPTIONS) -> None:
        self._signer = signer
        self._options = options
        self._leaf = b""
        self._lock = threading.Lock()

    def begin(
        self, repository: Repository, identifier: Tag | Digest
    ) -> tuple[SignedArtifact, PushedSignature] | AlreadySigned:
        """Signs an artifact like `begin_signing`, or returns the signature that it has.

        Raises:
            StorageError: The artifact or the list of its signatures cannot be read, or the signature not be stored.
            NotarykitError: As for `begin_signing`.
        """
        artifact, manifests = repository.resolve_with_signatures(identifier)
        # By digest, since a tag may be moved meanwhile.
        return self._found(repository, artifact, manifests) or begin_signing(
            repository, Digest(artifact.digest), self._signer, self._options
        )

    def find(self, repository: Repository, identifier: Tag | Digest) -> AlreadySigned | None:
        """Returns the signature that an artifact has, or None.

        Raises:
            StorageError: The artifact or the list of its signatures cannot be read.
            NotarykitError: The certificate cannot be learned, since the signer fails.
        """
        artifact, manifests = repository.resolve_with_signatures(identifier)
        return self._found(repository, artifact, manifests)

    def _found(
        self, repository: Repository, artifact: Descriptor, manifests: Iterator[Descriptor]
    ) -> AlreadySigned | None:
        for manifest, signature in fetch_signatures(repository, manifests, MAX_SIGNATURES):
            if isinstance(signature, NotarykitError):
                continue
            content = self._own(signature.envelope, signature.media_type, artifact)
            if content is not None:
                return AlreadySigned(artifact, manifest, content)
        return None

    def _own(self, envelope: bytes, media_type: str, artifact: Descriptor) -> IntactEnvelope | None:
        """Returns the content of a signature that counts; none of a stranger's is verified."""
        try:
            unverified = parse_envelope(envelope, media_type)
        except Exception:  # noqa: BLE001 - whatever one signature does, the others are looked at
            return None
        is_own = self._may_count(unverified) and unverified.unverified_chain[0] == self._certificate(artifact)
        try:
            content = check_integrity(unverified) if is_own else None
        except Exception:  # noqa: BLE001 - as above
            return None
        if content is None or not content.target.is_same_content(artifact):
            return None
        return content if self._options.user_metadata.items() <= content.target.annotations.items() else None

    def _may_count(self, unverified: UnverifiedEnvelope) -> bool:
        expiry = unverified.unverified_attributes.expiry
        has_timestamp = self._options.timestamper is None or unverified.timestamp_signature is not None
        return has_timestamp and (expiry is None or self._options.time() < expiry)

    def _certificate(self, artifact: Descriptor) -> bytes:
        """Returns the signer's leaf certificate, from a signature that is dropped."""
        with self._lock:
            if not self._leaf:
                signed = sign_descriptor(artifact, self._signer, self._options._replace(timestamper=None))
                self._leaf = signed.content.chain.ders[0]
            return self._leaf
