"""Signature manifests, which tie an envelope to its artifact.

Signature specification, "OCI Signatures"; OCI image specification, manifest.md.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeVar

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit._internal.strict_json import DocumentError, GoMembers, Members, dumps, loads
from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.errors import ContentError, NotAnIndexError, StorageError

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE_INDEX = "application/vnd.oci.image.index.v1+json"
INDEX_TYPES = (IMAGE_INDEX, "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFEST_TYPES = (
    IMAGE_MANIFEST,
    *INDEX_TYPES,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.artifact.manifest.v1+json",
)
SIGNATURE_TYPE = "application/vnd.cncf.notary.signature"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"

THUMBPRINTS = "io.cncf.notary.x509chain.thumbprint#S256"
CREATED = "org.opencontainers.image.created"

# The largest manifest that the reference implementation reads.
LARGEST_MANIFEST = 4 * 1024 * 1024
DEEPEST_INDEX = 8

EMPTY_CONFIG = b"{}"
EMPTY_CONFIG_DIGEST = digest_of(EMPTY_CONFIG)

# `current` has the type in `artifactType`; `older` has it in `config.mediaType`, for tools that know only that.
ManifestForm = Literal["current", "older"]

_Entry = TypeVar("_Entry")


def is_manifest_type(media_type: str) -> bool:
    """Returns True for a media type of manifests, in any case and with any parameters (RFC 9110, section 8.3.1)."""
    return media_type.partition(";")[0].rstrip().lower() in MANIFEST_TYPES


class SignatureManifest(NamedTuple):
    """Signature manifest: the artifact that the signature is attached to, and its envelope.

    Attributes:
        subject: Descriptor of the artifact.
        envelope: Descriptor of the envelope; its media type is the envelope's format.
        annotations: Annotations of the manifest.
    """

    subject: Descriptor
    envelope: Descriptor
    annotations: Mapping[str, str]


def signature_annotations(thumbprints: Sequence[str], signed_at: datetime) -> dict[str, str]:
    """Returns the annotations that the specification requires of a signature manifest.

    Args:
        thumbprints: SHA-256 of each certificate of the chain, leaf first, in lower-case hexadecimal.
        signed_at: Signing time, the authentic one if there is one.
    """
    return {THUMBPRINTS: dumps(list(thumbprints)).decode("ascii"), CREATED: format_rfc3339(signed_at)}


def make_signature_manifest(
    subject: Descriptor, envelope: Descriptor, annotations: Mapping[str, str], *, form: ManifestForm
) -> bytes:
    """Returns the manifest of a new signature.

    Args:
        subject: Descriptor of the artifact.
        envelope: Descriptor of the envelope.
        annotations: Annotations of the manifest.
        form: Member that has the artifact type.

    Raises:
        StorageError: It would be larger than what is read.
    """
    config: dict[str, Any] = {
        "mediaType": EMPTY_TYPE if form == "current" else SIGNATURE_TYPE,
        "digest": EMPTY_CONFIG_DIGEST,
        "size": len(EMPTY_CONFIG),
    }
    if form == "current":
        config["data"] = "e30="
    manifest: dict[str, Any] = {"schemaVersion": 2, "mediaType": IMAGE_MANIFEST}
    if form == "current":
        manifest["artifactType"] = SIGNATURE_TYPE
    manifest["config"] = config
    manifest["layers"] = [_bare(envelope)]
    manifest["subject"] = _bare(subject)
    manifest["annotations"] = dict(annotations)
    content = dumps(manifest)
    if len(content) > LARGEST_MANIFEST:  # no reader would accept the signature
        raise StorageError(f"the signature's manifest would have {len(content)} bytes, more than {LARGEST_MANIFEST}")
    return content


def _bare(descriptor: Descriptor) -> dict[str, Any]:
    return Descriptor(descriptor.media_type, descriptor.digest, descriptor.size).to_json()


def is_signature_manifest(manifest: Members) -> bool:
    """Tells whether a manifest has the type of a signature, in the current or in the older form.

    It may be malformed otherwise: `read_signature_manifest` says so where it is read.
    """
    if manifest.value.get("artifactType"):
        return bool(manifest.value["artifactType"] == SIGNATURE_TYPE)
    config = manifest.value.get("config")
    return isinstance(config, dict) and config.get("mediaType") == SIGNATURE_TYPE


def parse_manifest(content: bytes) -> GoMembers:
    """Parses a manifest.

    Raises:
        DocumentError: It is no JSON object.
    """
    return GoMembers(loads(content), "manifest")


def read_signature_manifest(manifest: bytes | GoMembers, digest: str) -> SignatureManifest:
    """Reads a signature manifest.

    Args:
        manifest: Bytes of the manifest, or its members where it was parsed before.
        digest: Digest of the manifest, for messages.

    Raises:
        ContentError: It is not what the specification prescribes; the message names the member.
    """
    try:
        members = parse_manifest(manifest) if isinstance(manifest, bytes) else manifest
        if members.text("mediaType") != IMAGE_MANIFEST:
            raise DocumentError(f"'mediaType' is not {IMAGE_MANIFEST!r}")
        if not is_signature_manifest(members):
            raise DocumentError(f"neither 'artifactType' nor 'config.mediaType' is {SIGNATURE_TYPE!r}")
        config = Descriptor.from_json(members.object("config"))
        if members.value.get("artifactType") and config.media_type != EMPTY_TYPE:
            # "When `artifactType` exists, `mediaType` MUST be `application/vnd.oci.empty.v1+json`."
            raise DocumentError(f"'artifactType' is {SIGNATURE_TYPE!r}, but 'config.mediaType' is not {EMPTY_TYPE!r}")
        layers = members.array("layers")
        if len(layers) != 1:
            raise DocumentError(f"'layers' has {len(layers)} entries, not the one envelope")
        return SignatureManifest(
            Descriptor.from_json(members.object("subject")),
            Descriptor.from_json(GoMembers(layers[0], "manifest: layer")),
            members.text_map("annotations"),
        )
    except DocumentError as error:
        raise ContentError(f"signature manifest {digest} is malformed: {error}") from None


def check_media_type(descriptor: Descriptor, manifest: GoMembers, source: str) -> None:
    """Refuses a manifest whose member `mediaType` is another than its descriptor's.

    Args:
        descriptor: Descriptor of the manifest.
        manifest: The manifest.
        source: Origin of the descriptor's media type, for messages.

    Raises:
        ContentError: It is another.
        DocumentError: The member is no string.
    """
    own = manifest.text("mediaType", descriptor.media_type)
    if own != descriptor.media_type:
        raise ContentError(f"manifest {descriptor.digest} has another media type than {source}")


def read_index(content: bytes, name: str, read: Callable[[GoMembers], _Entry]) -> list[_Entry]:
    """Returns the entries of an image index; some tools write null for an empty list.

    Args:
        content: Bytes of the index.
        name: Name of the index, for messages.
        read: Function that parses an entry.

    Raises:
        NotAnIndexError: It is malformed.
    """
    try:
        index = GoMembers(loads(content), "index")
        items = [] if index.value.get("manifests", ()) is None else index.array("manifests")
        return [read(GoMembers(item, f"manifest {number}")) for number, item in enumerate(items, 1)]
    except DocumentError as error:
        raise NotAnIndexError(f"{name} is malformed: {error}") from None


def parse_index(content: bytes, name: str) -> list[Descriptor]:
    """Returns the descriptors in an image index.

    Raises:
        NotAnIndexError: It is malformed.
    """
    return read_index(content, name, Descriptor.from_json)
