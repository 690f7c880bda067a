"""Blob that a signature has to be for (signing and verification workflow, "Arbitrary blob verification workflow")."""

from typing import NamedTuple

from notarykit.blob.content import Blob
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import IntegrityError
from notarykit.keys.spec import KeySpec


class BlobTarget(NamedTuple):
    """Blob that a signature has to be for.

    Attributes:
        blob: The blob.
        media_type: Media type that must have been signed, or an empty string where any will do.
    """

    blob: Blob
    media_type: str = ""

    def describe(self, signed: Descriptor, key_spec: KeySpec) -> Descriptor:
        """Reads the blob and returns its descriptor, as a signer with a key of this spec would sign it.

        Args:
            signed: Descriptor that was signed.
            key_spec: Spec of the signing key, which decides the hash algorithm (signature specification, "Payload").

        Raises:
            IntegrityError: The signature is for another media type, of another hash algorithm, or for another size, so
                that the blob need not be read.
            StorageError: The blob cannot be read, or has changed while it was read.
        """
        if self.media_type and signed.media_type != self.media_type:
            raise IntegrityError(
                f"the signature is for the media type {signed.media_type!r}, not for {self.media_type!r}"
            )
        algorithm = signed.digest.partition(":")[0]
        if algorithm != key_spec.digest_algorithm:
            raise IntegrityError(
                f"the blob was signed by its {algorithm} digest, and a key of {key_spec.name} "
                f"has to sign that by {key_spec.digest_algorithm}"
            )
        size = self.blob.size()
        if size is not None and size != signed.size:
            raise IntegrityError(f"the signature is for {signed.size} bytes, and {self.blob.name} has {size}")
        return self.blob.describe(signed.media_type, algorithm)
