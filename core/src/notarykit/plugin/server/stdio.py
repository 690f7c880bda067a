"""Entry of a plugin's executable: takes standard output and standard error before anything of the plugin is imported.

A host reads exactly one JSON document from one of the two (plugin specification, "Plugin contract"), so they are taken
away at the level of the file descriptor, and what anything else writes goes to the file that `$NOTARYKIT_PLUGIN_LOG`
names, or nowhere. This module imports nothing but what the interpreter has loaded already.
"""

from __future__ import annotations

import os
import sys

_LAST_STREAM = 2
_CAREFUL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # no link, and no pipe without a reader
_FAILED = b'{"errorCode":"ERROR","errorMessage":"the plugin could not be started"}'


def run(target: str) -> int:
    """Runs the command that the arguments name; `notarykit.plugin.executable` makes a function of it.

    Args:
        target: The plugin's class as `module:Class`, imported only now.

    Returns:
        The exit code: 0 with the answer on standard output, 1 with the protocol's error on standard error.
    """
    arguments = sys.argv[1:]
    output, errors = _take_streams()
    code, answer = 1, _FAILED
    try:
        from notarykit._internal.garbage import collect_rarely
        from notarykit.plugin.server.dispatch import respond

        collect_rarely()
        code, answer = respond(target, arguments, _read_request)
    except BaseException as error:  # noqa: BLE001 - a host gets the protocol's JSON in any case
        answer = _FAILED[:-2] + f': {type(error).__name__}"}}'.encode("ascii", "replace")
    _write(errors if code else output, answer)
    return code


def _take_streams() -> tuple[int, int]:
    """Returns duplicates of both streams, for the response alone, and redirects the originals to the log."""
    # Streams that the caller has closed are opened first, or a duplicate would take the number of one of them.
    while (spare := os.open(os.devnull, os.O_RDWR)) <= _LAST_STREAM:
        pass
    os.close(spare)
    kept = os.dup(1), os.dup(2)
    name = os.environ.get("NOTARYKIT_PLUGIN_LOG") or os.devnull
    try:
        elsewhere = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _CAREFUL, 0o600)
    except OSError:
        elsewhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(elsewhere, 1)
    os.dup2(elsewhere, 2)
    os.close(elsewhere)
    return kept


def _read_request() -> bytes:
    """Returns standard input, at most one byte more than the limit of a request."""
    from notarykit.plugin.protocol.fields import LARGEST_MESSAGE

    parts, left = [], LARGEST_MESSAGE + 1
    while left and (part := os.read(0, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _write(handle: int, content: bytes) -> None:
    view = memoryview(content)
    try:
        while view:
            view = view[os.write(handle, view) :]
        os.close(handle)
    except OSError:  # the host has gone
        pass
