"""File descriptors: each connection needs one, and many systems allow 1,024 unless a program asks for more."""

import logging
import resource

_log = logging.getLogger(__name__)
# For connections to registries and responders, and for files.
_OTHERS = 512


def allow_descriptors(connections: int) -> None:
    """Has the system allow as many file descriptors as so many connections need, as far as it does.

    Args:
        connections: Number of clients' connections.
    """
    needed = connections + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < needed:
        _log.warning(
            "the system allows %d open files, and %d connections need %d: raise its limit, or lower --max-connections",
            *(allowed, connections, needed),
        )
