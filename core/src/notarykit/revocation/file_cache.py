"""CRLs in files, at notation's place and in its form, so that both tools share what either has fetched.

A file is named by the SHA-256 of the URL and holds `{"baseCRL": base64, "deltaCRL": base64}`. It is a convenience and
no authority: whoever reads it checks signatures and dates, and one that is broken is as good as none.
"""

import binascii
import contextlib
import os
from hashlib import sha256
from typing import NamedTuple

from notarykit._internal import files
from notarykit._internal.strict_json import DocumentError, GoMembers, dumps, loads
from notarykit.errors import StorageError

# A base and a delta in base64, larger ones than are downloaded here: somebody else may have put them there.
_LARGEST_FILE = 256 * 1024 * 1024
_MOST_PARTS = 16


class Cached(NamedTuple):
    """What is in a file.

    Attributes:
        base: The base CRL, in DER.
        delta: The delta to it, or None.
    """

    base: bytes
    delta: bytes | None


class CrlCache:
    """A folder of CRLs."""

    def __init__(self, folder: str) -> None:
        """Takes the folder, which is made when something is kept."""
        self.folder = folder

    def path(self, url: str) -> str:
        """The file for a URL."""
        return os.path.join(self.folder, sha256(url.encode()).hexdigest())

    def read(self, url: str) -> Cached | None:
        """What is kept for a URL; None where there is nothing, or nothing that can be read."""
        try:
            members = GoMembers(loads(files.read(self.path(url), _LARGEST_FILE), _MOST_PARTS), "CRL cache")
            delta = members.text("deltaCRL", "")
            return Cached(_decode(members.text("baseCRL")), _decode(delta) if delta else None)
        except (OSError, StorageError, DocumentError, ValueError, MemoryError):
            return None

    def write(self, url: str, cached: Cached) -> None:
        """Keeps CRLs for a URL; a folder that cannot be written to keeps nothing."""
        members = {"baseCRL": _encode(cached.base)}
        if cached.delta is not None:
            members["deltaCRL"] = _encode(cached.delta)
        # No lock: whole files replace each other, and one that somebody holds shall keep no verification waiting.
        with contextlib.suppress(StorageError, MemoryError):
            files.write(self.path(url), dumps(members), 0o600)


def _decode(text: str) -> bytes:
    return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)


def _encode(content: bytes) -> str:
    return binascii.b2a_base64(content, newline=False).decode("ascii")
