"""Folders, read as a whole: plain ones, and Kubernetes' volumes of ConfigMaps and Secrets.

Kubernetes writes such a volume into a new folder each time and then exchanges one link, `..data`, that leads to it;
every name in the volume is a link through `..data`. So the folder behind that link is opened once, and what is read is
all of one state. No other link is followed.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping

from notarykit.errors import ConfigurationError

LARGEST_FILE = 16 * 1024 * 1024
MOST_FILES = 10_000
_DEEPEST = 8
_PRESENT = "..data"
# What is removed while it is read was replaced meanwhile.
_TRIES = 5
Counts = Callable[[str], bool]
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_tree(folder: str, counts: Counts = lambda _: True) -> Mapping[str, bytes]:
    """Returns the content of the files below a folder, by their paths relative to it; hidden ones are left out.

    Args:
        folder: The folder.
        counts: Function that tells of a path relative to it whether it is looked at; nothing is known of the others.

    Raises:
        ConfigurationError: There is no such folder, it cannot be read, or what counts in it are links, special files,
            too many files or too large ones.
    """
    for _ in range(_TRIES):
        try:
            return _read(folder, counts)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ConfigurationError(f"policy folder {folder} cannot be read: {error.strerror}") from None
    raise ConfigurationError(
        f"policy folder {folder} does not exist, or changes all the time", advice="correct --policy"
    )


def _read(folder: str, counts: Counts) -> Mapping[str, bytes]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)  # the operator may name it by a link
    files: dict[str, bytes] = {}
    for path, content in _Walk(folder, counts).files(handle):
        files[path] = content
        if len(files) > MOST_FILES:
            raise ConfigurationError(f"policy folder {folder} has more than {MOST_FILES} files")
    return files


class _Walk:
    """Walk through an open folder and those below it."""

    def __init__(self, root: str, counts: Counts) -> None:
        self._root = root
        self._counts = counts

    def files(self, handle: int, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, bytes]]:
        """Yields the files below an open folder, which may be a volume, and closes it."""
        try:
            if depth > _DEEPEST:
                raise ConfigurationError(f"policy folder {self._root} has folders more than {_DEEPEST} deep: {prefix}")
            if not (state := _state(handle)):
                yield from self._entries(handle, prefix, depth)
                return
            if "/" in state or not state.startswith("..") or state == "..":
                problem = f"{prefix}{_PRESENT} does not lead to a folder beside it"
                raise ConfigurationError(f"policy folder {self._root}: {problem}")
            present = os.open(state, _FOLDER, dir_fd=handle)
            try:
                yield from self._entries(present, prefix, depth)
            finally:
                os.close(present)
            # A state is removed when it has been replaced, and not before; what was read of it then may not be all.
            if _state(handle) != state:
                raise FileNotFoundError
        finally:
            os.close(handle)

    def _entries(self, handle: int, prefix: str, depth: int) -> Iterator[tuple[str, bytes]]:
        for name in sorted(os.listdir(handle)):
            path = f"{prefix}{name}"
            if name.startswith(".") or not self._counts(path):
                continue
            mode = os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                yield from self.files(os.open(name, _FOLDER, dir_fd=handle), f"{path}/", depth + 1)
            elif stat.S_ISREG(mode):
                yield path, _content(os.open(name, _FILE, dir_fd=handle), f"{self._root}/{path}")
            else:
                raise ConfigurationError(f"policy folder {self._root}: {path} is a link or no regular file")


def _state(handle: int) -> str:
    """Returns the name of a volume's present state, or an empty string for a plain folder."""
    try:
        return os.readlink(_PRESENT, dir_fd=handle)
    except OSError:  # there is none, or it is no link
        return ""


def _content(handle: int, path: str) -> bytes:
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ConfigurationError(f"{path} is no regular file")
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ConfigurationError(f"{path} is larger than {LARGEST_FILE} bytes")
    return content
