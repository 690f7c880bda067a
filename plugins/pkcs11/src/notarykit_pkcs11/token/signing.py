"""One signature by a private key on a token, and what may come in between: a PIN, a finger, a mechanism too few."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

import pkcs11
from pkcs11 import Attribute

from notarykit.errors import PluginValidationError
from notarykit.plugin.service.terminal import tell
from notarykit_pkcs11.errors import UNSUITABLE, WRONG_PIN, is_no_such_login, translated
from notarykit_pkcs11.token.mechanisms import ways
from notarykit_pkcs11.token.objects import attribute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from notarykit.keys.spec import KeySpec
    from notarykit_pkcs11.pin.source import PinSource
    from notarykit_pkcs11.token.mechanisms import Way
    from notarykit_pkcs11.token.session import TokenSession

_PATIENCE = 1.0
"""Seconds after which a person is told that the token may be waiting for a touch."""

_LONGEST = 3.0
"""Seconds: a signature that fails after more than these may have waited for a touch, and is not tried again."""


class PrivateKey:
    """A private key's handle, and whether it asks for the PIN before each signature (CKA_ALWAYS_AUTHENTICATE)."""

    def __init__(self, item: Any, session: TokenSession) -> None:
        """Takes the object that was found in a session."""
        self._item = item
        self._session = session
        says_so = attribute(item, Attribute.ALWAYS_AUTHENTICATE) is True
        self._asks_always = says_so and not session.ignores_second_login
        self._mechanisms = session.mechanisms()

    def sign(self, message: bytes, spec: KeySpec, pins: PinSource) -> bytes:
        """What the token makes of a message, by the best mechanism that it offers for this key.

        Raises:
            pkcs11.PKCS11Error: It did not work; nobody has been asked for a touch if it is one of `DISTURBED`.
            PluginError: It did not work, and is not to be tried again.
        """
        offered = ways(spec, self._mechanisms)
        if not offered:
            raise PluginValidationError(
                f"{self._session.name} offers no mechanism for {spec.signing_algorithm}",
                advice="see 'notarykit plugin doctor pkcs11' for what it offers",
            )
        for way in offered:
            try:
                return self._ask(way, way.prepare(message, spec), pins)
            except UNSUITABLE:
                continue
        raise translated(self._session.name, pkcs11.MechanismInvalid())

    def _ask(self, way: Way, prepared: bytes, pins: PinSource) -> bytes:
        session = self._session
        pin = session.pin_again(pins) if self._asks_always else None
        is_unsure = pin is not None and not session.is_pin_right
        if is_unsure:
            session.check_unclear(pin)
        begun = time.monotonic()
        try:
            with _told(session.name):
                made = self._item.sign(prepared, mechanism=way.mechanism, mechanism_param=way.parameter, pin=pin)
        except WRONG_PIN:
            refusal = session.wrong_pin(pin, pins.origin)
            session.close()
            raise refusal from None
        except pkcs11.PKCS11Error as error:
            if is_unsure:
                session.count_unclear(pin)
            if time.monotonic() - begun > _LONGEST:
                raise session.lost(error) from None
            if self._asks_always and is_no_such_login(error):
                session.ignores_second_login = True
                raise pkcs11.SessionClosed from None  # what was begun cannot be ended in this session
            session.wants_login |= isinstance(error, pkcs11.UserNotLoggedIn)
            raise
        return bytes(made)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Tells the person at the terminal what to do, where it takes long."""
    timer = Timer(_PATIENCE, tell, [f"Touch your key if it blinks: {name} is signing."])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
