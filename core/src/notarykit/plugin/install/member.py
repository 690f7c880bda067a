"""One member of an archive, whatever the archive's form."""

from typing import NamedTuple, Protocol

from notarykit.errors import StorageError


class Content(Protocol):
    """The bytes of a file, read from its start to its end."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


class Member(NamedTuple):
    """A member of an archive.

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
    """The refusal of a member that is neither a file nor a folder."""
    return StorageError(f"{name!r} is a link or no regular file")
