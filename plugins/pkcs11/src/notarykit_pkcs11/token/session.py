"""A token in use: one session, and one login for all signatures of the process."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from hashlib import sha256
from secrets import token_bytes
from typing import TYPE_CHECKING

import pkcs11
from pkcs11 import SlotFlag, TokenFlag

from notarykit.errors import PluginAccessDeniedError, PluginError
from notarykit_pkcs11.errors import GONE, MOVED, WRONG_PIN, translated
from notarykit_pkcs11.key_id import uri_of
from notarykit_pkcs11.token.attributes import AllAttributes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from notarykit_pkcs11.client import Module
    from notarykit_pkcs11.pin.source import PinSource

_SALT = token_bytes(16)
_UNAVAILABLE = 0xFFFFFFFF
_LOW = TokenFlag.USER_PIN_COUNT_LOW | TokenFlag.USER_PIN_FINAL_TRY


class NeedsTurnError(Exception):
    """This is to be done while no other process uses the token."""


class TokenSession:
    """A session with a token, which is opened when it is used, and again after it was lost.

    The caller holds the module.

    Attributes:
        name: The token's name for people.
        private_keys: The handles of keys that were looked up in this session.
        wants_login: Whether a key that could be seen without a login did not sign without one.
        is_pin_right: Whether a login with the PIN has succeeded.
        ignores_second_login: Whether keys of it that ask for a PIN before each signature do not mean it.
    """

    def __init__(self, module: Module, token: pkcs11.Token) -> None:
        self.module = module
        self._token = token
        self.name = describe(token)
        self.private_keys: dict[object, Any] = {}
        self._session: Any = None
        self._login: Any = None  # a session of its own: closing it logs out, and may fail
        self.ignores_second_login = False
        self.is_pin_right = False
        self.wants_login = False
        self._pin: Any = None
        self._is_logged_in = False

    @property
    def key(self) -> tuple[int, bytes]:
        """What the module keeps it under."""
        return key_of(self._token)

    @property
    def where(self) -> dict[str, str]:
        """What tells the token from others, by the names of a URI's attributes."""
        return naming(self._token)

    def mechanisms(self) -> set[Any]:
        """What the token can do."""
        return set(self._token.slot.get_mechanisms())

    def can_hold(self, mechanism: Any, bits: int) -> bool:
        """Whether keys of a size are within what the token says of a mechanism (C_GetMechanismInfo), if it says it."""
        try:
            info = self._token.slot.get_mechanism_info(mechanism)
        except pkcs11.PKCS11Error:
            return True
        smallest, largest = info.min_key_length or 0, info.max_key_length or 0
        is_told = 0 < largest < _UNAVAILABLE
        return not is_told or smallest <= bits <= largest

    def objects(self, template: Mapping[Any, Any]) -> list[Any]:
        """The objects that have all of the given attributes, as far as this session may see them."""
        if self._session is None:
            self._session = self._open()
        return list(self._session.get_objects(dict(template)))

    @property
    def is_current(self) -> bool:
        """Whether the module still has it for its token."""
        return self.module.sessions.get(self.key) is self

    @property
    def is_open(self) -> bool:
        """Whether there is a session."""
        return self._session is not None or self._login is not None

    @property
    def is_logged_in(self) -> bool:
        """Whether there was a login in this session."""
        return self._is_logged_in

    @property
    def needs_login(self) -> bool:
        """Whether there may be more to see after a login."""
        return not self._is_logged_in and bool(self._token.flags & TokenFlag.LOGIN_REQUIRED)

    def log_in(self, pins: PinSource) -> None:
        """Logs in, with a PIN that the token has not refused before.

        Raises:
            NeedsTurnError: Other processes might disturb it, or wait for the token as well.
            PluginAccessDeniedError: There is no PIN, it is wrong, or it is locked.
            PluginError: The token does not answer.
        """
        self._check_token()
        self._check_turn()
        pin = self._get_pin(pins)
        self.check_unclear(pin)
        self._check_token()  # a person may have changed it meanwhile
        try:
            self._login = self._open(pin)
        except pkcs11.UserAlreadyLoggedIn:  # by another part of this program, or before a session that was lost
            pass
        except WRONG_PIN:
            raise self.wrong_pin(pin, pins.origin) from None
        except (*GONE, pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.UserPinNotInitialized):
            raise
        except pkcs11.PKCS11Error:
            self.count_unclear(pin)
            raise
        else:
            self.module.unclear.clear()
            self.is_pin_right = True
        self._is_logged_in = True

    def pin_again(self, pins: PinSource) -> str:
        """The PIN for a key that asks for it before each signature."""
        pin = self._get_pin(pins)
        return pin if isinstance(pin, str) else ""  # the reader's own keys are asked

    def write(self, objects: Sequence[Mapping[Any, Any]], pins: PinSource) -> None:
        """Puts objects onto the token, all of them or none.

        Raises:
            pkcs11.PKCS11Error: It does not take one.
            PluginError: As `log_in`.
        """
        if self.needs_login:
            self.log_in(pins)
        self._check_token()
        session = self._token.open(rw=True)
        made: list[Any] = []
        try:
            for attributes in objects:
                made.append(session.create_object(dict(attributes)))  # noqa: PERF401 - some are made where one fails
        except BaseException:
            for each in made:
                with suppress(pkcs11.PKCS11Error):
                    each.destroy()
            raise
        finally:
            with suppress(pkcs11.PKCS11Error):
                session.close()

    def remove(self, template: Mapping[Any, Any], is_old: Callable[[bytes], bool]) -> None:
        """Removes the certificates with the given attributes whose value in DER is an old one."""
        self._check_token()
        session = self._token.open(rw=True)
        try:
            for each in list(session.get_objects(dict(template))):
                if is_old(bytes(each[pkcs11.Attribute.VALUE])):
                    each.destroy()
        finally:
            with suppress(pkcs11.PKCS11Error):
                session.close()

    def lost(self, error: Exception) -> PluginError:
        """Forgets the session after an error, so that the next use opens another; returns what to raise."""
        self.close()
        if isinstance(error, MOVED):
            self._pin = None  # what is there next may be another token
            self.module.sessions.pop(key_of(self._token), None)
        return translated(self.name, error)

    def close(self) -> None:
        """Ends the session and the login; the next use begins both again."""
        for session in (self._session, self._login):
            if session is not None:
                with suppress(pkcs11.PKCS11Error):
                    session.close()
        self._session = self._login = None
        self._is_logged_in = False
        self.private_keys.clear()

    def wrong_pin(self, pin: object, origin: str) -> PluginError:
        """Remembers that the token did not take a PIN of this origin; returns what to raise."""
        self._pin = None
        self.is_pin_right = False
        if isinstance(pin, str):
            self.module.refused.add(self._mark(pin))
        self._look()  # its flags have changed
        flags = self._token.flags
        if flags & TokenFlag.USER_PIN_LOCKED:
            return translated(self.name, pkcs11.PinLocked())
        left = ""
        if flags & TokenFlag.USER_PIN_FINAL_TRY:
            left = "; one try is left before it is locked"
        elif flags & TokenFlag.USER_PIN_COUNT_LOW:
            left = "; only few tries are left"
        error = translated(self.name, pkcs11.PinIncorrect())
        advice = f"it comes from {origin}; {error.advice}" if origin and isinstance(pin, str) else error.advice
        return PluginAccessDeniedError(error.message + left, advice=advice)

    def _check_turn(self) -> None:
        if self._token.slot.flags & SlotFlag.HW_SLOT and not self.module.has_turn:
            raise NeedsTurnError

    def _open(self, pin: Any = None) -> Any:
        self._check_turn()
        return self._token.open(user_pin=pin, attribute_mapper=AllAttributes())

    def _get_pin(self, pins: PinSource) -> Any:
        if self._token.flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH:
            pins.tell(f"Enter the PIN of {self.name} at its reader.")
            return pkcs11.types.PROTECTED_AUTH
        if self._pin is None:
            is_last = bool(self._token.flags & TokenFlag.USER_PIN_FINAL_TRY)
            with nullcontext() if pins.is_at_hand else self.module.aside():  # nobody waits while a person is asked
                pin = pins.get(self.name, is_last=is_last)
            if self._mark(pin) in self.module.refused:
                raise PluginAccessDeniedError(
                    f"{self.name}: this PIN was wrong before, and is not tried again",
                    advice=f"correct it where it comes from{pins.origin and f': {pins.origin}'}",
                )
            self._pin = pin
        return self._pin

    def _mark(self, pin: str) -> bytes:
        return sha256(_SALT + self._token.serial + b"\0" + pin.encode()).digest()

    def check_unclear(self, pin: object) -> None:
        """Refuses to send a PIN again where logins with it failed without a word on it: it may have counted as wrong.

        It was sent twice at most, or once where the token says that a wrong PIN was tried. Software counts no tries.
        """
        failed = self.module.unclear[self._mark(str(pin))]
        most = 1 if self._token.flags & _LOW else 2
        if failed >= most and self._token.slot.flags & SlotFlag.HW_SLOT:
            raise PluginAccessDeniedError(
                f"{self.name}: the login failed without a reason, and the PIN is not sent again: it may be wrong",
                advice="make sure of the PIN, and try again in another process",
            )

    def count_unclear(self, pin: object) -> None:
        """Remembers that a login failed without a word on the PIN."""
        self.module.unclear[self._mark(str(pin))] += 1

    def _look(self) -> bool:
        """Reads the token's flags anew; False where another token is in the slot, which this is not the session of."""
        found = self._token
        with suppress(pkcs11.PKCS11Error):
            found = self._token.slot.get_token()
        if (key_of(found), naming(found)) != (key_of(self._token), naming(self._token)):
            return False
        self._token = found
        return True

    def _check_token(self) -> None:
        """Refuses another token than the one that was meant, which must not get its PIN, and one that is locked."""
        if not self._look():
            raise self.lost(pkcs11.DeviceRemoved())
        if self._token.flags & TokenFlag.USER_PIN_LOCKED:
            raise translated(self.name, pkcs11.PinLocked())


def key_of(token: pkcs11.Token) -> tuple[int, bytes]:
    """What tells one token from another in a module."""
    return token.slot.slot_id, token.serial


def naming(token: pkcs11.Token) -> dict[str, str]:
    """What tells a token from others, by the names of a URI's attributes (RFC 7512, section 2.3)."""
    serial = token.serial.rstrip(b"\0").decode("utf-8", "replace")
    return {each: text for each, text in (("token", token.label), ("serial", serial)) if text}


def describe(token: pkcs11.Token) -> str:
    """A token's name for people."""
    return f"token {token.label!r}" if token.label else f"the token {uri_of(naming(token))}"
