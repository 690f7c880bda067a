"""Using a token that other processes use as well."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

import pkcs11

from notarykit.plugin import seconds_left
from notarykit_pkcs11.errors import DISTURBED, translated
from notarykit_pkcs11.token.session import NeedsTurnError, TokenSession
from notarykit_pkcs11.token.token_lookup import the_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from notarykit.errors import PluginError
    from notarykit_pkcs11.client import Module
    from notarykit_pkcs11.key_id import KeyUri

Result = TypeVar("Result")

_PAUSES = (0.02, 0.1, 0.2, 0.4, 0.8, 1.6, 1.6)
"""Seconds before it is tried again."""
_LAST_LOOK = 2
"""How often it is tried again until what is missing is believed to be missing."""


class DisturbedError(Exception):
    """It did not work, which may be otherwise at the next try.

    Attributes:
        refusal: What it means, if it stays so.
        is_missing: Whether nothing went wrong, but something was not there.
    """

    def __init__(self, refusal: PluginError, *, is_missing: bool = False) -> None:
        self.refusal = refusal
        self.is_missing = is_missing


class Access:
    """The way to the token that a URI means."""

    def __init__(self, module: Module, uri: KeyUri) -> None:
        """Names the token; nothing is asked yet."""
        self.module = module
        self.uri = uri
        self._session: TokenSession | None = None

    def use(self, action: Callable[[TokenSession], Result]) -> Result:
        """Does something with the token, and again where another process disturbed this one.

        Raises:
            PluginError: It did not work.
        """
        with self.module.held():
            if self._is_logged_in or not self.module.is_hardware:
                try:
                    return self._try(action)
                except (DisturbedError, NeedsTurnError):
                    pass
            with self.module.alone():
                return self._try_again(action)

    @property
    def _is_logged_in(self) -> bool:
        known = self._session
        return known is not None and known.is_current and known.is_logged_in

    def _try_again(self, action: Callable[[TokenSession], Result]) -> Result:
        """Tries a few times: others may have begun before they had to take turns."""
        for number, pause in enumerate(_PAUSES):
            try:
                return self._try(action)
            except DisturbedError as error:
                if error.is_missing and number >= _LAST_LOOK:
                    raise error.refusal from None
                time.sleep(min(pause, seconds_left()))
                self.module.look_again()
        try:
            return self._try(action)
        except DisturbedError as error:
            raise error.refusal from None

    def _try(self, action: Callable[[TokenSession], Result]) -> Result:
        session = None
        try:
            session = self._open()
            return action(session)
        except DisturbedError:
            if session:
                session.close()  # a module that was disturbed while it read the card shows less than all
            raise
        except pkcs11.PKCS11Error as error:
            refusal = session.lost(error) if session else translated(f"module {self.module.path}", error)
            if not isinstance(error, DISTURBED):
                raise refusal from None
            raise DisturbedError(refusal, is_missing=isinstance(error, pkcs11.UserPinNotInitialized)) from None

    def _open(self) -> TokenSession:
        known = self._session
        if known is not None and known.is_current:
            return known
        self._session = found = the_token(self.module, self.uri)
        return found
