"""Plugin errors for the errors of modules."""

import inspect
from collections.abc import Iterator

import pkcs11
import pytest

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginValidationError
from notarykit_pkcs11.errors import LOST, REMOVED, TRANSIENT, UNSUPPORTED, WRONG_PIN, lacks_context_login, plugin_error

_DENIED, _INVALID = PluginAccessDeniedError, PluginValidationError
_KNOWN = [
    (pkcs11.PinIncorrect, _DENIED, "the PIN is wrong", "a few wrong tries lock it"),
    (pkcs11.PinInvalid, _DENIED, "the PIN is wrong", "a few wrong tries lock it"),
    (pkcs11.PinLenRange, _DENIED, "the PIN is wrong", "a few wrong tries lock it"),
    (pkcs11.PinLocked, _DENIED, "the PIN is locked", "unblock it with the PUK"),
    (pkcs11.PinExpired, _DENIED, "the PIN has expired", "set a new one"),
    (pkcs11.UserPinNotInitialized, _DENIED, "no PIN is set", "set one"),
    (pkcs11.UserNotLoggedIn, _DENIED, "login or touch required, but missing", "touch the token"),
    (pkcs11.DeviceRemoved, PluginError, "the token was removed", "put it back"),
    (pkcs11.TokenNotPresent, PluginError, "the token was removed", "put it back"),
    (pkcs11.TokenNotRecognised, PluginError, "the token was removed", "put it back"),
    (pkcs11.SessionClosed, PluginError, "the session was lost", "try again"),
    (pkcs11.SessionHandleInvalid, PluginError, "the session was lost", "try again"),
    (pkcs11.ObjectHandleInvalid, PluginError, "the session was lost", "try again"),
    (pkcs11.KeyHandleInvalid, PluginError, "the session was lost", "try again"),
    (pkcs11.FunctionCancelled, _DENIED, "the operation was cancelled", "touch the token"),
    (pkcs11.SessionCount, PluginError, "no session is free", "end other programs"),
    (pkcs11.KeyTypeInconsistent, _INVALID, "this kind of signature is not supported", "plugin doctor pkcs11"),
    (pkcs11.KeySizeRange, _INVALID, "this kind of signature is not supported", "plugin doctor pkcs11"),
    (pkcs11.MechanismInvalid, _INVALID, "this kind of signature is not supported", "plugin doctor pkcs11"),
    (pkcs11.MechanismParamInvalid, _INVALID, "this kind of signature is not supported", "plugin doctor pkcs11"),
    (pkcs11.TokenWriteProtected, PluginError, "the token cannot be written to", "the token's own tool"),
    (pkcs11.SessionReadOnly, PluginError, "the token cannot be written to", "the token's own tool"),
    (pkcs11.FunctionNotSupported, PluginError, "the token cannot be written to", "the token's own tool"),
    (pkcs11.DeviceMemory, PluginError, "no space is left on the token", "remove objects that are not needed"),
]


@pytest.mark.parametrize(("kind", "result", "text", "advice"), _KNOWN)
def test_known_error_has_message_and_advice(
    kind: type[Exception], result: type[PluginError], text: str, advice: str
) -> None:
    """A known error has its class, message and advice, names the token, and drops the module's text."""
    translated = plugin_error("token 'a'", kind("swordfish"))
    assert type(translated) is result
    assert translated.message.startswith("token 'a': ")
    assert text in translated.message
    assert advice in translated.advice
    assert "swordfish" not in translated.one_line()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (pkcs11.DeviceError(), "CKR_DEVICE_ERROR"),
        (pkcs11.GeneralError(), "CKR_GENERAL_ERROR"),
        (pkcs11.FunctionFailed("anything"), "CKR_FUNCTION_FAILED"),
        (pkcs11.OperationActive(), "CKR_OPERATION_ACTIVE"),
        (pkcs11.SignatureLenRange(), "CKR_SIGNATURE_LEN_RANGE"),
        (pkcs11.PKCS11Error("Unmapped error code 0x80000123"), "0x80000123"),
    ],
)
def test_unknown_error_shows_its_code(error: Exception, code: str) -> None:
    """An unknown error shows the standard's name or the number, with general advice."""
    translated = plugin_error("token 'a'", error)
    assert type(translated) is PluginError
    assert translated.message == f"token 'a': the module answered {code}"
    assert "unplug the token and plug it in" in translated.advice


def test_abbreviation_in_a_code_is_kept() -> None:
    """An abbreviation in a name is written as in the standard."""
    assert "CKR_SLOT_ID_INVALID" in plugin_error("a", pkcs11.SlotIDInvalid()).message


def _errors() -> Iterator[type[Exception]]:
    for error_class in vars(pkcs11.exceptions).values():
        if inspect.isclass(error_class) and issubclass(error_class, pkcs11.PKCS11Error):
            yield error_class


def test_every_error_becomes_one_line() -> None:
    """Every error of python-pkcs11 becomes one line with advice."""
    for error_class in _errors():
        translated = plugin_error("a", error_class())
        assert isinstance(translated, PluginError)
        assert translated.advice
        assert "\n" not in translated.one_line()


def test_permanent_errors_are_not_transient() -> None:
    """Wrong PINs, removed tokens and unsupported mechanisms are not transient."""
    assert set(LOST) < set(TRANSIENT)
    for group in (WRONG_PIN, REMOVED, UNSUPPORTED):
        assert not set(group) & set(TRANSIENT)
    assert not {pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.FunctionCancelled} & set(TRANSIENT)


@pytest.mark.parametrize(
    ("error", "is_so"),
    [
        (pkcs11.OperationNotInitialized(), True),
        (pkcs11.UserAlreadyLoggedIn(), True),
        (pkcs11.PKCS11Error("user type invalid"), True),
        (pkcs11.PinIncorrect(), False),
        (pkcs11.DeviceError(), False),
    ],
)
def test_missing_context_login_is_recognised(error: Exception, is_so: bool) -> None:
    """The errors of modules without a login before the signature are recognised."""
    assert lacks_context_login(error) is is_so
