"""Image layouts in a tar file, read without unpacking it."""

import tarfile

from notarykit.errors import StorageError


class LayoutArchive:
    """The files of a layout in a tar file that is not compressed; links and other special members are not followed."""

    def __init__(self, path: str) -> None:
        """Reads the list of the archive's members.

        Raises:
            StorageError: It is not a tar file, or has a regular file twice.
        """
        self.path = path
        self._members: dict[str, tarfile.TarInfo] = {}
        try:
            with tarfile.open(path, "r:") as archive:
                for member in archive:
                    name = member.name.removeprefix("./")
                    if member.isreg() and self._members.setdefault(name, member) is not member:
                        raise StorageError(f"{path} has {name} twice")
        except (tarfile.TarError, OSError, ValueError, OverflowError) as error:  # the latter two where numbers are none
            raise StorageError(
                f"{path} is not a tar file of an image layout: {error}",
                advice="if it is compressed, decompress it first",
            ) from None

    def read(self, name: str, limit: int) -> bytes:
        """The content of a file in the archive.

        Raises:
            FileNotFoundError: The archive has no such file.
            StorageError: It is larger than `limit`, or cut off.
        """
        member = self._members.get(name)
        if member is None:
            raise FileNotFoundError(name)
        if member.size > limit:
            raise StorageError(f"{self.path}: {name} is larger than {limit} bytes")
        try:
            with open(self.path, "rb") as file:
                file.seek(member.offset_data)
                return file.read(member.size)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be read: {error.strerror}") from None
