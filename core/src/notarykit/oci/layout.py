"""OCI image layouts: a folder, read and written; or a tar file of one, read.

OCI image specification, image-layout.md. What is read by digest is checked against it before anyone else sees it.
"""

import contextlib
import os
import stat
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from notarykit._internal import files, locks
from notarykit._internal.strict_json import DocumentError, GoMembers, dumps, loads
from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.envelope.unverified import LARGEST_ENVELOPE
from notarykit.errors import ArtifactNotFoundError, ContentError, NotarykitWarning, StorageError
from notarykit.oci import manifest as manifests
from notarykit.oci.reference import LAYOUT_FILE, Digest, Tag, refuse_identifier
from notarykit.oci.repository import Repository, StoredSignature, check_size

REF_NAME = "org.opencontainers.image.ref.name"
_INDEX_FILE = "index.json"
_VERSION = "1.0.0"
_LARGEST_INDEX = manifests.LARGEST_MANIFEST


_PIECE = 2**20


class _Source(Protocol):
    def read(self, name: str, limit: int) -> bytes: ...

    def pieces(self, name: str) -> Iterator[bytes]: ...


class _Folder:
    """Files of a layout in a folder."""

    def __init__(self, path: str) -> None:
        self.path = path

    def read(self, name: str, limit: int) -> bytes:
        return files.read(os.path.join(self.path, *name.split("/")), limit)

    def pieces(self, name: str) -> Iterator[bytes]:
        path = os.path.join(self.path, *name.split("/"))
        with files.open_regular(path) as file:
            try:
                while piece := file.read(_PIECE):
                    yield piece
            except OSError as error:
                raise StorageError(f"{path} cannot be read: {error.strerror}") from None


def _archive(path: str) -> _Source:
    from notarykit.oci.archive import LayoutArchive

    return LayoutArchive(path)


