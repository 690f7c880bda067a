"""Content of blobs: read once from beginning to end, in constant memory, and described for the payload.

Signature specification, "Payload": the descriptor of a blob has its size, a media type of the user's choice, and its
digest by the hash algorithm of the signing key.
"""

import hashlib
import os
from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable

from notarykit._internal import files
from notarykit._internal.deadline import seconds_left
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import StorageError, UsageError

OCTET_STREAM = "application/octet-stream"

_CHUNK = 1024 * 1024


@runtime_checkable
class Blob(Protocol):
    """Bytes that are signed, or that a signature is for: `FileBlob`, `StreamBlob`, or an object of a program's own."""

    @property
    def name(self) -> str:
        """Name for messages, such as the path."""

    def size(self) -> int | None:
        """Returns the length in bytes; None where only reading tells it.

        Raises:
            StorageError: There is no blob.
        """

    def describe(self, media_type: str, algorithm: str, most: int | None = None) -> Descriptor:
        """Reads the blob and returns its descriptor.

        Args:
            media_type: Media type of the content.
            algorithm: Hash algorithm as digests name it: `sha256`, `sha384` or `sha512`.
            most: Length in bytes beyond which the blob is another one, so that it need not be read to its end: any
                larger size may be returned then, with any digest. By default it is read to its end.

        Raises:
            StorageError: It cannot be read, or has changed while it was read.
        """


class _ReadBlob:
    """Blob whose reading can be followed.

    Args:
        name: Name for messages.

    Attributes:
        position: Number of bytes that have been read of it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.position = 0

    @property
    def name(self) -> str:
        """The name for messages."""
        return self._name

    def _hash(self, stream: BinaryIO, algorithm: str, most: int | None) -> tuple[str, int]:
        """Reads a stream to its end, or until it has more than `most` bytes.

        Returns:
            Its digest, as `algorithm:hex`, and its length.

        Raises:
            StorageError: It cannot be read, or not before the call ends.
            UsageError: It is no stream of bytes.
        """
        hashing = hashlib.new(algorithm)
        chunk = memoryview(bytearray(_CHUNK))
        self.position = 0
        try:
            while count := _read_into(stream, chunk, self._name):
                hashing.update(chunk[:count])
                self.position += count
                if most is not None and self.position > most:
                    break
                if not seconds_left():
                    raise StorageError(
                        f"the call ended before {self._name} was read", advice="allow the call more time"
                    )
        except OSError as error:
            raise StorageError(f"{self._name} cannot be read: {error.strerror or error}") from None
        except ValueError:
            if not getattr(stream, "closed", False):
                raise
            raise StorageError(f"{self._name} cannot be read: it is closed") from None
        return f"{algorithm}:{hashing.hexdigest()}", self.position


class FileBlob(_ReadBlob):
    """Regular file; nothing else that a path can name has an end for certain, or holds still.

    Its name is the path.

    Args:
        path: The path.

    Attributes:
        position: Number of bytes that have been read of it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(os.fspath(path))

    def size(self) -> int:
        """Returns the length in bytes."""
        with self._open() as file:
            return os.fstat(file.fileno()).st_size

    def describe(self, media_type: str, algorithm: str, most: int | None = None) -> Descriptor:  # noqa: ARG002
        """Reads the file, no further than its size was at the beginning, and returns its descriptor."""
        with self._open() as file:
            before = _State.of(file)
            digest, size = self._hash(file, algorithm, before.size)
            if _State.of(file) != before or size != before.size:
                raise StorageError(
                    f"{self.name} has changed while it was read", advice="wait until nothing writes to it any more"
                )
        return Descriptor(media_type, digest, size)

    def _open(self) -> BinaryIO:
        try:
            return files.open_regular(self.name)
        except FileNotFoundError:
            raise StorageError(f"{self.name} does not exist", advice="check the path of the blob") from None
        except StorageError as error:
            if os.path.isdir(self.name):
                raise StorageError(error.message, advice="name the files in the folder, or pack it with tar") from None
            raise


class StreamBlob(_ReadBlob):
    """Stream, which can be read once: standard input, a pipe, or a file that a program has opened for reading bytes.

    What is described is what comes from its present position to its end.

    Args:
        stream: The stream.
        name: Name for messages.

    Attributes:
        position: Number of bytes that have been read of it.
    """

    def __init__(self, stream: BinaryIO, name: str = "the stream") -> None:
        super().__init__(name)
        self._stream = stream
        self._described: dict[str, tuple[str, int]] = {}
        self._is_read = False

    def size(self) -> int | None:
        """Returns None: the length is known at the end."""
        return None

    def describe(self, media_type: str, algorithm: str, most: int | None = None) -> Descriptor:
        """Reads the stream and returns the descriptor of what came, or of its beginning where that is too long.

        Raises:
            StorageError: It cannot be read, or was read before: with another algorithm, or not to its end.
            UsageError: It is no stream of bytes.
        """
        if not self._is_read:
            self._is_read = True  # whatever comes of it
            digest, size = self._hash(self._stream, algorithm, most)
            if most is None or size <= most:
                self._described[algorithm] = digest, size
            return Descriptor(media_type, digest, size)
        if algorithm not in self._described:
            raise StorageError(f"{self.name} was read before, and can be read once", advice="use a file")
        return Descriptor(media_type, *self._described[algorithm])


def as_blob(blob: "str | os.PathLike[str] | BinaryIO | Blob") -> Blob:
    """Returns the blob itself, or that of a path or a stream.

    Raises:
        UsageError: It is nothing of them; bytes are not, since they could be a path as well.
    """
    if isinstance(blob, str | os.PathLike):
        return FileBlob(blob)
    if isinstance(blob, Blob):
        return blob
    if hasattr(blob, "read"):
        return StreamBlob(blob)
    raise UsageError(f"a blob is a path or a stream of bytes, and not {type(blob).__name__}", advice="use io.BytesIO")


class _State(NamedTuple):
    """What another writer of a file cannot leave as it was."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, file: BinaryIO) -> "_State":
        found = os.fstat(file.fileno())
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _read_into(stream: BinaryIO, chunk: memoryview, name: str) -> int:
    """Reads the next bytes of a stream into a buffer; returns their number, 0 at the end."""
    if hasattr(stream, "readinto"):
        count = stream.readinto(chunk)
        if isinstance(count, int) and 0 <= count <= len(chunk):
            return count
    else:
        content = stream.read(len(chunk))
        if isinstance(content, bytes) and len(content) <= len(chunk):
            chunk[: len(content)] = content
            return len(content)
    raise UsageError(f"{name} is no stream of bytes that waits for them", advice="open it in binary mode, blocking")
