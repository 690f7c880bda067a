"""Launchers: small executables in notation's folder that make an installed Python plugin visible to every host.

A launcher names its interpreter by an absolute path and is isolated from the environment, so that it means the same
package wherever it is run.
"""

from __future__ import annotations

import os
import sys

from notarykit.errors import UsageError

_MARK = b"# A notarykit launcher of the plugin "
_LONGEST_SHEBANG = 127  # what Linux read in a first line for decades
_HEAD = 16 * 1024  # beyond the longest path that a system knows


def is_launcher(path: str) -> bool:
    """Returns True if an executable is one of our launchers, False if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return _MARK in file.read(_HEAD)
    except OSError:
        return False


def launcher(name: str, target: str, interpreter: str, flags: str = "-I") -> bytes:
    """Returns the content of a launcher.

    Args:
        name: The plugin's name.
        target: Its class, `module:Class`.
        interpreter: The absolute path of the Python in which its package is installed.
        flags: The interpreter's flags; isolated, unless the package is in the user's own site folder.

    Raises:
        UsageError: The interpreter's path holds what a script cannot name.
    """
    if "\\" in interpreter or not interpreter.isprintable():
        raise UsageError(f"no launcher can name the interpreter {interpreter!r}", advice="use one with another path")
    first = f"#!{interpreter} {flags}"
    if " " in interpreter or len(os.fsencode(first)) > _LONGEST_SHEBANG:
        # To the shell, the first line of what follows is a command; to Python, it is an unused string.
        quoted = "'" + interpreter.replace("'", "'\"'\"'") + "'"
        first = f"#!/bin/sh\n''':'\nexec {quoted} {flags} \"$0\" \"$@\"\n'''"
    lines = (
        first,
        f"{_MARK.decode()}{name}; 'notarykit plugin install --from-package {name}' writes it.",
        "import sys",
        "from notarykit.plugin import executable",
        f"sys.exit(executable({target!r})())",
        "",
    )
    return os.fsencode("\n".join(lines))


def flags_for(module_file: str) -> str:
    """Returns the interpreter flags for a module's file; `-I` would hide the user's site folder."""
    import site

    user = site.getusersitepackages()
    is_there = bool(site.ENABLE_USER_SITE) and os.path.realpath(module_file).startswith(os.path.realpath(user) + os.sep)
    return "-EP" if is_there and sys.prefix == sys.base_prefix else "-I"
