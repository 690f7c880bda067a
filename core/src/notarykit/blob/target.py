"""Blob that a signature has to be for (signing and verification workflow, "Arbitrary blob verification workflow")."""

from typing import NamedTuple

from notarykit.blob.content import Blob
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import IntegrityError
from notarykit.keys.spec import KeySpec
from notarykit.oci.manifest import is_manifest_type


class BlobTarget(NamedTuple):
    """Blob that a signature has to be for.

    Attributes:
        blob: The blob.
        media_type: Media type that must have been signed, or an empty string where any will do that no artifact has.
    """

    blob: Blob
    media_type: str = ""

    def describe(self, signed: Descriptor, key_spec: KeySpec) -> Descriptor:
        """Reads the blob and returns its descriptor, as a signer with a key of this spec would sign it.

        Args:
            signed: Descriptor that was signed.
            key_spec: Spec of the signing key, which decides the hash algorithm (signature specification, "Payload").

        Raises:
            IntegrityError: The signature is of an artifact, for another media type, of another hash algorithm, or for
                another size, so that the blob need not be read.
            StorageError: The blob cannot be read, or has changed while it was read.
        """
        if not self.media_type and is_manifest_type(signed.media_type):
            raise IntegrityError(
                f"the signature is of an artifact ({signed.media_type}), and not of a blob",
                advice="see 'notarykit verify'; where a file is to be that very manifest, name its media type",
            )
        if self.media_type and signed.media_type != self.media_type:
            raise IntegrityError(
                f"the signature is for the media type {signed.media_type!r}, not for {self.media_type!r}"
            )
        algorithm = signed.digest.partition(":")[0]
        if algorithm != key_spec.digest_algorithm:
            needed = key_spec.digest_algorithm
            raise IntegrityError(
                f"the signature is for a digest by {algorithm}, and a key of {key_spec.name} signs blobs by {needed}"
            )
        size = self.blob.size()
        if size is not None and size != signed.size:
            raise IntegrityError(f"the signature is for {signed.size} bytes, and {self.blob.name} has {size}")
        found = self.blob.describe(signed.media_type, algorithm, signed.size)
        if found.size > signed.size:
            raise IntegrityError(f"the signature is for {signed.size} bytes, and {self.blob.name} has more")
        return found
