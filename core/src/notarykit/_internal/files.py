"""Files shared with other programs: bounded reads, atomic durable writes."""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator

from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.errors import ConfigurationError, StorageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

TEMPORARY = ".notarykit-tmp-"
# Errors of file systems without hard links.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTSUP)


def read(path: str, limit: int) -> bytes:
    """Reads a regular file of at most `limit` bytes.

    Raises:
        FileNotFoundError: The file does not exist.
        StorageError: It is not a regular file, too large, or cannot be read.
    """
    with open_regular(path) as file:
        try:
            content = file.read(limit + 1)
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > limit:
        raise StorageError(f"{path} is larger than {limit} bytes")
    return content


def read_members(path: str, limit: int) -> GoMembers | None:
    """Reads a JSON object, in which null is absent as programs in Go have it; None if the file does not exist.

    Raises:
        StorageError: The file is not a regular file, too large, or cannot be read.
        DocumentError: It is malformed, or no object.
    """
    try:
        return GoMembers(loads(read(path, limit)), "document")
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def as_configuration(name: str) -> "Iterator[None]":
    """Turns what is malformed or unreadable into a ConfigurationError that names the file."""
    try:
        yield
    except (DocumentError, StorageError) as error:
        raise ConfigurationError(f"{name}: {error}", advice="correct it, or move it away") from None


def open_regular(path: str) -> "BinaryIO":
    """Opens a regular file for reading; refuses pipes, devices and folders.

    Raises:
        FileNotFoundError: The file does not exist.
        StorageError: It is not a regular file, or cannot be read.
    """
    try:
        # Without O_NONBLOCK, opening a pipe without a writer would block for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise StorageError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise StorageError(f"{path} is not a regular file")
    return os.fdopen(handle, "rb")


def write(path: str, content: bytes, mode: int = 0o644) -> None:
    """Writes a file so that a crash at any point leaves the old content or the new one; see `replacing`.

    In folders with several writers the caller holds the folder's lock (`locks.locked`).

    Raises:
        StorageError: It cannot be written; the old content is untouched.
    """
    with replacing(path, mode) as file:
        _write_all(file, content)


def create(path: str, content: bytes, mode: int = 0o644) -> None:
    """Writes a new file whole or not at all, and never over another, whoever else creates it at the same moment.

    Where the file system has no hard links, the file is empty for a moment before it has its content.

    Raises:
        StorageError: There is something at the path already, or the file cannot be written.
    """
    with _beside(path, mode, _place_new) as file:
        _write_all(file, content)


def _write_all(file: "BinaryIO", content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(file.fileno(), left) :]


@contextlib.contextmanager
def replacing(path: str, mode: int = 0o644) -> "Iterator[BinaryIO]":
    """Yields a file whose content replaces that of the path at the end, unless an exception is raised.

    The content is written beside the file, synced to disk, and renamed. Missing folders are created with mode 0700.

    Raises:
        StorageError: It cannot be written; the old content is untouched.
    """
    with _beside(path, mode, os.replace) as file:
        yield file


@contextlib.contextmanager
def _beside(path: str, mode: int, place: "Callable[[str, str], None]") -> "Iterator[BinaryIO]":
    """Yields a file beside the path, which `place` puts there at the end, unless an exception is raised."""
    folder = os.path.dirname(path) or "."
    temporary = os.path.join(folder, f"{TEMPORARY}{os.getpid()}-{os.urandom(6).hex()}")
    try:
        make_folders(folder)
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
            with os.fdopen(handle, "wb") as file:
                yield file
                _sync(file)
            place(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        sync_folder(folder)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from None


def _place_new(temporary: str, path: str) -> None:
    """Gives a file its name unless something has it: a rename would replace that, and a link does not."""
    try:
        if sys.platform == "win32":
            os.rename(temporary, path)  # which replaces nothing there
            return
        os.link(temporary, path)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        try:
            _replace_claimed(temporary, path)
        except FileExistsError:
            raise _exists(path) from None
    else:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _replace_claimed(temporary: str, path: str) -> None:
    """Gives a file its name by way of an empty file, which one program alone can create, and which is then replaced."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise


def _exists(path: str) -> StorageError:
    return StorageError(f"{path} exists already", advice="choose another name, or have it overwritten")


def make_folders(folder: str) -> None:
    """Creates missing folders with mode 0700; `os.makedirs` applies its mode to the last one only.

    Raises:
        OSError: One cannot be created.
    """
    if folder and not os.path.isdir(folder):
        if os.path.basename(folder) == "~":
            raise OSError(errno.ENOENT, "~ is expanded by shells only, and no folder of that name is created")
        make_folders(os.path.dirname(folder))
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            if not os.path.isdir(folder):  # otherwise another process has created it meanwhile
                raise


def _sync(file: "BinaryIO") -> None:
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: str) -> None:
    """Syncs the names in a folder to disk, as far as it may be read."""
    if sys.platform != "win32":
        try:
            handle = os.open(folder, os.O_RDONLY)
        except PermissionError:  # it may be written to, and not read: the file is there
            return
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
