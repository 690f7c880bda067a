"""Documents of a bundle: what it contains, as its manifest, its contents document and its index say it.

A bundle is an OCI image layout in a tar file (image specification, image-layout.md). Each document has one form alone:
a reader makes it again from what it has read and compares the bytes, so that no two readers understand it differently.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from notarykit._internal.rfc3339 import format_rfc3339, parse_rfc3339
from notarykit._internal.strict_json import DocumentError, Members, dumps, loads
from notarykit.envelope.descriptor import Descriptor, digest_of, is_digest
from notarykit.errors import StorageError
from notarykit.oci.layout import REF_NAME
from notarykit.oci.manifest import IMAGE_INDEX, IMAGE_MANIFEST, LARGEST_MANIFEST, SIGNATURE_TYPE
from notarykit.oci.reference import is_scope, is_tag

BUNDLE_TYPE = "application/vnd.notarykit.bundle.v1"
CONTENTS_TYPE = "application/vnd.notarykit.bundle.contents.v1+json"
TRUST_TYPE = "application/vnd.notarykit.bundle.trust.v1+json"
# RFC 6960, appendix C.2; RFC 2585, section 4.2.
EVIDENCE_TYPES = {"ocsp": "application/ocsp-response", "crl": "application/pkix-crl"}
# Other programs find the bundle's manifest under this tag.
BUNDLE_TAG = "notarykit-bundle"

_VERSION = "1.0"
_TITLE = "org.opencontainers.image.title"  # the name of the file that other programs extract
_URL, _SINCE, _UNTIL = (f"com.github.notarykit.evidence.{name}" for name in ("url", "since", "until"))
_ARTIFACT_MEMBERS = ("repository", "tag", "artifact", "signatures", "platform", "index")


class Content(StrEnum):
    """What a bundle holds of its artifacts."""

    FULL = "full"
    """Manifests and all blobs, so that the artifacts can be pushed."""
    MANIFEST = "manifest"
    """Manifests alone."""
    NONE = "none"
    """Nothing but their digests, which suffice to verify."""


class BundledArtifact(NamedTuple):
    """Artifact of a bundle.

    Attributes:
        repository: Repository that it comes from, `registry/repository`: the scope that selects the trust policy.
        tag: Tag by which it was named, or an empty string.
        artifact: Descriptor of its manifest.
        signatures: Descriptors of its signatures' manifests, in the order of their digests.
        platform: Platform in the image index that lists it, or an empty string.
        parent: Digest of that image index, or an empty string.
    """

    repository: str
    tag: str
    artifact: Descriptor
    signatures: tuple[Descriptor, ...]
    platform: str = ""
    parent: str = ""

    @property
    def reference(self) -> str:
        """Reference to the artifact by its digest."""
        return f"{self.repository}@{self.artifact.digest}"

    @property
    def name(self) -> str:
        """Name in the layout: the reference by the tag, or without one by the digest."""
        return f"{self.repository}:{self.tag}" if self.tag else self.reference

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the contents document."""
        members: dict[str, Any] = {
            "repository": self.repository,
            "tag": self.tag,
            "artifact": self.artifact.to_json(),
            "signatures": [signature.to_json() for signature in self.signatures],
            "platform": self.platform,
            "index": self.parent,
        }
        return {name: value for name, value in members.items() if value or name == "signatures"}

    @classmethod
    def from_json(cls, members: Members) -> "BundledArtifact":
        """Parses the members of the contents document.

        Raises:
            DocumentError: One is absent, unknown, or malformed.
        """
        members.only(*_ARTIFACT_MEMBERS)
        repository, tag, index = members.text("repository"), members.text("tag", ""), members.text("index", "")
        if not is_scope(repository):
            raise DocumentError(f"{members.where}: repository {repository!r} is not registry/repository in full")
        if tag and not is_tag(tag):
            raise DocumentError(f"{members.where}: tag {tag!r} is malformed")
        if index and not is_digest(index):
            raise DocumentError(f"{members.where}: index {index!r} is no digest")
        signatures = [Members(each, f"{members.where}: signature") for each in members.array("signatures")]
        return cls(
            repository,
            tag,
            _bare(members.object("artifact")),
            tuple(map(_bare, signatures)),
            members.text("platform", ""),
            index,
        )


def _bare(members: Members) -> Descriptor:
    """Parses a descriptor of media type, digest and size alone: the index of the layout would repeat everything else.

    Raises:
        DocumentError: It is malformed, or has more, such as a name under which other programs would find it.
    """
    descriptor = Descriptor.from_json(members)
    if descriptor.annotations or descriptor.artifact_type:
        raise DocumentError(f"{members.where}: {descriptor.digest} has annotations or an artifact type")
    return descriptor


class EvidencePart(NamedTuple):
    """OCSP response or CRL of a bundle.

    Attributes:
        kind: `ocsp` or `crl`.
        descriptor: Media type, digest and size.
        file: Name of the file for it.
        url: URL that it came from.
        since: Time from which it says something.
        until: Time until which it holds.
    """

    kind: str
    descriptor: Descriptor
    file: str
    url: str
    since: datetime
    until: datetime

    @property
    def layer(self) -> Descriptor:
        """Descriptor in the bundle's manifest."""
        times = {_SINCE: format_rfc3339(self.since), _UNTIL: format_rfc3339(self.until)}
        return self.descriptor._replace(annotations={_TITLE: self.file, _URL: self.url, **times})

    @classmethod
    def from_layer(cls, layer: Descriptor) -> "EvidencePart":
        """Reads the descriptor in the bundle's manifest.

        Raises:
            DocumentError: It is malformed, or not one of evidence.
        """
        kinds = {media_type: kind for kind, media_type in EVIDENCE_TYPES.items()}
        if layer.media_type not in kinds:
            raise DocumentError(f"layer {layer.digest} is of the unknown type {layer.media_type!r}")
        annotations = layer.annotations
        try:
            since, until = (parse_rfc3339(annotations[name]) for name in (_SINCE, _UNTIL))
            descriptor = Descriptor(layer.media_type, layer.digest, layer.size)
            return cls(kinds[layer.media_type], descriptor, annotations[_TITLE], annotations[_URL], since, until)
        except KeyError as error:
            raise DocumentError(f"layer {layer.digest} has no annotation {error}") from None
        except ValueError as error:
            raise DocumentError(f"layer {layer.digest}: {error}") from None


