"""Choice of the PKCS#11 module: by the key's URI, the configuration, the environment, or p11-kit."""

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
"""Proxy for all modules in p11-kit's configuration, found by the system's loader."""

_CONFIGURATION_FOLDERS = ("/etc/pkcs11/modules", "/usr/share/p11-kit/modules", "/usr/local/share/p11-kit/modules")
_MODULE_LINE = re.compile(r"^\s*module\s*:\s*(\S.*?)\s*$", re.MULTILINE)
_ADVICE = f"name its file with {SETTING}=FILE, module-path in the URI, or ${VARIABLE}"


def module_path(uri: KeyUri | None, config: Mapping[str, str]) -> str:
    """Returns the module of the URI, the configuration or `$PKCS11_MODULE_PATH`, in this order, or else p11-kit's.

    Returns:
        An absolute path, or the name of a library for the system's loader.

    Raises:
        PluginValidationError: URI and configuration name different modules, or the path is relative or does not exist.
    """
    path = uri.module_path if uri else None
    if uri and uri.module_name is not None:
        path = path or _path_by_name(uri.module_name)
    configured = config.get(SETTING)
    if path and configured and path != configured:
        raise PluginValidationError(
            f"the URI names the module {path}, but {SETTING} names {configured}", advice="name one of them"
        )
    return _checked(path or configured or os.environ.get(VARIABLE) or P11_KIT)


def _checked(path: str) -> str:
    if "/" not in path:
        return path
    if not os.path.isabs(path):  # the current folder must not decide which code is loaded
        raise PluginValidationError(f"the module path {path} is relative", advice="give the absolute path")
    if not os.path.isfile(path):
        raise PluginValidationError(f"the module {path} does not exist", advice=_ADVICE)
    return os.path.realpath(path)


def _path_by_name(name: str) -> str:
    """Looks a name up in p11-kit's configuration (RFC 7512, "module-name"), then as a file name."""
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", name):
        raise PluginValidationError(f"invalid module name {name!r}", advice=_ADVICE)
    for folder in _CONFIGURATION_FOLDERS:
        try:
            with open(os.path.join(folder, f"{name}.module"), encoding="utf-8", errors="replace") as file:
                line = _MODULE_LINE.search(file.read())
        except OSError:
            continue
        if line:
            return _in_module_folders(line[1])
    path = next(filter(os.path.isfile, map(_in_module_folders, (f"{name}.so", f"lib{name}.so"))), None)
    if path is None:
        raise PluginValidationError(f"no module named {name!r} was found", advice=_ADVICE)
    return path


def _in_module_folders(path: str) -> str:
    """Completes a path of p11-kit's configuration, which is relative to a folder of modules."""
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
    paths = [os.path.join(folder, path) for folder in folders]
    return next(filter(os.path.isfile, paths), path)
