"""Writing of a bundle's file, whole or not at all."""

from collections.abc import Callable, Mapping
from typing import BinaryIO, NamedTuple

from notarykit.bundle.bundle import SignatureBundle
from notarykit.bundle.partial_file import partial_file
from notarykit.bundle.reading import INDEX_FILE, LAYOUT, blob_file, open_bundle
from notarykit.bundle.tar_writer import TarWriter
from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.errors import NetworkError
from notarykit.oci.reference import LAYOUT_FILE

_ATTEMPTS = 3

Sink = Callable[[bytes], object]
Stream = Callable[[Sink], None]
"""Passes content to a sink, piece by piece, and checks it against its digest at the end."""


class NewBundle(NamedTuple):
    """Bundle that is not written yet.

    Attributes:
        bundle: The bundle. What it knows of its artifacts' content are the manifests.
        small: Content in memory, by digest.
        large: Content that is read when it is written, by digest.
    """

    bundle: SignatureBundle
    small: Mapping[str, bytes]
    large: Mapping[str, tuple[Descriptor, Stream]]

    def write(self, path: str) -> None:
        """Writes it; another file of that name is replaced. What was written is opened before it gets its name.

        Raises:
            StorageError: It cannot be written, or the content of an artifact cannot be read.
        """
        bundle = self.bundle
        manifest, document = bundle.contents.manifest, bundle.contents.document
        small = dict(self.small)
        small.update({part.descriptor.digest: bundle.evidence_der(part) for part in bundle.contents.evidence})
        first = [manifest, document, bundle.trust.document]
        small.update({digest_of(content): content for content in first})
        order = [*map(digest_of, first), *sorted({*small, *self.large} - set(map(digest_of, first)))]
        with partial_file(path) as (file, partial):
            tar = TarWriter(file)
            tar.add(LAYOUT_FILE, LAYOUT)
            tar.add(INDEX_FILE, bundle.contents.layout_index)
            for digest in order:
                if digest in small:
                    tar.add(blob_file(digest), small[digest])
                else:
                    _write_large(tar, file, *self.large[digest])
            tar.close()
            file.flush()
            open_bundle(partial)


def _write_large(tar: TarWriter, file: BinaryIO, descriptor: Descriptor, stream: Stream) -> None:
    """Writes a blob as it comes; where that breaks off, it is begun again."""
    tar.begin(blob_file(descriptor.digest), descriptor.size)
    start = file.tell()

    def write(piece: bytes) -> None:
        try:
            file.write(piece)
        except OSError as error:  # which the network's client would take for its own
            raise _UnwritableError(error) from None

    for attempt in range(1, _ATTEMPTS + 1):
        try:
            stream(write)
            break
        except _UnwritableError as error:
            raise error.reason from None
        except NetworkError:
            if attempt == _ATTEMPTS:
                raise
            file.seek(start)
            file.truncate()
    tar.end()


class _UnwritableError(Exception):
    """The bundle's file cannot be written."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(reason)
        self.reason = reason
