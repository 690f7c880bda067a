"""File cache of CRLs, in notation's folder and format: both tools share it.

A file is named by the SHA-256 of the URL and holds `{"baseCRL": base64, "deltaCRL": base64}`. Its content is not
trusted: signatures and dates are checked after reading, and a broken file counts as absent.
"""

import binascii
import contextlib
import os
from hashlib import sha256
from typing import NamedTuple

from notarykit._internal import files
from notarykit._internal.strict_json import DocumentError, GoMembers, dumps, loads
from notarykit.errors import StorageError

# A base and a delta in base64, larger than those that are downloaded here: another program may have written them.
_LARGEST_FILE = 256 * 1024 * 1024
_MOST_PARTS = 16


class CachedCrls(NamedTuple):
    """Content of a file.

    Attributes:
        base: The base CRL, in DER.
        delta: The delta to it, or None.
    """

    base: bytes
    delta: bytes | None


class CrlCache:
    """Folder of CRL files."""

    def __init__(self, folder: str) -> None:
        """Takes the folder, which is created by the first write."""
        self.folder = folder

    def path(self, url: str) -> str:
        """Returns the file for a URL."""
        return os.path.join(self.folder, sha256(url.encode()).hexdigest())

    def read(self, url: str) -> CachedCrls | None:
        """Returns the CRLs of a URL; None where there are none that can be read."""
        try:
            members = GoMembers(loads(files.read(self.path(url), _LARGEST_FILE), _MOST_PARTS), "CRL cache")
            delta = members.text("deltaCRL", "")
            return CachedCrls(_decode(members.text("baseCRL")), _decode(delta) if delta else None)
        except (OSError, StorageError, DocumentError, ValueError, MemoryError):
            return None

    def write(self, url: str, cached: CachedCrls) -> None:
        """Writes the CRLs of a URL; failures are ignored."""
        members = {"baseCRL": _encode(cached.base)}
        if cached.delta is not None:
            members["deltaCRL"] = _encode(cached.delta)
        # No lock: whole files replace each other, and no verification waits for another.
        with contextlib.suppress(StorageError, MemoryError):
            files.write(self.path(url), dumps(members), 0o600)


class UnreadCrlCache(CrlCache):
    """Folder of CRL files that are written alone, where evidence of now is asked for."""

    def read(self, url: str) -> None:
        """Returns nothing, so that the CRLs are downloaded."""


def _decode(text: str) -> bytes:
    return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)


def _encode(content: bytes) -> str:
    return binascii.b2a_base64(content, newline=False).decode("ascii")
