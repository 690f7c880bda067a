"""Signature manifests: which artifact a signature is for, and where its envelope is.

Signature specification, "OCI Signatures"; OCI image specification, manifest.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from notarykit._internal.strict_json import DocumentError, GoMembers, Members, dumps, loads
from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.errors import ContentError, StorageError

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE_INDEX = "application/vnd.oci.image.index.v1+json"
SIGNATURE_TYPE = "application/vnd.cncf.notary.signature"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"

THUMBPRINTS = "io.cncf.notary.x509chain.thumbprint#S256"
CREATED = "org.opencontainers.image.created"

# The largest manifest that the reference implementation reads.
LARGEST_MANIFEST = 4 * 1024 * 1024

EMPTY_CONFIG = b"{}"
EMPTY_CONFIG_DIGEST = digest_of(EMPTY_CONFIG)

# `current` has the type in `artifactType`; `older` has it in `config.mediaType`, for tools that know only that.
ManifestForm = Literal["current", "older"]


class SignatureManifest(NamedTuple):
    """A signature as it is stored: the artifact that it is attached to, and its envelope.

    Attributes:
        subject: The artifact's descriptor.
        envelope: The envelope's descriptor; its media type is the envelope's format.
        annotations: The manifest's annotations.
    """

    subject: Descriptor
    envelope: Descriptor
    annotations: Mapping[str, str]


def make_signature_manifest(
    subject: Descriptor,
    envelope: Descriptor,
    thumbprints: Sequence[str],
    created: str,
    *,
    form: ManifestForm,
    annotations: Mapping[str, str] | None = None,
) -> bytes:
    """The manifest of a new signature.

    Args:
        subject: The artifact.
        envelope: The envelope.
        thumbprints: The SHA-256 of every certificate of the chain, leaf first, in lower-case hexadecimal.
        created: The signing time in RFC 3339.
        form: Where the artifact type is written.
        annotations: Further annotations, such as a plugin's; the specification's own come last and count.
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
    manifest["annotations"] = {
        **(annotations or {}),
        THUMBPRINTS: dumps(list(thumbprints)).decode("ascii"),
        CREATED: created,
    }
    content = dumps(manifest)
    if len(content) > LARGEST_MANIFEST:  # nobody would find the signature again
        raise StorageError(f"the signature's manifest would have {len(content)} bytes, more than {LARGEST_MANIFEST}")
    return content


def _bare(descriptor: Descriptor) -> dict[str, Any]:
    return Descriptor(descriptor.media_type, descriptor.digest, descriptor.size).to_json()


def is_signature_manifest(manifest: Members) -> bool:
    """Whether a manifest says of itself that it is a signature, in the current or in the older form."""
    if manifest.value.get("artifactType"):
        return bool(manifest.value["artifactType"] == SIGNATURE_TYPE)
    config = manifest.value.get("config")
    return isinstance(config, dict) and config.get("mediaType") == SIGNATURE_TYPE


def read_signature_manifest(content: bytes, digest: str) -> SignatureManifest:
    """A signature manifest out of JSON.

    Args:
        content: The manifest's bytes.
        digest: Its digest, for messages.

    Raises:
        ContentError: It is not what the specification prescribes; the message names the member.
    """
    try:
        manifest = GoMembers(loads(content), "manifest")
        if manifest.text("mediaType") != IMAGE_MANIFEST:
            raise DocumentError(f"'mediaType' is not {IMAGE_MANIFEST!r}")
        if not is_signature_manifest(manifest):
            raise DocumentError(f"neither 'artifactType' nor 'config.mediaType' is {SIGNATURE_TYPE!r}")
        layers = manifest.array("layers")
        if len(layers) != 1:
            raise DocumentError(f"'layers' has {len(layers)} entries, not the one envelope")
        return SignatureManifest(
            Descriptor.from_json(manifest.object("subject")),
            Descriptor.from_json(GoMembers(layers[0], "manifest: layer")),
            manifest.text_map("annotations"),
        )
    except DocumentError as error:
        raise ContentError(f"signature manifest {digest} is malformed: {error}") from None
