"""The payload that is signed: a JSON document that names the artifact (signature specification, "Payload")."""

from collections.abc import Mapping

from notarykit._internal.strict_json import DocumentError, Members, dumps, loads
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import EnvelopeError, UsageError

MEDIA_TYPE = "application/vnd.cncf.notary.payload.v1+json"

# "The prefix `io.cncf.notary` in annotations key is reserved for use in Notary Project signature."
RESERVED_PREFIX = "io.cncf.notary"

# What a descriptor may have (OCI image specification, "OCI Content Descriptors").
_OF_A_DESCRIPTOR = ("mediaType", "digest", "size", "annotations", "urls", "data", "platform", "artifactType")

_MOST_PARTS = 100_000


def make_payload(target: Descriptor, user_metadata: Mapping[str, str]) -> bytes:
    """The payload for an artifact: its media type, digest and size, with the user's metadata as annotations.

    Raises:
        UsageError: A key of the metadata is reserved, or the metadata is not text that can be written as UTF-8.
    """
    for key, value in user_metadata.items():
        if not (isinstance(key, str) and isinstance(value, str)):
            raise UsageError(f"user metadata {key!r} must be text, and so must its value")
        if key.startswith(RESERVED_PREFIX):
            raise UsageError(f"user metadata key {key!r} starts with the reserved prefix {RESERVED_PREFIX!r}")
    bare = Descriptor(target.media_type, target.digest, target.size, dict(sorted(user_metadata.items())))
    try:
        return dumps({"targetArtifact": bare.to_json()})
    except UnicodeEncodeError:
        raise UsageError("user metadata holds what is not UTF-8") from None


def read_payload(payload: bytes) -> Descriptor:
    """The descriptor of the artifact that a payload names; its annotations are the user's metadata.

    Raises:
        EnvelopeError: The payload is not the JSON document that the specification describes.
    """
    try:
        document = Members(loads(payload, _MOST_PARTS), "payload")
        document.no_look_alikes("targetArtifact")
        target = document.object("targetArtifact")
        target.no_look_alikes("mediaType", "digest", "size", "annotations", "artifactType")
        return Descriptor.from_json(target)
    except DocumentError as error:
        text = str(error)
        raise EnvelopeError(text if text.startswith("payload") else f"payload: {text}") from None


def unknown_members(payload: bytes) -> list[str]:
    """The names of members that no payload has, of one that `read_payload` has read."""
    document = Members(loads(payload, _MOST_PARTS), "payload")
    return [*document.unknown("targetArtifact"), *document.object("targetArtifact").unknown(*_OF_A_DESCRIPTOR)]
