"""What a module's errors mean for a person, and what is done about them."""

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
def test_known(kind: type[Exception], result: type[PluginError], text: str, advice: str) -> None:
    """What is known has the error of its kind, words for a person and what to do, and names the token."""
    found = plugin_error("token 'a'", kind("swordfish"))
    assert type(found) is result
    assert found.message.startswith("token 'a': ")
    assert text in found.message
    assert advice in found.advice
    assert "swordfish" not in found.one_line()


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
def test_unknown(error: Exception, code: str) -> None:
    """What is not known is named as the standard names it, or by its number, with what helps most times."""
    found = plugin_error("token 'a'", error)
    assert type(found) is PluginError
    assert found.message == f"token 'a': the module answered {code}"
    assert "unplug the token and plug it in" in found.advice


def test_a_name_with_capitals() -> None:
    """A code whose name has an abbreviation in it is written as the standard does."""
    assert "CKR_SLOT_ID_INVALID" in plugin_error("a", pkcs11.SlotIDInvalid()).message


def _errors() -> Iterator[type[Exception]]:
    for each in vars(pkcs11.exceptions).values():
        if inspect.isclass(each) and issubclass(each, pkcs11.PKCS11Error):
            yield each


def test_every_error() -> None:
    """Whatever a module answers becomes one line with something to do."""
    for each in _errors():
        found = plugin_error("a", each())
        assert isinstance(found, PluginError)
        assert found.advice
        assert "\n" not in found.one_line()


def test_groups() -> None:
    """No wrong PIN and nothing that is gone is tried again, and nothing that is tried again is another mechanism's."""
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
def test_a_login_that_a_module_does_not_know(error: Exception, is_so: bool) -> None:
    """The ways in which modules say that there is no login before a signature."""
    assert lacks_context_login(error) is is_so
