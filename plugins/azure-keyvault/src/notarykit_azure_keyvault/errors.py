"""Error responses of the service and exceptions of the SDK as the plugin protocol's errors, with advice."""

from __future__ import annotations

import re
from typing import NamedTuple

from notarykit.plugin import (
    ErrorKind,
    PluginAccessDeniedError,
    PluginError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
    Redactor,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from notarykit_azure_keyvault.sdk import Response


class NotFoundError(PluginValidationError):
    """The object does not exist in the vault."""


class NotPermittedError(PluginAccessDeniedError):
    """The identity is known and lacks a permission."""


class UnusableError(PluginError):
    """The object exists in a state in which it cannot be used."""


class Operation(NamedTuple):
    """Requested operation.

    Attributes:
        path: Path of the object.
        permission: Permission that it needs, such as `keys/sign`.
    """

    path: str
    permission: str


_LATER = "try again later"
_OTHER = "or sign with another one"
_NETWORK = ErrorKind(
    PluginAccessDeniedError,
    "{vault} denies requests from this network: {text}",
    "allow this address in the vault's firewall, or use its private endpoint",
)
_DISABLED = ErrorKind(UnusableError, "{object} is disabled", f"enable it, {_OTHER}")
_TIMEOUT = ErrorKind(PluginTimeoutError, "{vault} did not respond in time ({status})", _LATER)
_FAILED = ErrorKind(PluginError, "{vault} failed with {status} {code}", _LATER)
_REDIRECTED = ErrorKind(
    PluginError,
    "{vault} redirects to another host ({status}), and redirects are not followed",
    "check the key id, and the proxy if there is one",
)
_REJECTED = ErrorKind(
    PluginValidationError, "{object}: request rejected with {status} {code}: {text}", "check the key id"
)

_BY_CODE: Mapping[str, ErrorKind] = {
    "ForbiddenByFirewall": _NETWORK,
    "ForbiddenByConnection": _NETWORK,
    "KeyDisabled": _DISABLED,
    "SecretDisabled": _DISABLED,
    "CertificateDisabled": _DISABLED,
    "KeyExpired": ErrorKind(UnusableError, "{object} has expired", f"renew it, {_OTHER}"),
    "KeyNotYetValid": ErrorKind(UnusableError, "{object} is not yet valid", f"wait, {_OTHER}"),
    "ObjectIsDeletedButRecoverable": ErrorKind(
        UnusableError, "{object} is deleted and can be recovered", f"recover it, {_OTHER}"
    ),
    "ObjectIsBeingDeleted": ErrorKind(UnusableError, "{object} is being deleted", "sign with another one"),
}
_BY_STATUS: Mapping[int, ErrorKind] = {
    401: ErrorKind(
        PluginAccessDeniedError,
        "{vault} rejected the access token",
        "log in again, to the vault's own tenant and cloud; otherwise check this machine's clock",
    ),
    403: ErrorKind(NotPermittedError, "{object}: the identity lacks {permission}: {text}", "{grant}"),
    404: ErrorKind(
        NotFoundError,
        "{object} does not exist",
        "check the vault, the name and the version; recently deleted objects may be recovered",
    ),
    408: _TIMEOUT,
    429: ErrorKind(PluginThrottledError, "{vault} throttled the request", _LATER),
    504: _TIMEOUT,
}
_FIRST_CLIENT_ERROR, _FIRST_SERVER_ERROR = 400, 500

_ACTIONS: Mapping[str, tuple[str, str]] = {
    "keys/get": ("keys/read", "Key Vault Crypto User"),
    "keys/list": ("keys/read", "Key Vault Crypto User"),
    "keys/sign": ("keys/sign/action", "Key Vault Crypto User"),
    "certificates/get": ("certificates/read", "Key Vault Certificate User"),
    "certificates/create": ("certificates/create/action", "Key Vault Certificates Officer"),
    "secrets/get": ("secrets/getSecret/action", "Key Vault Certificate User"),
}
"""Data action and smallest built-in role for each permission."""
_HSM_ACTIONS = {"keys/get": "keys/read/action", "keys/list": "keys/read/action", "keys/sign": "keys/sign/action"}
_HSM_ROLE = "Managed HSM Crypto User"
_ALTERNATIVES = {
    "secrets/get": "; or name the CA certificates with ca_certs=FILE or the whole chain with certificate_chain=FILE",
    "keys/list": "; or pin the version in the key id",
}

CALL_TIMED_OUT = "the call has timed out"
"""Text of exceptions raised for requests after the end of the call."""

TOO_LARGE = "the response is too large"
"""Text of exceptions raised for responses larger than any of Azure Key Vault's."""

_ATTEMPT = re.compile("[A-Za-z]+Credential: ")
_CLOSED = re.compile("RemoteDisconnected|Connection aborted|ConnectionReset")
_REDACTOR = Redactor()
_LONGEST_ATTEMPT = 100
_LONGEST_CODE = 64
_BOILERPLATE = re.compile(
    r"\s*(Trace ID:|Correlation ID:|Timestamp:|To troubleshoot|Visit https?:|See https?:).*", re.DOTALL
)


def error_for_response(
    response: Response, content: Mapping[str, Any], vault_url: str, operation: Operation
) -> PluginError:
    """Returns the error for an error response, with the service's code and request id as metadata."""
    status, error = response.status_code, content.get("error")
    error = error if isinstance(error, dict) else {}
    inner = error.get("innererror")
    code = str((inner.get("code") if isinstance(inner, dict) else None) or error.get("code") or "")
    default = _FAILED if status >= _FIRST_SERVER_ERROR else _REJECTED
    kind = _REDIRECTED if status < _FIRST_CLIENT_ERROR else _BY_CODE.get(code) or _BY_STATUS.get(status, default)
    text = str(error.get("message") or "").strip().partition("\n")[0]
    code, request_id = (
        _REDACTOR.show(name, _LONGEST_CODE) for name in (code, response.headers.get("x-ms-request-id", ""))
    )
    return kind.to_error(
        {"serviceError": code, "requestId": request_id},
        object=f"{vault_url}{operation.path}".rstrip("/"),
        vault=vault_url,
        permission=operation.permission,
        grant=_grant(vault_url, operation.permission),
        status=status,
        code=code,
        text=_REDACTOR.show(text),
    )


def _grant(vault_url: str, permission: str) -> str:
    if ".managedhsm." in vault_url:
        action = _HSM_ACTIONS.get(permission, permission)
        return f"allow Microsoft.KeyVault/managedHsm/{action} by a local role, or by {_HSM_ROLE}, which allows more"
    action, role = _ACTIONS[permission]
    return (
        f"allow Microsoft.KeyVault/vaults/{action} by a role, or by {role}, which allows more; or grant {permission} "
        f"in the vault's access policy{_ALTERNATIVES.get(permission, '')}"
    )


def error_for_exception(error: Exception, vault_url: str) -> PluginError:
    """Returns the error for an exception of the SDK; texts about logins are quoted, truncated."""
    from azure.core import exceptions

    text = str(error)
    timeouts = exceptions.ServiceRequestTimeoutError, exceptions.ServiceResponseTimeoutError
    if isinstance(error, timeouts) or CALL_TIMED_OUT in text:  # a login error quotes its cause
        return PluginTimeoutError(f"{vault_url} or its login service did not respond in time", advice=_LATER)
    if isinstance(error, exceptions.ClientAuthenticationError):
        return PluginAccessDeniedError(f"Azure login failed: {_reasons(text)}", advice=_login_advice(text))
    if isinstance(error, exceptions.ServiceResponseError) or _CLOSED.search(text):
        outcome = "returned a response that is too large" if TOO_LARGE in text else "closed the connection"
        return PluginError(f"{vault_url} {outcome}", advice=_LATER)
    if isinstance(error, exceptions.ServiceRequestError):
        return PluginError(f"{vault_url} or its login service is unreachable", advice=_network_advice(text))
    if isinstance(error, ValueError) and "challenge" in text.lower():
        return PluginValidationError(
            f"{vault_url} requests a token for another domain than its own", advice="check the key id and vault_domain"
        )
    return PluginError(f"the Azure SDK failed with {type(error).__name__}")


def _reasons(text: str) -> str:
    """Returns the first sentence of each attempted credential, or else the first line, without boilerplate."""
    lines = [_BOILERPLATE.sub("", line.strip()) for line in text.splitlines()]
    attempts = [line.partition(". ")[0].rstrip(".") for line in lines[1:] if _ATTEMPT.match(line)]
    return "; ".join(_REDACTOR.show(attempt, _LONGEST_ATTEMPT) for attempt in attempts) or _REDACTOR.show(lines[0])


def _login_advice(text: str) -> str:
    if "AADSTS7000222" in text or "AADSTS7000215" in text:
        return "create a new secret for the service principal and set AZURE_CLIENT_SECRET"
    if "az login" in text:
        return "run 'az login'"
    return "log in with one of these credentials, or choose another with credential_type"


def _network_advice(text: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "name the file with the CA certificate of your network's proxy with REQUESTS_CA_BUNDLE"
    if "NameResolution" in text or "resolve" in text:
        return "check the vault's name and its cloud in the key id, and this machine's DNS"
    return "check the network and HTTPS_PROXY"
