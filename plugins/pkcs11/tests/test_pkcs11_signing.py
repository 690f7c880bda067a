"""Signatures by a fake token: mechanisms, PINs and touch."""

from collections.abc import Callable
from threading import Event
from types import SimpleNamespace

import pkcs11
import pytest
from pkcs11 import Mechanism

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginValidationError
from notarykit.keys.spec import KEY_SPECS
from notarykit_pkcs11.client import Module
from notarykit_pkcs11.errors import TRANSIENT, UNSUPPORTED, WRONG_PIN
from notarykit_pkcs11.token import signing
from notarykit_pkcs11.token.session import TokenSession
from notarykit_pkcs11.token.signing import PrivateKey
from plugins.pkcs11.tests.fake_token import FakeKey, FakePins, FakeToken, use

_SPEC = KEY_SPECS["EC-256"]
_MESSAGE = b"payload"


def _sign(session: TokenSession, item: FakeKey, pins: FakePins | None = None) -> bytes:
    return PrivateKey(item, session).sign(_MESSAGE, _SPEC, pins or FakePins("1234"))


def _signing(item: FakeKey) -> Callable[[TokenSession], str]:
    return lambda session: _sign(session, item).decode()


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_unsupported_mechanism_falls_back_to_the_next(
    session: TokenSession, token: FakeToken, kind: type[pkcs11.PKCS11Error]
) -> None:
    """A mechanism that the key does not support gives way to the next one that is offered."""
    token.mechanisms = [Mechanism.ECDSA_SHA256, Mechanism.ECDSA, Mechanism.ECDSA_SHA384]
    item = FakeKey(kind(), b"made")
    assert _sign(session, item) == b"made"
    assert [mechanism for mechanism, _ in item.calls] == [Mechanism.ECDSA, Mechanism.ECDSA_SHA256]
    with pytest.raises(PluginValidationError, match="this kind of signature is not supported"):
        _sign(session, FakeKey(kind(), kind()))


def test_token_without_a_mechanism_is_not_asked_to_sign(session: TokenSession, token: FakeToken) -> None:
    """A token without any mechanism for the key is not asked to sign."""
    token.mechanisms = [Mechanism.RSA_PKCS_PSS]
    with pytest.raises(PluginValidationError, match="offers no mechanism for ECDSA-SHA-256"):
        _sign(session, FakeKey())


def test_quick_failure_is_retried(module: Module, locks: list[str]) -> None:
    """A signature that fails at once is retried."""
    item = FakeKey(pkcs11.DeviceError(), b"made")
    assert use(module, _signing(item)) == "made"
    assert len(item.calls) == 2
    assert locks


@pytest.mark.parametrize("kind", [*TRANSIENT, *UNSUPPORTED])
def test_slow_failure_is_not_retried(
    module: Module, token: FakeToken, locks: list[str], kind: type[pkcs11.PKCS11Error], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature that fails late is not retried, as it may have waited for a touch."""
    token.mechanisms = [Mechanism.ECDSA, Mechanism.ECDSA_SHA256]
    times = iter([100.0, 100.0 + signing._RETRY_LIMIT_SECONDS + 0.1])
    monkeypatch.setattr(signing, "time", SimpleNamespace(monotonic=lambda: next(times)))
    item = FakeKey(kind(), b"made")
    with pytest.raises(PluginError):
        use(module, _signing(item))
    assert (len(item.calls), locks) == (1, [])


def test_pin_is_sent_for_each_signature(session: TokenSession, token: FakeToken) -> None:
    """A key with CKA_ALWAYS_AUTHENTICATE gets the PIN each time, read once; other keys get none."""
    pins = FakePins("1234")
    item = FakeKey(b"made", b"made", always_authenticate=True)
    for _ in range(2):
        _sign(session, item, pins)
    assert [pin for _, pin in item.calls] == ["1234", "1234"]
    assert len(pins.prompts) == 1
    item = FakeKey(b"made")
    _sign(session, item, pins)
    assert item.calls == [(Mechanism.ECDSA, None)]


@pytest.mark.parametrize("wrong", WRONG_PIN)
def test_wrong_pin_for_a_signature_is_not_sent_again(
    module: Module, locks: list[str], wrong: type[pkcs11.PKCS11Error]
) -> None:
    """A PIN that was wrong before a signature is not sent again either."""
    item = FakeKey(wrong(), b"made", always_authenticate=True)
    with pytest.raises(PluginAccessDeniedError, match="the PIN is wrong"):
        use(module, _signing(item))
    with pytest.raises(PluginAccessDeniedError, match="was wrong before"):
        use(module, _signing(item))
    assert (len(item.calls), locks) == (1, [])


@pytest.mark.parametrize("error", [pkcs11.OperationNotInitialized(), pkcs11.UserAlreadyLoggedIn()])
def test_token_without_context_login_signs_without_pin(module: Module, error: Exception) -> None:
    """A token that rejects the login before a signature is asked to sign without it from then on."""
    item = FakeKey(error, b"made", b"made", always_authenticate=True)
    for _ in range(2):
        assert use(module, _signing(item)) == "made"
    assert [pin for _, pin in item.calls] == ["1234", None, None]


def test_key_that_needs_a_login_is_remembered(session: TokenSession) -> None:
    """A key visible without a login that did not sign without one is remembered."""
    assert not session.needs_login_to_sign
    with pytest.raises(pkcs11.UserNotLoggedIn):
        _sign(session, FakeKey(pkcs11.UserNotLoggedIn()))
    assert session.needs_login_to_sign


def test_touch_prompt_is_shown_while_the_token_waits(session: TokenSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """The touch prompt is shown while the token waits, and not where it signs at once."""
    messages, shown = list[str](), Event()

    def show(text: str) -> None:
        messages.append(text)
        shown.set()

    monkeypatch.setattr(signing, "write_to_terminal", show)
    assert _sign(session, FakeKey(b"made")) == b"made"
    assert messages == []

    class Waiting(FakeKey):
        def sign(self, *_: object, **__: object) -> bytes:
            assert shown.wait(60)
            return b"made"

    monkeypatch.setattr(signing, "_TOUCH_PROMPT_SECONDS", 0.01)
    assert _sign(session, Waiting()) == b"made"
    assert messages == ["Touch your key if it blinks: token 'a' is signing."]
