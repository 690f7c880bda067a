"""Fake PKCS#11 module with tokens, keys, PINs and a process lock, whose errors a test chooses."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pkcs11
from pkcs11 import Attribute, Mechanism, SlotFlag, TokenFlag

from notarykit_pkcs11.client import Module
from notarykit_pkcs11.key_id import parse_uri
from notarykit_pkcs11.pin.source import PinSource
from notarykit_pkcs11.process_lock import ProcessLock
from notarykit_pkcs11.token.retry import TokenAccess
from notarykit_pkcs11.token.session import TokenSession

MODULE_PATH = "/usr/lib/a.so"
LOGIN_FLAGS = TokenFlag.TOKEN_INITIALIZED | TokenFlag.LOGIN_REQUIRED | TokenFlag.USER_PIN_INITIALIZED


class FakeSlot:
    """Hardware slot with a token, unless that is absent."""

    manufacturer_id, slot_description = "maker", "slot"

    def __init__(self, token: "FakeToken", number: int) -> None:
        self.token, self.slot_id = token, number
        self.flags = SlotFlag.TOKEN_PRESENT | SlotFlag.HW_SLOT

    def get_token(self) -> "FakeToken":
        """Returns the token, with its flags after the first PIN."""
        if not self.token.is_present:
            raise pkcs11.TokenNotPresent
        if self.token.flags_after_attempt is not None and self.token.attempts:
            self.token.flags = self.token.flags_after_attempt
        return self.token

    def get_mechanisms(self) -> list[Mechanism]:
        """Returns the token's mechanisms."""
        return self.token.mechanisms


class FakeToken:
    """Token that records the PINs it receives.

    Attributes:
        pin: The right PIN.
        wrong_pin_error: Error for every other PIN.
        attempts: PINs received.
        sessions: Sessions opened.
        flags_after_attempt: Flags reported after the first PIN, if they change.
    """

    manufacturer_id, model = "maker", "model"

    def __init__(self, label: str = "a", serial: bytes = b"1", number: int = 0) -> None:
        self.label, self.serial, self.flags = label, serial, LOGIN_FLAGS
        self.pin: object = "1234"
        self.wrong_pin_error: type[pkcs11.PKCS11Error] = pkcs11.PinIncorrect
        self.attempts: list[object] = []
        self.sessions: list[FakeSession] = []
        self.objects: list[object] = []
        self.mechanisms = [Mechanism.ECDSA]
        self.is_present = True
        self.flags_after_attempt: TokenFlag | None = None
        self.slot = FakeSlot(self, number)

    def open(self, *, user_pin: object = None, **_: object) -> "FakeSession":
        """Opens a session, after a check of the PIN."""
        if user_pin is not None:
            self.attempts.append(user_pin)
            if user_pin != self.pin:
                raise self.wrong_pin_error
        self.sessions.append(FakeSession(self))
        return self.sessions[-1]


class FakeSession:
    """Session with a token."""

    def __init__(self, token: FakeToken) -> None:
        self._token = token
        self.is_closed = False

    def get_objects(self, template: object) -> Iterator[object]:
        """Yields all objects."""
        assert not self.is_closed
        return iter(self._token.objects)

    def close(self) -> None:
        """Closes the session."""
        self.is_closed = True


class FakeLibrary:
    """Module as python-pkcs11 presents it, with some tokens."""

    manufacturer_id, library_description, library_version = "maker", "module", (1, 2)

    def __init__(self, tokens: list[FakeToken]) -> None:
        self.tokens = tokens
        self.refreshes = 0

    def get_slots(self, *, token_present: bool) -> list[FakeSlot]:
        """Returns the slots."""
        return [token.slot for token in self.tokens]

    def reinitialize(self) -> None:
        """Counts the call."""
        self.refreshes += 1


class FakePins(PinSource):
    """PIN source with one PIN after another; the last is given for ever.

    Attributes:
        prompts: For each request, whether it was for the last try.
        messages: Messages shown to the user.
    """

    def __init__(self, *pins: str) -> None:
        super().__init__(None, {})
        self.pins = list(pins)
        self.prompts: list[bool] = []
        self.messages: list[str] = []

    def get(self, token_name: str, *, is_last_try: bool = False) -> str:
        """Returns the next PIN."""
        self.prompts.append(is_last_try)
        return self.pins.pop(0) if len(self.pins) > 1 else self.pins[0]

    def notify(self, message: str) -> None:
        """Records the message."""
        self.messages.append(message)


class FakeProcessLock(ProcessLock):
    """Process lock that is always free, and logs its use."""

    def __init__(self, path: str, log: list[str]) -> None:
        super().__init__(path)
        self._log = log

    def __enter__(self) -> None:
        self._log.append(self._path)

    def __exit__(self, *_: object) -> None:
        self._log.append("unlocked")

    @contextmanager
    def released(self) -> Iterator[None]:
        """Logs the release and the lock after it."""
        self._log.append("released")
        yield
        self._log.append("locked again")


class FakeKey(dict[Any, Any]):
    """Private key object that returns or raises one result after another.

    Attributes:
        results: The results to come.
        calls: Mechanism and PIN of each call.
    """

    def __init__(self, *results: bytes | Exception, always_authenticate: bool = False) -> None:
        super().__init__({Attribute.ALWAYS_AUTHENTICATE: always_authenticate})
        self.results = list(results)
        self.calls: list[tuple[Mechanism, object]] = []

    def sign(self, data: bytes, *, mechanism: Mechanism, mechanism_param: object, pin: object) -> bytes:
        """Records the call, and returns or raises the next result."""
        self.calls.append((mechanism, pin))
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def failing(*errors: Exception) -> tuple[Callable[[TokenSession], str], list[TokenSession]]:
    """Returns an operation that raises one error after another, then succeeds; and the sessions that it received."""
    remaining, sessions = list(errors), list[TokenSession]()

    def operation(session: TokenSession) -> str:
        sessions.append(session)
        if remaining:
            raise remaining.pop(0)
        return "done"

    return operation, sessions


def use(module: Module, operation: Callable[[TokenSession], str]) -> str:
    """Runs an operation on the token labelled `a`."""
    return TokenAccess(module, parse_uri("pkcs11:token=a")).use(operation)