class ImageLayout(Repository):
    """Image layout. May be used from several threads and processes.

    Args:
        path: Folder of the layout, or a tar file of one, which can only be read.

    Raises:
        StorageError: It is no image layout of a version that this library knows.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._is_archive = os.path.isfile(path)
        self._source: _Source = _archive(path) if self._is_archive else _Folder(path)
        self._subjects: dict[str, Descriptor | None] = {}
        self._parsed: tuple[bytes | None, list[Descriptor]] = None, []
        try:
            marker = GoMembers(loads(self._source.read(LAYOUT_FILE, 4096)), LAYOUT_FILE)
            if marker.text("imageLayoutVersion") != _VERSION:
                raise StorageError(f"{path} is an image layout of a version other than {_VERSION}")
        except FileNotFoundError:
            raise StorageError(
                f"{path} is not an OCI image layout: it has no file {LAYOUT_FILE}", advice="check the path"
            ) from None
        except DocumentError as error:
            raise StorageError(f"{path}: {error}") from None

    # Reading

    def resolve(self, identifier: Tag | Digest) -> Descriptor:
        """Returns the descriptor of an artifact; see `Repository.resolve`."""
        return self.fetch_manifest(identifier)[0]

    def fetch_manifest(self, identifier: Tag | Digest) -> tuple[Descriptor, bytes]:
        """Returns the descriptor and the content of a manifest, up to 4 MiB.

        Raises:
            ArtifactNotFoundError: No index of the layout lists it, or the layout does not hold it.
            StorageError: The layout is malformed, or several artifacts have the tag.
            ContentError: The manifest has another digest, size or media type than the index says.
        """
        artifact = self._listed(identifier)
        try:
            content = self._checked(artifact, manifests.LARGEST_MANIFEST)
        except FileNotFoundError:
            raise ArtifactNotFoundError(f"{self.path} does not hold the manifest {artifact.digest}") from None
        with contextlib.suppress(DocumentError):  # an artifact of a kind of its own
            manifests.check_media_type(artifact, manifests.parse_manifest(content), "the index")
        return artifact, content

    def _listed(self, identifier: Tag | Digest) -> Descriptor:
        match identifier:
            case Digest():
                entries = [entry for entry in self._manifests() if entry.digest == identifier]
            case Tag():
                entries = [entry for entry in self._index() if entry.annotations.get(REF_NAME) == identifier]
            case _:
                refuse_identifier(identifier)
        if not entries:
            raise ArtifactNotFoundError(
                f"{self.path} has no artifact {identifier!r}",
                advice=f"look at the digests and at {REF_NAME!r} in its {_INDEX_FILE}",
            )
        if len({entry.digest for entry in entries}) > 1:
            raise StorageError(f"{self.path} has several artifacts with the tag {identifier!r}", advice="name a digest")
        return Descriptor(entries[0].media_type, entries[0].digest, entries[0].size)

    def signatures(self, subject: Descriptor) -> Iterator[Descriptor]:
        """Yields the signature manifests of an artifact, in the order of the index."""
        seen = set()
        for entry in self._manifests():
            if entry.media_type != manifests.IMAGE_MANIFEST or entry.digest in seen:
                continue
            seen.add(entry.digest)
            if self._is_signature_of(entry, subject):
                yield entry

    def _is_signature_of(self, candidate: Descriptor, subject: Descriptor) -> bool:
        """Tells whether a manifest is a signature of the subject; content that cannot be read as a manifest is none."""
        try:
            signed = self._subjects[candidate.digest]
        except KeyError:
            signed = self._read_subject(candidate)
        return signed is not None and signed.is_same_content(subject)

    def _read_subject(self, candidate: Descriptor) -> Descriptor | None:
        """Returns the artifact of a signature, or None for other content; remembers either, by the digest."""
        signed = None
        try:
            manifest = manifests.parse_manifest(self.fetch_blob(candidate, manifests.LARGEST_MANIFEST))
            if "subject" in manifest and manifests.is_signature_manifest(manifest):
                signed = Descriptor.from_json(manifest.object("subject"))
        except ContentError as error:
            _warn_of_damage(error)
            return None
        except StorageError:
            return None  # not copied along
        except DocumentError:
            pass  # no manifest
        self._subjects[candidate.digest] = signed
        return signed

    def fetch_signature(self, manifest: Descriptor, largest: int = LARGEST_ENVELOPE) -> StoredSignature:
        """Returns the envelope of a signature; see `Repository.fetch_signature`."""
        check_size("manifest", manifest, min(largest, manifests.LARGEST_MANIFEST))
        content = self.fetch_blob(manifest, manifests.LARGEST_MANIFEST)
        layer = manifests.read_signature_manifest(content, manifest.digest).envelope
        check_size("envelope", layer, largest)
        return StoredSignature(manifest, layer.media_type, self.fetch_blob(layer, LARGEST_ENVELOPE))

    def fetch_blob(self, descriptor: Descriptor, largest: int) -> bytes:
        """Returns the content of a blob, after checking digest and size; see `Repository.fetch_blob`."""
        try:
            return self._checked(descriptor, largest)
        except FileNotFoundError:
            raise StorageError(f"{self.path} does not hold the blob {descriptor.digest}") from None

    def stream_blob(self, descriptor: Descriptor, sink: Callable[[bytes], object]) -> None:
        """Passes the content of a blob to a sink, piece by piece; see `Repository.stream_blob`."""
        try:
            for piece in descriptor.checked(self._source.pieces(_blob(descriptor))):
                sink(piece)
        except FileNotFoundError:
            raise StorageError(f"{self.path} does not hold the blob {descriptor.digest}") from None
        except ValueError as error:
            raise ContentError(f"{self.path}: {error}") from None

    def _checked(self, descriptor: Descriptor, limit: int) -> bytes:
        """Returns content that has the digest and size of its descriptor; an absent file is a FileNotFoundError."""
        if descriptor.size > limit:
            raise StorageError(f"{descriptor.digest} has {descriptor.size} bytes, more than the {limit} that are read")
        content = self._source.read(_blob(descriptor), limit)
        if not descriptor.describes(content):
            raise ContentError(f"{self.path}: the content of {descriptor.digest} has another digest or size")
        return content

    def _index(self) -> list[Descriptor]:
        """Returns the entries of the index, which is read each time and parsed when it has changed."""
        content = self._read_index()
        known, entries = self._parsed
        if content != known:
            entries = manifests.parse_index(content, f"{self.path}: {_INDEX_FILE}")
            self._parsed = content, entries
        return entries

    def _read_index(self) -> bytes:
        try:
            return self._source.read(_INDEX_FILE, _LARGEST_INDEX)
        except FileNotFoundError:
            raise StorageError(f"{self.path} has no {_INDEX_FILE}") from None

    def _manifests(self) -> Iterator[Descriptor]:
        """Yields the manifests of the index, and those of the indexes in it, each index once."""
        seen: set[str] = set()

        def walk(entries: Sequence[Descriptor], depth: int) -> Iterator[Descriptor]:
            for entry in entries:
                yield entry
                if entry.media_type not in manifests.INDEX_TYPES or entry.digest in seen:
                    continue
                if depth == 0:
                    raise StorageError(f"{self.path}: indexes are nested more than {manifests.DEEPEST_INDEX} deep")
                seen.add(entry.digest)
                try:
                    nested = self.fetch_blob(entry, manifests.LARGEST_MANIFEST)
                except ContentError as error:
                    _warn_of_damage(error)
                    continue
                except StorageError:
                    continue  # a layout need not hold everything that its indexes name
                yield from walk(manifests.parse_index(nested, f"{self.path}: index {entry.digest}"), depth - 1)

        return walk(self._index(), manifests.DEEPEST_INDEX)

    # Writing

    def push_signature(
        self, subject: Descriptor, media_type: str, envelope: bytes, annotations: Mapping[str, str]
    ) -> Descriptor:
        """Stores a signature in the older manifest form, which every released notation finds in layouts.

        The blobs come first and the index last, each whole or not at all, so that a crash leaves the old index or the
        new.
        """
        if self._is_archive:
            raise StorageError(f"{self.path} is a tar file, which can only be read", advice="extract it into a folder")
        layer = Descriptor(media_type, digest_of(envelope), len(envelope))
        content = manifests.make_signature_manifest(subject, layer, annotations, form="older")
        manifest = Descriptor(manifests.IMAGE_MANIFEST, digest_of(content), len(content))
        blobs = os.path.join(self.path, "blobs", "sha256")
        for folder in (os.path.dirname(blobs), blobs):
            if os.path.islink(folder):
                raise StorageError(f"{folder} is a link, which is not written through")
        with locks.locked(self.path), locks.locked(blobs):
            for digest, blob in (
                (manifests.EMPTY_CONFIG_DIGEST, manifests.EMPTY_CONFIG),
                (layer.digest, envelope),
                (manifest.digest, content),
            ):
                self._write_blob(blobs, digest, blob)
            self._add_to_index(manifest)
        return manifest

    def _write_blob(self, folder: str, digest: str, content: bytes) -> None:
        path = os.path.join(folder, digest.partition(":")[2])
        try:
            if files.read(path, len(content)) == content:
                return
        except (FileNotFoundError, StorageError):
            pass  # absent, or damaged by a writer that was cut off: written afresh
        files.write(path, content)

    def _add_to_index(self, manifest: Descriptor) -> None:
        """Adds an entry, keeping everything else that the index holds."""
        content = self._read_index()
        entries = manifests.parse_index(content, f"{self.path}: {_INDEX_FILE}")
        if any(entry.digest == manifest.digest for entry in entries):
            return
        index: dict[str, Any] = loads(content)
        index["manifests"] = [*(index.get("manifests") or []), manifest.to_json()]
        content = dumps(index)
        if len(content) > _LARGEST_INDEX:
            raise StorageError(f"{self.path}: {_INDEX_FILE} would be larger than {_LARGEST_INDEX} bytes")
        path = os.path.join(self.path, _INDEX_FILE)
        files.write(path, content, stat.S_IMODE(os.stat(path).st_mode))


def _blob(descriptor: Descriptor) -> str:
    """Returns the name of the file that has a blob."""
    return "blobs/" + descriptor.digest.replace(":", "/")


def _warn_of_damage(error: ContentError) -> None:
    warnings.warn(f"{error.message}; it is left aside", NotarykitWarning, stacklevel=3)
