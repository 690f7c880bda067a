"""Which of the tokens that are plugged in a URI means."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from notarykit.errors import PluginError, PluginValidationError
from notarykit.plugin import seconds_left
from notarykit_pkcs11.client import PAUSES
from notarykit_pkcs11.key_id import uri_of
from notarykit_pkcs11.token.session import TokenSession, key_of, naming

if TYPE_CHECKING:
    import pkcs11

    from notarykit_pkcs11.client import Module
    from notarykit_pkcs11.key_id import KeyUri


def the_token(module: Module, uri: KeyUri) -> TokenSession:
    """The one token that a URI means; there is one object for it in the process, with one login.

    Raises:
        PluginError: It is not there.
        PluginValidationError: There are several.
    """
    for pause in PAUSES:
        there = module.tokens()
        found = [token for token in there if matches(module, token, uri)]
        if found:
            break
        time.sleep(min(pause, seconds_left()))
        module.look_again()
    if not found:
        names = ", ".join(shown(token) for token in there)
        raise PluginError(
            f"no token matches {uri.text}" + (f"; there is {names}" if there else f"; {module.path} sees none"),
            advice="plug it in and try again, or see 'notarykit plugin doctor pkcs11'",
        )
    if len(found) > 1:
        names = ", ".join(shown(token) for token in found)
        raise PluginValidationError(
            f"{len(found)} tokens match {uri.text}: {names}", advice="add serial= or slot-id= to the URI"
        )
    session: TokenSession = module.sessions.setdefault(key_of(found[0]), TokenSession(module, found[0]))
    return session


def matches(module: Module, token: pkcs11.Token, uri: KeyUri) -> bool:
    """Whether a token, its slot and its module are as a URI says (RFC 7512, section 2.5)."""
    slot, library = token.slot, module.library
    actual = {
        "token": token.label,
        "manufacturer": token.manufacturer_id,
        "serial": naming(token).get("serial", ""),
        "model": token.model,
        "slot-manufacturer": slot.manufacturer_id,
        "slot-description": slot.slot_description,
        "slot-id": str(slot.slot_id),
        "library-manufacturer": library.manufacturer_id,
        "library-description": library.library_description,
        "library-version": "{}.{}".format(*library.library_version),
    }
    return all(actual[name] == wanted for name, wanted in uri.where.items())


def shown(token: pkcs11.Token) -> str:
    """A token as a URI that means it."""
    return uri_of({**naming(token), "slot-id": str(token.slot.slot_id)})
