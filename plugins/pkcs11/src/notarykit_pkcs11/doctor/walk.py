"""Diagnosis of module, slots and tokens."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pkcs11
from pkcs11 import TokenFlag

from notarykit.errors import NotarykitError, PluginError
from notarykit.plugin import FAILED, OK, Finding
from notarykit_pkcs11.client import module_at
from notarykit_pkcs11.doctor.token_checks import check_token
from notarykit_pkcs11.key_id import parse_uri
from notarykit_pkcs11.settings import P11_KIT, module_path
from notarykit_pkcs11.token.token_lookup import matches, token_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from notarykit_pkcs11.client import Module
    from notarykit_pkcs11.key_id import KeyUri

_LOAD_SECONDS = 60
# Run in a process of its own, which a crash of the module ends alone.
_LOAD = "import sys, pkcs11; pkcs11.lib(sys.argv[1]).get_slots()"


def diagnose(key_id: str | None, config: Mapping[str, str]) -> Iterator[Finding]:
    """Yields the finding of each step; a failed step that the next ones need is the last."""
    try:
        yield from _check(key_id, config)
    except NotarykitError as error:
        yield Finding.of_error("stopped", error)
    except pkcs11.PKCS11Error as error:
        yield Finding("stopped", FAILED, f"the module answered {type(error).__name__}", "try again")


def _check(key_id: str | None, config: Mapping[str, str]) -> Iterator[Finding]:
    uri = parse_uri(key_id) if key_id else None
    path = ""
    try:
        path = module_path(uri, config)
        module = _load(path)
    except PluginError as error:
        default = "; it is p11-kit's, the default" if path == P11_KIT else ""
        yield Finding("module", FAILED, error.message + default, error.advice or "")
        return
    library = module.library
    version = "{}.{}".format(*library.library_version)
    yield Finding("module", OK, f"{path}: {library.library_description} {version} of {library.manufacturer_id}")
    slots = module.slots(token_present=False)
    tokens = module.tokens()
    if not slots:
        yield Finding("slots", FAILED, "none", "plug the reader or token in; for smart cards, see that pcscd runs")
        return
    yield Finding("slots", OK, f"{len(slots)}, with {len(tokens)} initialised tokens")
    matching = [token for token in tokens if uri is None or matches(module, token, uri)]
    if not matching:
        yield _no_token(tokens, uri)
    elif uri is not None and len(matching) > 1:
        names = ", ".join(token_uri(token) for token in matching)
        yield Finding(
            "token", FAILED, f"{len(matching)} match {uri.text}: {names}", "add serial= or slot-id= to the URI"
        )
        return
    may_log_in = sum(bool(token.flags & TokenFlag.LOGIN_REQUIRED) for token in matching) == 1
    for token in matching:
        yield from check_token(module, token, uri, config, may_log_in=may_log_in)


def _no_token(tokens: Sequence[pkcs11.Token], uri: KeyUri | None) -> Finding:
    names = ", ".join(token_uri(token) for token in tokens)
    if uri and names:
        return Finding("token", FAILED, f"none matches {uri.text}; present: {names}", "correct the URI")
    return Finding("token", FAILED, "none present", "plug it in, or initialise it with its own tool")


def _load(path: str) -> Module:
    try:
        process = subprocess.run(  # noqa: S603
            [sys.executable, "-P", "-c", _LOAD, path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_LOAD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PluginError(
            f"the module {path} does not list its slots within {_LOAD_SECONDS} seconds",
            advice="see that its daemon runs and its device or server answers",
        ) from None
    if process.returncode < 0:
        raise PluginError(
            f"the module {path} crashes when it is loaded (signal {-process.returncode})",
            advice="check its own configuration and version; 'plugin install' runs it in a process of its own",
        )
    module = module_at(path)
    with module.locked():
        _ = module.library
    return module
