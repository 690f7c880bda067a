"""Retries for operations on a token that other processes use at the same time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

import pkcs11

from notarykit.plugin import seconds_left
from notarykit_pkcs11.errors import TRANSIENT, plugin_error
from notarykit_pkcs11.token.session import ProcessLockRequiredError, TokenSession
from notarykit_pkcs11.token.token_lookup import find_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from notarykit.errors import PluginError
    from notarykit_pkcs11.client import Module
    from notarykit_pkcs11.key_id import KeyUri

Result = TypeVar("Result")

_PAUSES = (0.02, 0.1, 0.2, 0.4, 0.8, 1.6, 1.6)
"""Seconds before each further attempt."""
_NOT_FOUND_ATTEMPTS = 2
"""Number of further attempts after which an object counts as absent."""


class TransientError(Exception):
    """Failure that the next attempt may not have.

    Attributes:
        error: Error to raise if it persists.
        is_not_found: Whether an object was not found, rather than an operation failed.
    """

    def __init__(self, error: PluginError, *, is_not_found: bool = False) -> None:
        self.error = error
        self.is_not_found = is_not_found


class TokenAccess:
    """Access to the token that a URI names."""

    def __init__(self, module: Module, uri: KeyUri) -> None:
        """Names the token, which is looked up at first use."""
        self.module = module
        self.uri = uri
        self._session: TokenSession | None = None

    def use(self, operation: Callable[[TokenSession], Result]) -> Result:
        """Runs an operation on the token, and again, under the process lock, where another process interfered.

        Raises:
            PluginError: The operation failed for good.
        """
        with self.module.locked():
            if self._is_logged_in or not self.module.is_hardware:
                try:
                    return self._attempt(operation)
                except (TransientError, ProcessLockRequiredError):
                    pass
            with self.module.process_locked():
                return self._attempt_repeatedly(operation)

    @property
    def _is_logged_in(self) -> bool:
        session = self._session
        return session is not None and session.is_current and session.is_logged_in

    def _attempt_repeatedly(self, operation: Callable[[TokenSession], Result]) -> Result:
        """Retries also under the process lock: other processes may have begun before it was taken."""
        for number, pause in enumerate(_PAUSES):
            try:
                return self._attempt(operation)
            except TransientError as failure:
                if failure.is_not_found and number >= _NOT_FOUND_ATTEMPTS:
                    raise failure.error from None
                time.sleep(min(pause, seconds_left()))
                self.module.refresh()
        try:
            return self._attempt(operation)
        except TransientError as failure:
            raise failure.error from None

    def _attempt(self, operation: Callable[[TokenSession], Result]) -> Result:
        session = None
        try:
            session = self._open()
            return operation(session)
        except TransientError:
            if session:
                session.close()  # a module that was disturbed while it read the card lists only some of its objects
            raise
        except pkcs11.PKCS11Error as error:
            final = session.invalidate(error) if session else plugin_error(f"module {self.module.path}", error)
            if not isinstance(error, TRANSIENT):
                raise final from None
            raise TransientError(final, is_not_found=isinstance(error, pkcs11.UserPinNotInitialized)) from None

    def _open(self) -> TokenSession:
        session = self._session
        if session is None or not session.is_current:
            session = self._session = find_token(self.module, self.uri)
        return session
