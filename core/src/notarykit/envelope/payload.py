"""Payload: the JSON document with the descriptor of the artifact or blob (signature specification, "Payload")."""

import base64
from collections.abc import Mapping

from notarykit._internal.strict_json import DocumentError, Members, dumps, loads
from notarykit.envelope.descriptor import Descriptor, is_content_type
from notarykit.errors import EnvelopeError, UsageError

MEDIA_TYPE = "application/vnd.cncf.notary.payload.v1+json"

# "The prefix `io.cncf.notary` in annotations key is reserved for use in Notary Project signature."
RESERVED_PREFIX = "io.cncf.notary"

# image-spec, "OCI Content Descriptors".
_DESCRIPTOR_MEMBERS = ("mediaType", "digest", "size", "annotations", "urls", "data", "platform", "artifactType")

_MOST_PARTS = 100_000


def make_payload(target: Descriptor, user_metadata: Mapping[str, str]) -> bytes:
    """Encodes the payload: media type, digest and size of the artifact or blob, with user metadata as annotations.

    Raises:
        UsageError: The media type is malformed, a metadata key is reserved, or the metadata is not UTF-8 text.
    """
    if not is_content_type(target.media_type):
        raise UsageError(f"what is to be signed has the media type {target.media_type!r}, which is malformed")
    for key, value in user_metadata.items():
        if not (isinstance(key, str) and isinstance(value, str)):
            raise UsageError(f"user metadata {key!r} and its value must be strings")
        if key.startswith(RESERVED_PREFIX):
            raise UsageError(f"user metadata key {key!r} starts with the reserved prefix {RESERVED_PREFIX!r}")
    described = target.bare._replace(annotations=dict(sorted(user_metadata.items())))
    try:
        return dumps({"targetArtifact": described.to_json()})
    except UnicodeEncodeError:
        raise UsageError("user metadata is not UTF-8") from None


def read_payload(payload: bytes) -> Descriptor:
    """Parses the payload and returns the descriptor of the artifact or blob; its annotations are the user metadata.

    Raises:
        EnvelopeError: The payload is malformed.
    """
    try:
        document = Members(loads(payload, _MOST_PARTS), "payload")
        document.no_look_alikes("targetArtifact")
        target = document.object("targetArtifact")
        target.no_look_alikes(*_DESCRIPTOR_MEMBERS)
        _check_unused(target)
        return Descriptor.from_json(target)
    except DocumentError as error:
        text = str(error)
        raise EnvelopeError(text if text.startswith("payload") else f"payload: {text}") from None


def _check_unused(target: Members) -> None:
    """Refuses members of a descriptor that are malformed, though nothing here uses them: other readers may."""
    target.texts("urls", ())
    data = target.text("data", "")
    try:
        base64.b64decode(data, validate=True)
    except ValueError:
        raise DocumentError(f"{target.where}: 'data' must be base64") from None
    if "platform" in target:
        platform = target.object("platform")
        for name in ("architecture", "os", "os.version", "variant"):
            platform.text(name, "")
        platform.texts("os.features", ())


def unknown_members(payload: bytes) -> list[str]:
    """Returns the names of members that the specification does not define, of a payload that `read_payload` accepts."""
    document = Members(loads(payload, _MOST_PARTS), "payload")
    return [*document.unknown("targetArtifact"), *document.object("targetArtifact").unknown(*_DESCRIPTOR_MEMBERS)]
