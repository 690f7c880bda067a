"""Write access of other users to files that decide about trust, executed code and the destination of secrets."""

from __future__ import annotations

import os
import stat
import sys
import warnings
from functools import lru_cache

from notarykit.errors import ConfigurationWarning

_ROOT = 0


def warn_of_other_writers(*paths: str) -> None:
    """Warns of each existing path that users other than the current one and root may write.

    A sticky folder counts as any other: it keeps others from replacing a file, not from adding one that counts.
    """
    for path in paths:
        if who := other_writers(path):
            warnings.warn(f"{path} {who}", ConfigurationWarning, stacklevel=2)


def other_writers(path: str | int) -> str:
    """Returns the fault of a path, or open file, that others than the current user and root may write, or nothing."""
    if sys.platform == "win32":
        return ""
    try:
        # A read-only mount, as of a container's secrets, has no writers here.
        return "" if os.statvfs(path).f_flag & os.ST_RDONLY else _other_writers(os.stat(path))
    except OSError:
        return ""


def _other_writers(status: os.stat_result) -> str:
    """Returns the fault and its remedy as the rest of a sentence, or an empty string."""
    if status.st_uid not in (_ROOT, os.geteuid()):
        return f"belongs to another user ({status.st_uid}), who can write it: make it your own or root's (chown)"
    if status.st_mode & stat.S_IWOTH:
        return "can be written by everybody: take that away (chmod go-w)"
    if status.st_mode & stat.S_IWGRP and not _is_private(status.st_gid, status.st_uid):
        return f"can be written by its group ({status.st_gid}): take that away (chmod g-w)"
    return ""


@lru_cache(maxsize=64)
def _is_private(group: int, owner: int) -> bool:
    """Returns True for root's group and for user private groups, named after the owner and without other members.

    Systems with the latter set umask 002, so that every new file is writable by its group.
    """
    import grp
    import pwd

    if group == _ROOT:
        return True
    try:
        name, found = pwd.getpwuid(owner).pw_name, grp.getgrgid(group)
    except KeyError:
        return False
    return found.gr_name == name and set(found.gr_mem) <= {name}
