"""Files of keys and certificates."""

import os

from notarykit._internal import files
from notarykit.errors import SigningKeyError, StorageError

_LARGEST_FILE = 1024 * 1024


def read_file(path: str, what: str) -> bytes:
    """Reads the file of a key or a chain.

    Raises:
        SigningKeyError: It cannot be read; the message names its role.
    """
    try:
        return files.read(path, _LARGEST_FILE)
    except FileNotFoundError:
        advice = "check the path" + ("" if os.path.isabs(path) else ", and give the absolute one for use in any folder")
        raise SigningKeyError(f"{what} {path} does not exist", advice=advice) from None
    except StorageError as error:
        raise SigningKeyError(f"{what} {error.message}", advice="check the path, its owner and its mode") from None


def file_fingerprint(*paths: str | None) -> tuple[object, ...]:
    """State that differs when one of the files has changed."""
    found: list[object] = []
    for path in paths:
        try:
            status = os.stat(path) if path else None
        except OSError:
            status = None
        found.append(status and (status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