class Contents(NamedTuple):
    """What a bundle contains.

    Attributes:
        content: What it holds of its artifacts.
        artifacts: Its artifacts, in the order in which they were named.
        trust: Descriptor of the proposal of trust.
        evidence: OCSP responses and CRLs.
    """

    content: Content
    artifacts: tuple[BundledArtifact, ...]
    trust: Descriptor
    evidence: tuple[EvidencePart, ...]

    @property
    def document(self) -> bytes:
        """The contents document, which is the config of the bundle's manifest."""
        artifacts = [artifact.to_json() for artifact in self.artifacts]
        return dumps({"version": _VERSION, "content": self.content, "artifacts": artifacts})

    @property
    def manifest(self) -> bytes:
        """The bundle's manifest."""
        document = self.document
        config = Descriptor(CONTENTS_TYPE, digest_of(document), len(document))
        return dumps(
            {
                "schemaVersion": 2,
                "mediaType": IMAGE_MANIFEST,
                "artifactType": BUNDLE_TYPE,
                "config": config.to_json(),
                "layers": [self.trust.to_json(), *(part.layer.to_json() for part in self.evidence)],
            }
        )

    @property
    def layout_index(self) -> bytes:
        """The index of the layout: the bundle's manifest, artifacts with content, and signatures."""
        manifest = self.manifest
        entries = [Descriptor(IMAGE_MANIFEST, digest_of(manifest), len(manifest), {REF_NAME: BUNDLE_TAG}, BUNDLE_TYPE)]
        if self.content is not Content.NONE:
            entries += [
                artifact.artifact._replace(annotations={REF_NAME: artifact.name}) for artifact in self.artifacts
            ]
        entries += [signature._replace(artifact_type=SIGNATURE_TYPE) for signature in self.signatures]
        return dumps(
            {
                "schemaVersion": 2,
                "mediaType": IMAGE_INDEX,
                "manifests": [entry.to_json() for entry in entries],
            }
        )

    @property
    def signatures(self) -> tuple[Descriptor, ...]:
        """Signatures of all artifacts, each once."""
        return tuple({each.digest: each for artifact in self.artifacts for each in artifact.signatures}.values())

    def check(self) -> None:
        """Refuses contents that are contradictory or too large for a reader.

        Raises:
            StorageError: They are.
        """
        if not self.artifacts:
            raise StorageError("it has no artifact")
        names: dict[str, str] = {}
        for artifact in self.artifacts:
            if names.setdefault(artifact.name, artifact.artifact.digest) != artifact.artifact.digest:
                raise StorageError(f"{artifact.name} stands for two artifacts", advice="name them by their digests")
        if len(names) < len(self.artifacts):
            raise StorageError("it has an artifact twice under one name")
        described: dict[str, Descriptor] = {}
        for artifact in self.artifacts:
            for descriptor in (artifact.artifact, *artifact.signatures):
                if not described.setdefault(descriptor.digest, descriptor).is_same_content(descriptor):
                    raise StorageError(f"{descriptor.digest} has two media types or sizes in it")
        for name, content in (("contents", self.document), ("manifest", self.manifest), ("index", self.layout_index)):
            if len(content) > LARGEST_MANIFEST:
                raise StorageError(
                    f"its {name} would have {len(content)} bytes, more than the {LARGEST_MANIFEST} that are read",
                    advice="make several bundles",
                )


def parse_contents(manifest: bytes, document: bytes) -> Contents:
    """Reads a bundle's manifest and its contents document.

    Raises:
        DocumentError: One of them is malformed, or not in the one form that it has.
    """
    members = Members(loads(manifest), "manifest")
    layers = [Descriptor.from_json(Members(each, "manifest: layer")) for each in members.array("layers")]
    if not layers or layers[0].media_type != TRUST_TYPE:
        raise DocumentError("the first layer of the manifest is no proposal of trust")
    described = Members(loads(document), "contents")
    if described.text("version") != _VERSION:
        raise DocumentError(f"version {described.text('version')!r} is not supported; it must be {_VERSION!r}")
    content = described.text("content")
    if content not in list(Content):
        raise DocumentError(f"content {content!r} is not one of {', '.join(Content)}")
    artifacts = [
        BundledArtifact.from_json(Members(each, f"artifact {number}"))
        for number, each in enumerate(described.array("artifacts"), 1)
    ]
    evidence = tuple(map(EvidencePart.from_layer, layers[1:]))
    contents = Contents(Content(content), tuple(artifacts), layers[0], evidence)
    for name, given, expected in (
        ("contents", document, contents.document),
        ("manifest", manifest, contents.manifest),
    ):
        if given != expected:
            raise DocumentError(f"the {name} are not in the form in which they are written")
    return contents


def listed_manifest(index: Sequence[Descriptor]) -> Descriptor | None:
    """Returns the descriptor of the bundle's manifest in the index of a layout, or None if it is no bundle."""
    return next((entry for entry in index if entry.artifact_type == BUNDLE_TYPE), None)
