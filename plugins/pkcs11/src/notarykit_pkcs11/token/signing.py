"""Signature by a private key on a token, with the PIN, touch and choice of mechanism that it may need."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

import pkcs11
from pkcs11 import Attribute

from notarykit.errors import PluginValidationError
from notarykit.plugin import write_to_terminal
from notarykit_pkcs11.errors import UNSUPPORTED, WRONG_PIN, lacks_context_login, plugin_error
from notarykit_pkcs11.token.mechanisms import signing_methods
from notarykit_pkcs11.token.objects import read_attribute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from notarykit.plugin import KeySpec
    from notarykit_pkcs11.pin.source import PinSource
    from notarykit_pkcs11.token.mechanisms import SigningMethod
    from notarykit_pkcs11.token.session import TokenSession

_TOUCH_PROMPT_SECONDS = 1.0
"""Seconds after which the terminal shows that the token may be waiting for a touch."""

_RETRY_LIMIT_SECONDS = 3.0
"""Seconds after which a failed signature is not retried, since it may have waited for a touch."""


class PrivateKey:
    """Private key object, and whether it requires the PIN for each signature (CKA_ALWAYS_AUTHENTICATE)."""

    def __init__(self, item: Any, session: TokenSession) -> None:
        self._item = item
        self._session = session
        always_authenticate = read_attribute(item, Attribute.ALWAYS_AUTHENTICATE) is True
        self._always_authenticate = always_authenticate and not session.ignores_always_authenticate
        self._mechanisms = session.mechanisms()

    def sign(self, message: bytes, spec: KeySpec, pins: PinSource) -> bytes:
        """Signs a message by the best mechanism that the token offers for this key.

        Raises:
            pkcs11.PKCS11Error: The token failed; if the error is one of `TRANSIENT`, it did not wait for a touch.
            PluginError: The signature failed for good.
        """
        methods = signing_methods(spec, self._mechanisms)
        if not methods:
            raise PluginValidationError(
                f"{self._session.name} offers no mechanism for {spec.signing_algorithm}",
                advice="see 'notarykit plugin doctor pkcs11' for what it offers",
            )
        for method in methods:
            try:
                return self._sign_by(method, method.prepare(message, spec), pins)
            except UNSUPPORTED:
                continue
        raise plugin_error(self._session.name, pkcs11.MechanismInvalid())

    def _sign_by(self, method: SigningMethod, prepared: bytes, pins: PinSource) -> bytes:
        session = self._session
        pin = session.context_pin(pins) if self._always_authenticate else None
        is_unverified = pin is not None and not session.is_pin_verified
        if is_unverified:
            session.check_attempts(pin)
        started = time.monotonic()
        try:
            with _touch_prompt(session.name):
                signature = self._item.sign(
                    prepared, mechanism=method.mechanism, mechanism_param=method.parameter, pin=pin
                )
        except WRONG_PIN:
            rejection = session.reject_pin(pin, pins.origin)
            session.close()
            raise rejection from None
        except pkcs11.PKCS11Error as error:
            if is_unverified:
                session.count_failed_login(pin)
            if time.monotonic() - started > _RETRY_LIMIT_SECONDS:
                raise session.invalidate(error) from None
            if self._always_authenticate and lacks_context_login(error):
                session.ignores_always_authenticate = True
                raise pkcs11.SessionClosed from None  # the operation that was begun cannot be ended in this session
            session.needs_login_to_sign |= isinstance(error, pkcs11.UserNotLoggedIn)
            raise
        return bytes(signature)


@contextmanager
def _touch_prompt(token_name: str) -> Iterator[None]:
    """Shows at the terminal that the token may be waiting for a touch, where the signature takes long."""
    timer = Timer(_TOUCH_PROMPT_SECONDS, write_to_terminal, [f"Touch your key if it blinks: {token_name} is signing."])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
