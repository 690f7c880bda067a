"""Plugins that are OCI artifacts: a manifest whose single layer is the published zip, tar.gz or executable."""

from io import BytesIO

from notarykit._internal.strict_json import DocumentError, GoMembers
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ContentError, StorageError
from notarykit.oci.manifest import IMAGE_MANIFEST, INDEX_TYPES, parse_manifest
from notarykit.oci.reference import Digest
from notarykit.oci.repository import Repository
from notarykit.plugin.install.source import PluginSource, check_size

TITLE = "org.opencontainers.image.title"
"""Annotation of a layer: the name of its file (OCI image specification, annotations.md)."""

_IMAGE_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)


def fetch_source(repository: Repository, artifact: Descriptor, name: str) -> PluginSource:
    """Fetches the plugin of an artifact.

    Args:
        repository: Repository that holds the artifact.
        artifact: Descriptor of its manifest, as it was verified.
        name: Name of the artifact for messages.

    Raises:
        StorageError: The artifact is no plugin, too large, or cannot be read.
        ContentError: A part of it is not what its digest says.
    """
    if artifact.media_type != IMAGE_MANIFEST:
        is_index = artifact.media_type in INDEX_TYPES
        raise StorageError(
            f"{name} is {'an image index' if is_index else f'of the type {artifact.media_type!r}'}, and not a plugin",
            advice="name the manifest for your platform" if is_index else "check the reference",
        )
    _, content = repository.fetch_manifest(Digest(artifact.digest))
    if not artifact.describes(content):
        raise ContentError(f"{name} is not what its digest says")
    try:
        layer = _layer(parse_manifest(content), name)
    except DocumentError as error:
        raise StorageError(f"the manifest of {name} is malformed: {error}") from None
    check_size(f"the layer of {name}", layer.size)
    received = BytesIO()
    repository.stream_blob(layer, received.write)
    if not layer.describes(received.getvalue()):
        raise ContentError(f"the layer of {name} is not what its digest says")
    # A title may have the folders that the file was pushed from.
    title = layer.annotations.get(TITLE, "").rpartition("/")[2]
    return PluginSource.held(received.getvalue(), name, title or "plugin")


def _layer(manifest: GoMembers, name: str) -> Descriptor:
    """Returns the descriptor of the only layer.

    Raises:
        StorageError: It is a container image, or has another number of layers.
        DocumentError: The manifest is malformed.
    """
    # Whoever may sign images does not thereby publish plugins, and no image runs as one by mistake.
    if Descriptor.from_json(manifest.object("config")).media_type in _IMAGE_CONFIGS:
        raise StorageError(f"{name} is a container image, and not a plugin", advice="check the reference")
    layers = manifest.array("layers")
    if len(layers) != 1:
        raise StorageError(f"{name} has {len(layers)} layers, and a plugin has one: its zip, tar.gz or executable")
    return Descriptor.from_json(GoMembers(layers[0], "manifest: layer"))
