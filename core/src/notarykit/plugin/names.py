"""Plugin names. A name becomes part of a path that is executed, and may come from a signature."""

import re

from notarykit.errors import PluginNotFoundError

PREFIX = "notation-"
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def check_name(name: str) -> str:
    """Returns the name, after checking its characters.

    Raises:
        PluginNotFoundError: It could lead out of the plugins' folder, or holds anything but letters, digits, `_`, `.`
            and `-`.
    """
    if _NAME.fullmatch(name) is None or name in (".", ".."):
        raise PluginNotFoundError(f"{name!r} is no plugin name: it must be of letters, digits, '_', '.' and '-'")
    return name
