"""What a module's errors mean for a person (PKCS#11 2.40, section 5.1)."""

from __future__ import annotations

import re

import pkcs11

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginValidationError

LOST = (
    pkcs11.SessionClosed,
    pkcs11.SessionHandleInvalid,
    pkcs11.UserNotLoggedIn,
    pkcs11.ObjectHandleInvalid,
    pkcs11.KeyHandleInvalid,
)
"""The session, the login or the object is gone, though the token may be there: another process did something."""

DISTURBED = (
    *LOST,
    pkcs11.DeviceError,
    pkcs11.SlotIDInvalid,
    pkcs11.GeneralError,
    pkcs11.FunctionFailed,
    pkcs11.UserPinNotInitialized,
)
"""What may be otherwise at the next try: besides, another process may have reset the card in the middle."""

GONE = (pkcs11.DeviceRemoved, pkcs11.TokenNotPresent, pkcs11.TokenNotRecognised)
"""The token itself is gone."""

MOVED = (*GONE, pkcs11.SlotIDInvalid)
"""What is in the slot next may be another token."""

WRONG_PIN = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange)

UNSUITABLE = (
    pkcs11.MechanismInvalid,
    pkcs11.MechanismParamInvalid,
    pkcs11.ArgumentsBad,
    pkcs11.FunctionNotSupported,
    pkcs11.KeyTypeInconsistent,
)
"""The token offers a mechanism, but not with this key or parameter."""

_NO_SUCH_LOGIN = (pkcs11.OperationNotInitialized, pkcs11.UserAlreadyLoggedIn)


def is_no_such_login(error: Exception) -> bool:
    """Whether a module does not know the login before a signature (CKU_CONTEXT_SPECIFIC), and ignores the attribute."""
    return isinstance(error, _NO_SUCH_LOGIN) or "type invalid" in str(error)


_UNLOCK = "unblock it with the PUK or the SO PIN, with the token's own tool"
_KNOWN: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[PluginError], str, str], ...] = (
    (WRONG_PIN, PluginAccessDeniedError, "the PIN is wrong", "check it before you try again: a few tries lock it"),
    (pkcs11.PinLocked, PluginAccessDeniedError, "the PIN is locked", _UNLOCK),
    (pkcs11.PinExpired, PluginAccessDeniedError, "the PIN has expired", "set a new one with the token's own tool"),
    (pkcs11.UserPinNotInitialized, PluginAccessDeniedError, "no PIN has been set", "set one with the token's own tool"),
    (
        pkcs11.UserNotLoggedIn,
        PluginAccessDeniedError,
        "the token asked for a login or a touch and did not get it",
        "try again, and touch the token when it blinks",
    ),
    (GONE, PluginError, "the token was removed", "put it back and try again"),
    (LOST, PluginError, "the session was lost", "try again"),
    (
        pkcs11.FunctionCancelled,
        PluginAccessDeniedError,
        "it was cancelled",
        "try again, and touch the token when it blinks",
    ),
    (pkcs11.SessionCount, PluginError, "it has no session left", "end other programs that use it, and try again"),
    (
        (pkcs11.KeyTypeInconsistent, pkcs11.KeySizeRange, pkcs11.MechanismInvalid, pkcs11.MechanismParamInvalid),
        PluginValidationError,
        "it cannot make this kind of signature with this key",
        "see 'notarykit plugin doctor pkcs11'",
    ),
    (
        (pkcs11.TokenWriteProtected, pkcs11.SessionReadOnly, pkcs11.FunctionNotSupported),
        PluginError,
        "it cannot be written to",
        "use the token's own tool",
    ),
    (
        pkcs11.HostMemory,
        PluginError,
        "it says that memory is short, as some do of a kind of key that they hold and cannot sign with",
        "try a key of another kind or size",
    ),
    (pkcs11.DeviceMemory, PluginError, "it has no room left", "remove what is not needed, with the token's own tool"),
)


def translated(name: str, error: Exception) -> PluginError:
    """The plugin's error for a module's; `name` is the token's."""
    for kinds, result, text, advice in _KNOWN:
        if isinstance(error, kinds):
            return result(f"{name}: {text}", advice=advice)
    return PluginError(
        f"{name}: the module answered {_code(error)}",
        advice="try again; if it stays, take the token out and put it back, and see 'notarykit plugin doctor pkcs11'",
    )


def _code(error: Exception) -> str:
    """A module's answer as the standard writes it; `DeviceError` is CKR_DEVICE_ERROR."""
    number = re.search(r"0x[0-9a-f]+", str(error))
    if number:
        return number[0]
    return "CKR_" + re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(error).__name__).upper()
