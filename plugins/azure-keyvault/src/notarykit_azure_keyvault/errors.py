"""What goes wrong with the SDK and the service, as the protocol's errors, with what to do about it."""

from __future__ import annotations

import re
from typing import NamedTuple

from notarykit.errors import (
    PluginAccessDeniedError,
    PluginError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class NotFoundError(PluginValidationError):
    """There is no such object in the vault."""


class NotPermittedError(PluginAccessDeniedError):
    """The user is known, and lacks a permission."""


class UnusableError(PluginError):
    """The object is there, in a state in which it cannot be used."""


class Asked(NamedTuple):
    """What the service was asked for.

    Attributes:
        path: The path.
        permission: What the user needs for it.
    """

    path: str
    permission: str


class _Kind(NamedTuple):
    """What a refusal becomes: its class, what is said and what to do."""

    error: type[PluginError]
    message: str
    advice: str


_LATER = "try again later"
_OTHER = "or sign with another one"
_NETWORK = _Kind(
    PluginAccessDeniedError,
    "{vault} takes no requests from this network: {text}",
    "let this address through the vault's firewall, or go through its private endpoint",
)
_DISABLED = _Kind(UnusableError, "{place} is disabled", f"enable it, {_OTHER}")
_SLOW = _Kind(PluginTimeoutError, "{vault} did not answer in time ({status})", _LATER)
_FAILED = _Kind(PluginError, "{vault} failed with {status} {code}", _LATER)
_MOVED = _Kind(
    PluginError,
    "{vault} sends requests on to somebody else ({status}), and what a vault must answer is not taken from there",
    "check the key id, and the proxy if there is one",
)
_REFUSED = _Kind(PluginValidationError, "{place} is refused with {status} {code}: {text}", "check the key id")

_BY_CODE: Mapping[str, _Kind] = {
    "ForbiddenByFirewall": _NETWORK,
    "ForbiddenByConnection": _NETWORK,
    "KeyDisabled": _DISABLED,
    "SecretDisabled": _DISABLED,
    "CertificateDisabled": _DISABLED,
    "KeyExpired": _Kind(UnusableError, "{place} has expired", f"renew it, {_OTHER}"),
    "KeyNotYetValid": _Kind(UnusableError, "{place} is not valid yet", f"wait, {_OTHER}"),
    "ObjectIsDeletedButRecoverable": _Kind(
        UnusableError, "{place} is deleted, but can be recovered", f"recover it, {_OTHER}"
    ),
    "ObjectIsBeingDeleted": _Kind(UnusableError, "{place} is being deleted", "sign with another one"),
}
_BY_STATUS: Mapping[int, _Kind] = {
    401: _Kind(
        PluginAccessDeniedError,
        "{vault} does not accept the login",
        "log in again, as a user of the vault's own tenant and cloud; if that is so, check this machine's clock",
    ),
    403: _Kind(NotPermittedError, "{place}: this user lacks {permission}: {text}", "{grant}"),
    404: _Kind(
        NotFoundError,
        "there is no {place}",
        "check the vault, the name and the version; what was deleted of late may be recovered",
    ),
    408: _SLOW,
    429: _Kind(PluginThrottledError, "{vault} asks for fewer requests", _LATER),
    504: _SLOW,
}
_FIRST_REFUSAL, _FIRST_FAILURE = 400, 500

_ACTIONS: Mapping[str, tuple[str, str]] = {
    "keys/get": ("keys/read", "Key Vault Crypto User"),
    "keys/list": ("keys/read", "Key Vault Crypto User"),
    "keys/sign": ("keys/sign/action", "Key Vault Crypto User"),
    "certificates/get": ("certificates/read", "Key Vault Certificate User"),
    "certificates/create": ("certificates/create/action", "Key Vault Certificates Officer"),
    "secrets/get": ("secrets/getSecret/action", "Key Vault Certificate User"),
}
"""What a role must allow for each permission, and the smallest of Azure's own roles that does."""
_HSM_ACTIONS = {"keys/get": "keys/read/action", "keys/list": "keys/read/action", "keys/sign": "keys/sign/action"}
_HSM_ROLE = "Managed HSM Crypto User"
_INSTEAD = {
    "secrets/get": "; or name the CA certificates with ca_certs=FILE or the whole chain with certificate_chain=FILE",
    "keys/list": "; or name the version in the key id",
}

CALL_IS_OVER = "the time of the call is over"
"""What is raised when a request would begin too late."""

TOO_LONG = "the answer is too long"
"""What is raised when an answer is longer than any of Azure Key Vault's."""

_TRIED = re.compile("[A-Za-z]+Credential: ")
_CUT = re.compile("RemoteDisconnected|Connection aborted|ConnectionReset")
_LONGEST = 300
_MORE = re.compile(r"\s*(Trace ID:|Correlation ID:|Timestamp:|To troubleshoot|Visit https?:|See https?:).*", re.DOTALL)


def refusal(status: int, content: Mapping[str, Any], request_id: str, vault: str, asked: Asked) -> PluginError:
    """The protocol's error for an answer that is a refusal, with the service's code and request id in its metadata."""
    error = content.get("error")
    error = error if isinstance(error, dict) else {}
    inner = error.get("innererror")
    code = str((inner.get("code") if isinstance(inner, dict) else None) or error.get("code") or "")
    other = _FAILED if status >= _FIRST_FAILURE else _REFUSED
    kind = _MOVED if status < _FIRST_REFUSAL else _BY_CODE.get(code) or _BY_STATUS.get(status, other)
    shown = {
        "place": f"{vault}{asked.path}".rstrip("/"),
        "vault": vault,
        "permission": asked.permission,
        "grant": _grant(vault, asked.permission),
        "status": status,
        "code": code,
        "text": _one_line(error.get("message")),
    }
    metadata = {"serviceError": code, "requestId": request_id}
    return kind.error(
        kind.message.format(**shown),
        advice=kind.advice.format(**shown),
        metadata={name: value for name, value in metadata.items() if value},
    )


def _grant(vault: str, permission: str) -> str:
    if ".managedhsm." in vault:
        action = _HSM_ACTIONS.get(permission, permission)
        return f"allow Microsoft.KeyVault/managedHsm/{action} by a local role, or by {_HSM_ROLE}, which allows more"
    action, role = _ACTIONS[permission]
    return (
        f"allow Microsoft.KeyVault/vaults/{action} by a role, or by {role}, which allows more; or grant {permission} "
        f"in the vault's access policy{_INSTEAD.get(permission, '')}"
    )


def translated(error: Exception, vault: str) -> PluginError:
    """The protocol's error for an exception of the SDK. It quotes what the SDK says about logins, cut short."""
    from azure.core import exceptions

    text = str(error)
    timeouts = exceptions.ServiceRequestTimeoutError, exceptions.ServiceResponseTimeoutError
    if isinstance(error, timeouts) or CALL_IS_OVER in text:  # a login quotes what stopped it
        return PluginTimeoutError(f"{vault} or the login to it did not answer in time", advice=_LATER)
    if isinstance(error, exceptions.ClientAuthenticationError):
        return PluginAccessDeniedError(f"cannot log in to Azure: {_reasons(text)}", advice=_login_advice(text))
    if isinstance(error, exceptions.ServiceResponseError) or _CUT.search(text):
        what = "gives an answer that is too long for one" if TOO_LONG in text else "broke off the connection"
        return PluginError(f"{vault} {what}", advice=_LATER)
    if isinstance(error, exceptions.ServiceRequestError):
        return PluginError(f"{vault} or the login to it cannot be reached", advice=_way_advice(text))
    if isinstance(error, ValueError) and "challenge" in text.lower():
        return PluginValidationError(
            f"{vault} asks for a login that is not a vault's of this domain", advice="check the key id and vault_domain"
        )
    return PluginError(f"the Azure SDK failed with {type(error).__name__}")


def _reasons(text: str) -> str:
    """What a credential says, or a sentence of each that was tried, without where to read more."""
    lines = [_MORE.sub("", line.strip()) for line in text.splitlines()]
    tried = [line.partition(". ")[0].rstrip(".") for line in lines[1:] if _TRIED.match(line)]
    return "; ".join(_shortened(each, _LONGEST // 3) for each in tried) or _shortened(lines[0], _LONGEST)


def _login_advice(text: str) -> str:
    if "AADSTS7000222" in text or "AADSTS7000215" in text:
        return "give the service principal a new secret and set AZURE_CLIENT_SECRET"
    if "az login" in text:
        return "run 'az login'"
    return "log in in one of these ways, or choose another with credential_type"


def _way_advice(text: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "name the file with the CA of your network's proxy with REQUESTS_CA_BUNDLE"
    if "NameResolution" in text or "resolve" in text:
        return "check the vault's name and its cloud in the key id, and this machine's DNS"
    return "check the network and HTTPS_PROXY"


def _one_line(text: object) -> str:
    return _shortened(str(text or "").strip().partition("\n")[0].strip(), _LONGEST)


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
