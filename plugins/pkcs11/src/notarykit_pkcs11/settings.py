"""Which module to load: PKCS#11 modules are shared libraries of whoever made the token."""

from __future__ import annotations

import os
import re
import sys

from notarykit.errors import PluginValidationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from notarykit_pkcs11.key_id import KeyUri

VARIABLE, SETTING = "PKCS11_MODULE_PATH", "module_path"
P11_KIT = "p11-kit-proxy.so"
"""One module in front of all that p11-kit knows; the system's loader finds it."""

_NAMED = ("/etc/pkcs11/modules", "/usr/share/p11-kit/modules", "/usr/local/share/p11-kit/modules")
_LINE = re.compile(r"^\s*module\s*:\s*(\S.*?)\s*$", re.MULTILINE)
_ADVICE = f"name its file with {SETTING}=FILE, module-path in the URI, or ${VARIABLE}"


def module_path(uri: KeyUri | None, config: Mapping[str, str]) -> str:
    """The file of the module: the URI's, the configuration's, `$PKCS11_MODULE_PATH`, or else p11-kit's.

    Returns:
        An absolute path, or the name of a library for the system's loader.

    Raises:
        PluginValidationError: It is named twice and differently, is a relative path, or is not there.
    """
    named = uri.module_path if uri else None
    if uri and uri.module_name is not None:
        named = named or _by_name(uri.module_name)
    configured = config.get(SETTING)
    if named and configured and named != configured:
        raise PluginValidationError(
            f"the URI names the module {named} and {SETTING} names {configured}", advice="name one of them"
        )
    return _checked(named or configured or os.environ.get(VARIABLE) or P11_KIT)


def _checked(path: str) -> str:
    if "/" not in path:
        return path
    if not os.path.isabs(path):  # whose it is would depend on the folder that somebody is in
        raise PluginValidationError(f"the module {path} is a relative path", advice="give the whole path")
    if not os.path.isfile(path):
        raise PluginValidationError(f"the module {path} is not there", advice=_ADVICE)
    return os.path.realpath(path)


def _by_name(name: str) -> str:
    """The module that p11-kit's configuration has under a name (RFC 7512, "module-name"), or one of that file name."""
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", name):
        raise PluginValidationError(f"the module name {name!r} is none", advice=_ADVICE)
    for folder in _NAMED:
        try:
            with open(os.path.join(folder, f"{name}.module"), encoding="utf-8", errors="replace") as file:
                line = _LINE.search(file.read())
        except OSError:
            continue
        if line:
            return _beside(line[1])
    found = next(filter(os.path.isfile, map(_beside, (f"{name}.so", f"lib{name}.so"))), None)
    if found is None:
        raise PluginValidationError(f"no module named {name!r} is there", advice=_ADVICE)
    return found


def _beside(path: str) -> str:
    """A path of p11-kit's configuration, which is relative to a folder of modules."""
    if os.path.isabs(path):
        return path
    multiarch = getattr(sys.implementation, "_multiarch", "")
    folders = [
        f"/usr/lib/{multiarch}/pkcs11",
        f"/usr/lib/{multiarch}",
        "/usr/lib64/pkcs11",
        "/usr/lib/pkcs11",
        "/usr/lib64",
    ]
    places = [os.path.join(folder, path) for folder in folders]
    return next(filter(os.path.isfile, places), path)
