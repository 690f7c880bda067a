"""Member of an archive of any format."""

from typing import NamedTuple, Protocol

from notarykit.errors import StorageError


class Content(Protocol):
    """Content of a file, read from start to end."""

    def read(self, size: int, /) -> bytes:
        """Returns at most `size` bytes, none at the end."""


class Member(NamedTuple):
    """Member of an archive.

    Attributes:
        name: Its name, with the folders that lead to it.
        base: What its file is called where it is unpacked.
        size: How long the archive says that it is.
        mode: Its permissions.
        content: What is in it; None where nothing of it is taken.
    """

    name: str
    base: str
    size: int
    mode: int
    content: Content | None


def no_file(name: str) -> StorageError:
    """Returns the error about a member that is neither a file nor a folder."""
    return StorageError(f"{name!r} is a link or not a regular file")
