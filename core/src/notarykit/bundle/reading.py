"""Reading of a bundle's file: everything in it is accounted for, or it is refused."""

import os
from collections.abc import Iterator

from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.bundle.bundle import SignatureBundle
from notarykit.bundle.contents import Contents, listed_manifest, parse_contents
from notarykit.bundle.evidence import LARGEST_PART, MOST_EVIDENCE, check_part
from notarykit.bundle.trust import LARGEST_PROPOSAL, TrustProposal
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ContentError, NotarykitError, StorageError
from notarykit.oci.archive import LayoutArchive
from notarykit.oci.manifest import LARGEST_MANIFEST, parse_index
from notarykit.oci.reference import LAYOUT_FILE

LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
INDEX_FILE = "index.json"
LARGEST_CONFIG = 64 * 1024


def blob_file(digest: str) -> str:
    """Returns the name of the file that has a blob."""
    return f"blobs/{digest.replace(':', '/')}"


def open_bundle(path: str) -> SignatureBundle:
    """Opens a bundle, and checks that it is whole; the content of blobs is checked where it is read.

    Args:
        path: Path of the bundle, a tar file.

    Raises:
        StorageError: It cannot be read, is no bundle, or readers of tar files could understand it differently.
        ContentError: A part is not what another says of it.
    """
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe may never get a writer
        raise StorageError(f"{path} is no regular file, and so no bundle")
    try:
        return _read(path, LayoutArchive(path))
    except FileNotFoundError as error:
        raise StorageError(f"{path} is no bundle: it has no file {error}", advice="check the path") from None
    except NotarykitError as error:
        raise error if path in error.message else error.within(path) from None
    except DocumentError as error:
        raise StorageError(f"{path} is no bundle that can be read: {error}") from None


class _ArchiveBlobs:
    """Content in the bundle's file; implements `Blobs`."""

    def __init__(self, archive: LayoutArchive) -> None:
        self._archive = archive
        self._files = archive.files

    def __contains__(self, digest: object) -> bool:
        return blob_file(str(digest)) in self._files

    def fetch_blob(self, descriptor: Descriptor, largest: int) -> bytes:
        self.check(descriptor, largest)
        content = self._archive.read(blob_file(descriptor.digest), largest)
        if not descriptor.describes(content):
            raise ContentError(f"{self._archive.path}: the content of {descriptor.digest} has another digest")
        return content

    def pieces(self, descriptor: Descriptor) -> Iterator[bytes]:
        self.check(descriptor)
        try:
            yield from descriptor.checked(self._archive.pieces(blob_file(descriptor.digest)))
        except ValueError as error:
            raise ContentError(f"{self._archive.path}: {error}") from None

    def check(self, descriptor: Descriptor, largest: int | None = None) -> None:
        """Checks that there is content of the size that a descriptor says."""
        size = self._files.get(blob_file(descriptor.digest))
        if size is None:
            raise ContentError(f"{self._archive.path} does not hold {descriptor.digest}, which is a part of it")
        if size != descriptor.size:
            raise ContentError(
                f"{self._archive.path}: {descriptor.digest} has {size} bytes, not {descriptor.size} as is said of it"
            )
        if largest is not None and size > largest:
            raise StorageError(
                f"{self._archive.path}: {descriptor.digest} has {size} bytes, more than the {largest} that are read"
            )


def _read(path: str, archive: LayoutArchive) -> SignatureBundle:
    if archive.files.get(LAYOUT_FILE, len(LAYOUT)) != len(LAYOUT) or archive.read(LAYOUT_FILE, len(LAYOUT)) != LAYOUT:
        raise StorageError(f"{LAYOUT_FILE} is not that of a bundle", advice="make one with 'notarykit bundle create'")
    index = archive.read(INDEX_FILE, LARGEST_MANIFEST)
    described = listed_manifest(parse_index(index, INDEX_FILE))
    if described is None:
        raise StorageError(
            f"{path} is an image layout, and no bundle", advice="make one with 'notarykit bundle create'"
        )
    blobs = _ArchiveBlobs(archive)
    manifest = blobs.fetch_blob(described.bare, LARGEST_MANIFEST)
    config = Descriptor.from_json(GoMembers(loads(manifest), "manifest").object("config"))
    contents = parse_contents(manifest, blobs.fetch_blob(config, LARGEST_MANIFEST))
    contents.check()
    if index != contents.layout_index:
        raise ContentError(f"{INDEX_FILE} lists other content than the bundle has")
    known = {LAYOUT_FILE, INDEX_FILE, *map(blob_file, (described.digest, config.digest, contents.trust.digest))}
    trust = TrustProposal.parse(blobs.fetch_blob(contents.trust, LARGEST_PROPOSAL))
    if trust.descriptor != contents.trust:
        raise ContentError(f"the layer {contents.trust.digest} says other things of the trust proposal than it is")
    evidence = _evidence(contents, blobs)
    known.update(map(blob_file, evidence))
    bundle = SignatureBundle(path, contents, trust, evidence, blobs)
    for descriptor in bundle.parts():
        blobs.check(descriptor)
        known.add(blob_file(descriptor.digest))
    for name in archive.files:
        if name not in known:
            raise ContentError(f"it holds {name!r}, which is no part of the bundle")
    return bundle


def _evidence(contents: Contents, blobs: _ArchiveBlobs) -> dict[str, bytes]:
    if sum(part.descriptor.size for part in contents.evidence) > MOST_EVIDENCE:
        raise StorageError(f"it has more than {MOST_EVIDENCE} bytes of revocation evidence")
    evidence: dict[str, bytes] = {}
    for part in contents.evidence:
        digest = part.descriptor.digest
        if digest in evidence:
            raise ContentError(f"{digest} is a part of it twice")
        evidence[digest] = blobs.fetch_blob(part.descriptor, LARGEST_PART)
        check_part(part, evidence[digest])
    return evidence
