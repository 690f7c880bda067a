"""Lookup of the token that a URI names, among the tokens of a module."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from notarykit.errors import PluginError, PluginValidationError
from notarykit.plugin import seconds_left
from notarykit_pkcs11.client import PAUSES
from notarykit_pkcs11.key_id import format_uri
from notarykit_pkcs11.token.session import TokenSession, identifying_attributes, session_key

if TYPE_CHECKING:
    import pkcs11

    from notarykit_pkcs11.client import Module
    from notarykit_pkcs11.key_id import KeyUri


def find_token(module: Module, uri: KeyUri) -> TokenSession:
    """Returns the process's session for the only token that a URI matches.

    Raises:
        PluginError: No token matches.
        PluginValidationError: Several tokens match.
    """
    for pause in PAUSES:
        tokens = module.tokens()
        matching = [token for token in tokens if matches(module, token, uri)]
        if matching:
            break
        time.sleep(min(pause, seconds_left()))
        module.refresh()
    if not matching:
        names = ", ".join(token_uri(token) for token in tokens)
        raise PluginError(
            f"no token matches {uri.text}" + (f"; present: {names}" if tokens else f"; {module.path} lists no token"),
            advice="plug it in and try again, or see 'notarykit plugin doctor pkcs11'",
        )
    if len(matching) > 1:
        names = ", ".join(token_uri(token) for token in matching)
        raise PluginValidationError(
            f"{len(matching)} tokens match {uri.text}: {names}", advice="add serial= or slot-id= to the URI"
        )
    return session_for(module, matching[0])


def session_for(module: Module, token: pkcs11.Token) -> TokenSession:
    """Returns the process's session for a token, which is created at its first use."""
    session: TokenSession = module.sessions.setdefault(session_key(token), TokenSession(module, token))
    return session


def matches(module: Module, token: pkcs11.Token, uri: KeyUri) -> bool:
    """Returns whether a token, its slot and its module have the URI's attributes (RFC 7512, section 2.5)."""
    slot, library = token.slot, module.library
    actual = {
        "token": token.label,
        "manufacturer": token.manufacturer_id,
        "serial": identifying_attributes(token).get("serial", ""),
        "model": token.model,
        "slot-manufacturer": slot.manufacturer_id,
        "slot-description": slot.slot_description,
        "slot-id": str(slot.slot_id),
        "library-manufacturer": library.manufacturer_id,
        "library-description": library.library_description,
        "library-version": "{}.{}".format(*library.library_version),
    }
    return all(actual[name] == value for name, value in uri.token_attributes.items())


def token_uri(token: pkcs11.Token) -> str:
    """Returns a URI that matches this token alone."""
    return format_uri({**identifying_attributes(token), "slot-id": str(token.slot.slot_id)})
