"""Record of PIN attempts: no PIN is sent again that a token rejected, or may have counted as a wrong try."""

from __future__ import annotations

from contextlib import nullcontext
from hashlib import sha256
from secrets import token_bytes
from typing import TYPE_CHECKING

import pkcs11
from pkcs11 import SlotFlag, TokenFlag

from notarykit.errors import PluginAccessDeniedError
from notarykit_pkcs11.errors import plugin_error

if TYPE_CHECKING:
    from typing import Any

    from notarykit.errors import PluginError
    from notarykit_pkcs11.client import Module
    from notarykit_pkcs11.pin.source import PinSource

_SALT = token_bytes(16)
_FEW_TRIES = TokenFlag.USER_PIN_COUNT_LOW | TokenFlag.USER_PIN_FINAL_TRY


class PinAttempts:
    """PIN of a token for the process, and the attempts made with it.

    Attributes:
        is_verified: Whether a login with the PIN has succeeded.
    """

    def __init__(self, module: Module, token_name: str, serial: bytes) -> None:
        self.is_verified = False
        self._module = module
        self._token_name = token_name
        self._serial = serial
        self._pin: str | None = None

    def get(self, token: pkcs11.Token, pins: PinSource) -> Any:
        """Returns the PIN, read from its source once, or python-pkcs11's mark for entry at the reader.

        Raises:
            PluginAccessDeniedError: No PIN is available, or the token rejected it before.
        """
        if token.flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH:
            pins.notify(f"Enter the PIN of {self._token_name} at its reader.")
            return pkcs11.types.PROTECTED_AUTH
        if self._pin is None:
            is_last_try = bool(token.flags & TokenFlag.USER_PIN_FINAL_TRY)
            # Other processes go on while a person is prompted.
            with nullcontext() if pins.is_immediate else self._module.process_unlocked():
                pin = pins.get(self._token_name, is_last_try=is_last_try)
            if self._fingerprint(pin) in self._module.rejected_pins:
                raise PluginAccessDeniedError(
                    f"{self._token_name}: this PIN was wrong before, and is not tried again",
                    advice=f"correct it where it comes from{pins.origin and f': {pins.origin}'}",
                )
            self._pin = pin
        return self._pin

    def check(self, token: pkcs11.Token, pin: object) -> None:
        """Refuses a PIN whose logins failed without naming it as the reason: each may have counted as a wrong try.

        It is sent twice at most, or once where the token reports few tries left. Software tokens count no tries.

        Raises:
            PluginAccessDeniedError: The PIN was sent as often as is safe.
        """
        failures = self._module.failed_logins[self._fingerprint(str(pin))]
        limit = 1 if token.flags & _FEW_TRIES else 2
        if failures >= limit and token.slot.flags & SlotFlag.HW_SLOT:
            raise PluginAccessDeniedError(
                f"{self._token_name}: the login failed for an unknown reason, and the PIN is not sent again: "
                "it may be wrong",
                advice="make sure of the PIN, and try again in another process",
            )

    def count(self, pin: object) -> None:
        """Records a login that failed without naming the PIN as the reason."""
        self._module.failed_logins[self._fingerprint(str(pin))] += 1

    def accept(self) -> None:
        """Records a successful login."""
        self._module.failed_logins.clear()
        self.is_verified = True

    def reject(self, pin: object) -> None:
        """Records that the token rejected the PIN."""
        self._pin = None
        self.is_verified = False
        if isinstance(pin, str):
            self._module.rejected_pins.add(self._fingerprint(pin))

    def wrong_pin_error(self, token: pkcs11.Token, pin: object, origin: str) -> PluginError:
        """Returns the error for a rejected PIN, with what the token reports of the tries left."""
        if token.flags & TokenFlag.USER_PIN_LOCKED:
            return plugin_error(self._token_name, pkcs11.PinLocked())
        tries = ""
        if token.flags & TokenFlag.USER_PIN_FINAL_TRY:
            tries = "; one try is left before it is locked"
        elif token.flags & TokenFlag.USER_PIN_COUNT_LOW:
            tries = "; only few tries are left"
        error = plugin_error(self._token_name, pkcs11.PinIncorrect())
        advice = f"it comes from {origin}; {error.advice}" if origin and isinstance(pin, str) else error.advice
        return PluginAccessDeniedError(error.message + tries, advice=advice)

    def forget_pin(self) -> None:
        """Drops the PIN, as the slot may hold another token next."""
        self._pin = None

    def _fingerprint(self, pin: str) -> bytes:
        return sha256(_SALT + self._serial + b"\0" + pin.encode()).digest()
