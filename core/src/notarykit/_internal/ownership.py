"""Who besides the user may write the files and folders that decide whom to trust, what runs and where secrets go."""

from __future__ import annotations

import os
import stat
import sys
import warnings
from functools import lru_cache

from notarykit.errors import ConfigurationWarning

_ROOT = 0


def warn_of_other_writers(*paths: str) -> None:
    """Warns of each file or folder that somebody besides the user and root may write; what is not there is left aside.

    A sticky folder counts as any other: in it nobody may exchange a file, but anybody may add one that counts.
    """
    if sys.platform == "win32":
        return
    for path in paths:
        try:
            # What is mounted to be read alone, as into a container, is written by nobody here.
            who = "" if os.statvfs(path).f_flag & os.ST_RDONLY else _other_writers(os.stat(path))
        except OSError:
            continue
        if who:
            warnings.warn(f"{path} {who}", ConfigurationWarning, stacklevel=2)


def _other_writers(status: os.stat_result) -> str:
    """Who else may write a file or folder, as the rest of a sentence with what to do about it, or an empty string."""
    if status.st_uid not in (_ROOT, os.geteuid()):
        return f"belongs to another user ({status.st_uid}), who can write it: make it your own or root's (chown)"
    if status.st_mode & stat.S_IWOTH:
        return "can be written by everybody: take that away (chmod go-w)"
    if status.st_mode & stat.S_IWGRP and not _is_private(status.st_gid, status.st_uid):
        return f"can be written by its group ({status.st_gid}): take that away (chmod g-w)"
    return ""


@lru_cache(maxsize=64)
def _is_private(group: int, owner: int) -> bool:
    """Whether a group is nobody's but its owner's: root's, or the one of the owner's own name that many systems make.

    With the latter they set the umask 002, by which everything that a user makes can be written by it.
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
