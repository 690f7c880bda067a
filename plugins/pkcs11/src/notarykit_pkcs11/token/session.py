"""Session with a token: one login for all signatures of the process."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pkcs11
from pkcs11 import SlotFlag, TokenFlag

from notarykit_pkcs11.errors import REMOVED, REPLACED, WRONG_PIN, plugin_error
from notarykit_pkcs11.key_id import format_uri
from notarykit_pkcs11.token.attributes import LenientAttributeMapper
from notarykit_pkcs11.token.pin_attempts import PinAttempts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from notarykit.errors import PluginError
    from notarykit_pkcs11.client import Module
    from notarykit_pkcs11.pin.source import PinSource

_UNAVAILABLE_INFORMATION = 0xFFFFFFFF


class ProcessLockRequiredError(Exception):
    """The operation is allowed under the module's process lock only."""


class TokenSession:
    """Session with a token, opened at first use and again after it was lost.

    The caller holds the module's lock.

    Attributes:
        name: Name of the token in messages.
        private_keys: Handles of the keys looked up in this session.
        needs_login_to_sign: Whether a key that is visible without a login refused to sign without one.
        ignores_always_authenticate: Whether the token rejects the login before each signature that its keys ask for.
    """

    def __init__(self, module: Module, token: pkcs11.Token) -> None:
        self.module = module
        self.name = display_name(token)
        self.private_keys: dict[object, Any] = {}
        self.needs_login_to_sign = False
        self.ignores_always_authenticate = False
        self._token = token
        self._attempts = PinAttempts(module, self.name, token.serial)
        self._session: Any = None
        self._login: Any = None  # a session of its own: closing it logs out, and may fail
        self._is_logged_in = False

    @property
    def key(self) -> tuple[int, bytes]:
        """Key of this session in the module's `sessions`."""
        return session_key(self._token)

    @property
    def token_attributes(self) -> dict[str, str]:
        """Attributes that identify the token in a URI."""
        return identifying_attributes(self._token)

    def mechanisms(self) -> set[Any]:
        """Returns the mechanisms that the token lists."""
        return set(self._token.slot.get_mechanisms())

    def supports_size(self, mechanism: Any, bits: int) -> bool:
        """Returns whether a key size is within a mechanism's limits (C_GetMechanismInfo); True where it has none."""
        try:
            info = self._token.slot.get_mechanism_info(mechanism)
        except pkcs11.PKCS11Error:
            return True
        smallest, largest = info.min_key_length or 0, info.max_key_length or 0
        has_limits = 0 < largest < _UNAVAILABLE_INFORMATION
        return not has_limits or smallest <= bits <= largest

    def objects(self, template: Mapping[Any, Any]) -> list[Any]:
        """Returns the objects visible to this session that have all attributes of the template."""
        if self._session is None:
            self._session = self._open()
        return list(self._session.get_objects(dict(template)))

    @property
    def is_current(self) -> bool:
        """Whether this is still the module's session for the token."""
        return self.module.sessions.get(self.key) is self

    @property
    def is_open(self) -> bool:
        """Whether a session is open."""
        return self._session is not None or self._login is not None

    @property
    def is_logged_in(self) -> bool:
        """Whether this session has logged in."""
        return self._is_logged_in

    @property
    def may_log_in(self) -> bool:
        """Whether a login is outstanding, after which more objects may be visible."""
        return not self._is_logged_in and bool(self._token.flags & TokenFlag.LOGIN_REQUIRED)

    @property
    def is_pin_verified(self) -> bool:
        """Whether a login with the PIN has succeeded."""
        return self._attempts.is_verified

    def log_in(self, pins: PinSource) -> None:
        """Logs in, unless the token has rejected this PIN before.

        Raises:
            ProcessLockRequiredError: The token is hardware, and the process lock is not held.
            PluginAccessDeniedError: No PIN is available, or it is wrong or locked.
            PluginError: The token does not answer.
        """
        self._check_token()
        self._check_process_lock()
        pin = self._attempts.get(self._token, pins)
        self.check_attempts(pin)
        self._check_token()  # the token may have been exchanged while a person was prompted
        try:
            self._login = self._open(pin)
        except pkcs11.UserAlreadyLoggedIn:  # by another part of this program, or before a session that was lost
            pass
        except WRONG_PIN:
            raise self.reject_pin(pin, pins.origin) from None
        except (*REMOVED, pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.UserPinNotInitialized):
            raise
        except pkcs11.PKCS11Error:
            self.count_failed_login(pin)
            raise
        else:
            self._attempts.accept()
        self._is_logged_in = True

    def context_pin(self, pins: PinSource) -> str:
        """Returns the PIN for a key that requires one for each signature; empty where the reader asks for it."""
        pin = self._attempts.get(self._token, pins)
        return pin if isinstance(pin, str) else ""

    def check_attempts(self, pin: object) -> None:
        """Refuses to send a PIN again after failed logins that may have counted as wrong tries.

        Raises:
            PluginAccessDeniedError: The PIN was sent as often as is safe.
        """
        self._attempts.check(self._token, pin)

    def count_failed_login(self, pin: object) -> None:
        """Records a login that failed without naming the PIN as the reason."""
        self._attempts.count(pin)

    def reject_pin(self, pin: object, origin: str) -> PluginError:
        """Records that the token rejected a PIN of this origin; returns the error to raise."""
        self._attempts.reject(pin)
        self._refresh()  # its flags have changed
        return self._attempts.wrong_pin_error(self._token, pin, origin)

    @contextmanager
    def writable(self) -> Iterator[Any]:
        """Opens a read-write session while the context is active.

        Raises:
            PluginError: The token was exchanged, or its PIN is locked.
        """
        self._check_token()
        session = self._token.open(rw=True)
        try:
            yield session
        finally:
            with suppress(pkcs11.PKCS11Error):
                session.close()

    def invalidate(self, error: Exception) -> PluginError:
        """Closes the session after an error, so that the next use opens another; returns the error to raise."""
        self.close()
        if isinstance(error, REPLACED):
            self._attempts.forget_pin()
            self.module.sessions.pop(session_key(self._token), None)
        return plugin_error(self.name, error)

    def close(self) -> None:
        """Ends the session and the login; the next use begins both again."""
        for session in (self._session, self._login):
            if session is not None:
                with suppress(pkcs11.PKCS11Error):
                    session.close()
        self._session = self._login = None
        self._is_logged_in = False
        self.private_keys.clear()

    def _open(self, pin: Any = None) -> Any:
        self._check_process_lock()
        return self._token.open(user_pin=pin, attribute_mapper=LenientAttributeMapper())

    def _check_process_lock(self) -> None:
        if self._token.slot.flags & SlotFlag.HW_SLOT and not self.module.is_process_locked:
            raise ProcessLockRequiredError

    def _check_token(self) -> None:
        """Raises where the slot holds another token, which must not get this one's PIN, or where the PIN is locked."""
        if not self._refresh():
            raise self.invalidate(pkcs11.DeviceRemoved())
        if self._token.flags & TokenFlag.USER_PIN_LOCKED:
            raise plugin_error(self.name, pkcs11.PinLocked())

    def _refresh(self) -> bool:
        """Reads the token's flags again; returns False where the slot holds another token."""
        token = self._token
        with suppress(pkcs11.PKCS11Error):
            token = self._token.slot.get_token()
        before = session_key(self._token), identifying_attributes(self._token)
        if (session_key(token), identifying_attributes(token)) != before:
            return False
        self._token = token
        return True


def session_key(token: pkcs11.Token) -> tuple[int, bytes]:
    """Returns the slot and serial number, which identify a token within its module."""
    return token.slot.slot_id, token.serial


def identifying_attributes(token: pkcs11.Token) -> dict[str, str]:
    """Returns the attributes that identify a token in a URI (RFC 7512, section 2.3)."""
    serial = token.serial.rstrip(b"\0").decode("utf-8", "replace")
    return {name: value for name, value in (("token", token.label), ("serial", serial)) if value}


def display_name(token: pkcs11.Token) -> str:
    """Returns the name of a token in messages."""
    return f"token {token.label!r}" if token.label else f"the token {format_uri(identifying_attributes(token))}"
