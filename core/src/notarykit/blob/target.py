"""Blob that a signature has to be for (signing and verification workflow, "Arbitrary blob verification workflow")."""

from typing import NamedTuple

from notarykit.blob.content import Blob
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import IntegrityError
from notarykit.keys.spec import KeySpec
from notarykit.oci.manifest import MANIFEST_TYPES


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
            raise _other(signed, f"the media type {signed.media_type!r}, not for {self.media_type!r}")
        algorithm = signed.digest.partition(":")[0]
        if algorithm != key_spec.digest_algorithm:
            needed = key_spec.digest_algorithm
            raise _other(signed, f"a digest by {algorithm}, and a key of {key_spec.name} signs blobs by {needed}")
        size = self.blob.size()
        if size is not None and size != signed.size:
            raise _other(signed, f"{signed.size} bytes, and {self.blob.name} has {size}")
        return self.blob.describe(signed.media_type, algorithm)


def _other(signed: Descriptor, what: str) -> IntegrityError:
    is_of_artifact = signed.media_type in MANIFEST_TYPES
    advice = f"it is of an artifact, {signed.media_type}: see 'notarykit verify'" if is_of_artifact else ""
    return IntegrityError(f"the signature is for {what}", advice=advice)
