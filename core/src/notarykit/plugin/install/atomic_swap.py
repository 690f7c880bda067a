"""Atomic replacement of a folder by another."""

import contextlib
import os
import sys

_AT_FDCWD = -100
_LINUX_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_DARWIN_SWAP = 2  # RENAME_SWAP of renamex_np(2)


def replace_folder(new: str, place: str) -> None:
    """Moves a folder to a place; a folder that was there is at the new one's old path afterwards.

    Where the system cannot exchange two folders, there is a moment with neither; if the second step fails, the first is
    taken back.

    Raises:
        OSError: It cannot be moved; what was there is there still.
    """
    if not os.path.lexists(place):
        os.rename(new, place)
    elif not _exchanged(new, place):
        aside = f"{new}.old"
        os.rename(place, aside)
        try:
            os.rename(new, place)
        except BaseException:
            os.rename(aside, place)
            raise
        with contextlib.suppress(OSError):
            os.rename(aside, new)


def _exchanged(one: str, other: str) -> bool:
    """Returns True if the system exchanged the two folders."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True) if sys.platform != "win32" else None
    paths = os.fsencode(one), os.fsencode(other)
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        return library.renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _LINUX_EXCHANGE) == 0  # type: ignore[no-any-return, union-attr]
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        return library.renamex_np(paths[0], paths[1], _DARWIN_SWAP) == 0  # type: ignore[no-any-return, union-attr]
    return False
