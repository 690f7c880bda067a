"""Plugin errors for the return values of PKCS#11 modules (PKCS#11 2.40, section 5.1)."""

from __future__ import annotations

import re

import pkcs11

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginValidationError
from notarykit.plugin import ErrorKind

LOST = (
    pkcs11.SessionClosed,
    pkcs11.SessionHandleInvalid,
    pkcs11.UserNotLoggedIn,
    pkcs11.ObjectHandleInvalid,
    pkcs11.KeyHandleInvalid,
)
"""The session, login or object is gone while the token may still be present: another process interfered."""

TRANSIENT = (
    *LOST,
    pkcs11.DeviceError,
    pkcs11.SlotIDInvalid,
    pkcs11.GeneralError,
    pkcs11.FunctionFailed,
    pkcs11.UserPinNotInitialized,
)
"""Errors worth a retry: those of `LOST`, and those seen when another process resets the card meanwhile."""

REMOVED = (pkcs11.DeviceRemoved, pkcs11.TokenNotPresent, pkcs11.TokenNotRecognised)
"""The token itself is gone."""

REPLACED = (*REMOVED, pkcs11.SlotIDInvalid)
"""The slot may hold another token next."""

WRONG_PIN = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange)

UNSUPPORTED = (
    pkcs11.MechanismInvalid,
    pkcs11.MechanismParamInvalid,
    pkcs11.ArgumentsBad,
    pkcs11.FunctionNotSupported,
    pkcs11.KeyTypeInconsistent,
)
"""The token lists a mechanism, but rejects it for this key or parameter."""

_NO_CONTEXT_LOGIN = (pkcs11.OperationNotInitialized, pkcs11.UserAlreadyLoggedIn)


def lacks_context_login(error: Exception) -> bool:
    """Returns whether a module does not implement the login before a signature (CKU_CONTEXT_SPECIFIC)."""
    return isinstance(error, _NO_CONTEXT_LOGIN) or "type invalid" in str(error)


_TOOL = "with the token's own tool"
_UNLOCK = f"unblock it with the PUK or the SO PIN, {_TOOL}"
_TOUCH = "try again, and touch the token when it blinks"
_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], ErrorKind], ...] = (
    (
        WRONG_PIN,
        ErrorKind(PluginAccessDeniedError, "{token}: the PIN is wrong", "check it first: a few wrong tries lock it"),
    ),
    (pkcs11.PinLocked, ErrorKind(PluginAccessDeniedError, "{token}: the PIN is locked", _UNLOCK)),
    (pkcs11.PinExpired, ErrorKind(PluginAccessDeniedError, "{token}: the PIN has expired", f"set a new one {_TOOL}")),
    (pkcs11.UserPinNotInitialized, ErrorKind(PluginAccessDeniedError, "{token}: no PIN is set", f"set one {_TOOL}")),
    (
        pkcs11.UserNotLoggedIn,
        ErrorKind(PluginAccessDeniedError, "{token}: login or touch required, but missing", _TOUCH),
    ),
    (REMOVED, ErrorKind(PluginError, "{token}: the token was removed", "put it back and try again")),
    (LOST, ErrorKind(PluginError, "{token}: the session was lost", "try again")),
    (pkcs11.FunctionCancelled, ErrorKind(PluginAccessDeniedError, "{token}: the operation was cancelled", _TOUCH)),
    (
        pkcs11.SessionCount,
        ErrorKind(PluginError, "{token}: no session is free", "end other programs that use the token, and try again"),
    ),
    (
        (pkcs11.KeyTypeInconsistent, pkcs11.KeySizeRange, pkcs11.MechanismInvalid, pkcs11.MechanismParamInvalid),
        ErrorKind(
            PluginValidationError,
            "{token}: this kind of signature is not supported with this key",
            "see 'notarykit plugin doctor pkcs11'",
        ),
    ),
    (
        (pkcs11.TokenWriteProtected, pkcs11.SessionReadOnly, pkcs11.FunctionNotSupported),
        ErrorKind(PluginError, "{token}: the token cannot be written to", "use the token's own tool"),
    ),
    (
        pkcs11.HostMemory,
        ErrorKind(
            PluginError,
            "{token}: out of memory (CKR_HOST_MEMORY), as some modules answer for keys that they cannot sign with",
            "try a key of another kind or size",
        ),
    ),
    (
        pkcs11.DeviceMemory,
        ErrorKind(PluginError, "{token}: no space is left on the token", f"remove objects that are not needed {_TOOL}"),
    ),
)


def plugin_error(token_name: str, error: Exception) -> PluginError:
    """Returns the plugin error for a module's error."""
    for exceptions, kind in _KINDS:
        if isinstance(error, exceptions):
            return kind.to_error(token=token_name)
    return PluginError(
        f"{token_name}: the module answered {_return_value(error)}",
        advice="try again; if it persists, unplug the token and plug it in, and see 'notarykit plugin doctor pkcs11'",
    )


def _return_value(error: Exception) -> str:
    """Returns the name in the standard (`DeviceError` is CKR_DEVICE_ERROR), or the number of an unknown one."""
    number = re.search(r"0x[0-9a-f]+", str(error))
    if number:
        return number[0]
    return "CKR_" + re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(error).__name__).upper()
