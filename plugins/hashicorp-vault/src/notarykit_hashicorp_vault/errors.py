"""Error responses of servers and exceptions of requests as the plugin protocol's errors, with advice."""

from typing import NamedTuple
from urllib.parse import urlsplit

from requests import exceptions
from urllib3 import exceptions as urllib3_exceptions

from notarykit.plugin import (
    ErrorKind,
    PluginAccessDeniedError,
    PluginError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit_hashicorp_vault.response import Response
from notarykit_hashicorp_vault.settings import ServerSettings

_LONGEST_QUOTATION = 300
_LATER = "try again later"
PROXY_ADVICE = "check $VAULT_ADDR, and that no proxy responds instead"
_ADDRESS = "check the address ($VAULT_ADDR or address=)"
_TRUST = "name the CA's file with $VAULT_CACERT"


class TooLargeError(exceptions.RequestException):
    """A response is larger than any of Vault's about a key."""


class Request(NamedTuple):
    """Request to a server.

    Attributes:
        server: Settings of the server.
        path: API path behind `/v1/`.
        subject: Name of the object at the path, for messages.
        capability: Capability that it needs in a policy, or `login`.
    """

    server: ServerSettings
    path: str
    subject: str
    capability: str


_INVALID = ErrorKind(PluginValidationError, "Vault rejected the request for {subject}{quotation}")
_LOGIN_DENIED = ErrorKind(
    PluginAccessDeniedError,
    "{subject} at {server}/v1/{path} was denied{quotation}",
    "check role, auth_mount and the credentials; they may have expired",
)
_INVALID_TOKEN = ErrorKind(
    PluginAccessDeniedError,
    "the token has expired or was revoked, or belongs to another server than {server}",
    "run 'vault login', or set $VAULT_TOKEN to a new one",
)
_DENIED = ErrorKind(
    PluginAccessDeniedError,
    "the token lacks the capability {capability} on {path}{namespace}",
    'its policy needs: path "{path}" {{ capabilities = ["{capability}"] }}; if it has that, '
    "the token may have expired, or the namespace may be wrong",
)
_DELETED = ErrorKind(PluginValidationError, "{subject} is {state} in its latest version", "write it again")
_KV_VERSION_2 = ErrorKind(
    PluginValidationError, "{subject} is in a KV version 2 engine", "use its API path {data_path}"
)
_NO_ENGINE = ErrorKind(
    PluginValidationError,
    "{server} has no engine at {path}{namespace}",
    "check the engine's mount ('vault secrets list'), its type, and the namespace",
)
_MISSING = ErrorKind(
    PluginValidationError, "{subject} does not exist{namespace}", "check the name, the mount and the namespace"
)
_REDIRECTED = ErrorKind(
    PluginError,
    "{server} redirects to {target}, and redirects are not followed",
    "set $VAULT_ADDR to the address of the active node, or to one that does not redirect",
)
_SEALED = ErrorKind(PluginError, "Vault at {server} is sealed", "have it unsealed")
_STANDBY = ErrorKind(PluginError, "{server} is a standby node", "set $VAULT_ADDR to the address of the active node")
_UNAVAILABLE = ErrorKind(PluginError, "{server} is unavailable{quotation}", _LATER)
_FAILED = ErrorKind(PluginError, "Vault failed to process the request for {subject} ({status}){quotation}", _LATER)
_CLOSED = ErrorKind(PluginTimeoutError, "the connection to {server} was closed", "try again")
_NOT_VAULT = ErrorKind(PluginError, "{server} is not a Vault server: status {status} without JSON", PROXY_ADVICE)
_MALFORMED = ErrorKind(PluginError, "{server} is not a Vault server: malformed response", PROXY_ADVICE)

_BY_STATUS = {
    400: _INVALID,
    412: ErrorKind(PluginTimeoutError, "{server} lacks recent changes of its cluster", _LATER),
    429: ErrorKind(
        PluginThrottledError, "{server} throttled the request{quotation}", "try later, or have the quota raised"
    ),
    472: _STANDBY,
    473: _STANDBY,
    504: ErrorKind(PluginTimeoutError, "a server behind {server} did not respond in time{quotation}", _LATER),
}


def error_for_response(request: Request, response: Response) -> PluginError:
    """Returns the error for an error response, with path, status and request id as metadata."""
    server = request.server
    mount, _, name = request.path.partition("/")
    return _kind_of(request, response).to_error(
        {"path": request.path, "status": str(response.status), "requestId": response.request_id},
        server=server.address,
        path=request.path,
        subject=request.subject,
        capability=request.capability,
        namespace=f" in the namespace {server.namespace!r}" if server.namespace else "",
        state="destroyed" if _secret_metadata(response).get("destroyed") else "deleted",
        data_path=f"{mount}/data/{name}",
        target=_host_of(response.location) or "another path",
        status=response.status,
        quotation=f": {response.messages[:_LONGEST_QUOTATION]}" if response.messages else "",
    )


def error_for_malformed(request: Request) -> PluginError:
    """Returns the error for a response that cannot be parsed as HTTP or JSON."""
    return _MALFORMED.to_error(server=request.server.address)


def is_token_error(response: Response) -> bool:
    """Returns True if a 403 names the token as the cause, as current versions of Vault do."""
    return "invalid token" in response.messages


def _kind_of(request: Request, response: Response) -> ErrorKind:
    status = response.status
    if request.capability == "login" and status in (400, 401, 403, 404):
        return _LOGIN_DENIED
    if status == 403:  # noqa: PLR2004
        return _INVALID_TOKEN if is_token_error(response) else _DENIED
    if status == 404:  # noqa: PLR2004
        return _kind_of_missing(response)
    if status == 500 and "requested version for signing" in response.messages:  # noqa: PLR2004 - a locked version
        return _INVALID
    if status in (502, 503):
        return _SEALED if "sealed" in response.messages else _UNAVAILABLE
    return _BY_STATUS.get(status) or _kind_of_other(response)


def _kind_of_missing(response: Response) -> ErrorKind:
    metadata = _secret_metadata(response)
    if response.members is None:
        return _NOT_VAULT
    if metadata.get("deletion_time") or metadata.get("destroyed"):
        return _DELETED
    if "versioned" in response.messages:
        return _KV_VERSION_2
    if "no handler for route" in response.messages or "unsupported path" in response.messages:
        return _NO_ENGINE
    return _MISSING


def _kind_of_other(response: Response) -> ErrorKind:
    if 300 <= response.status < 400:  # noqa: PLR2004
        return _REDIRECTED
    if response.status == 200 and response.is_empty:  # noqa: PLR2004 - a cut header ends the headers for http.client
        return _CLOSED
    return _NOT_VAULT if response.members is None else _FAILED


def _secret_metadata(response: Response) -> dict[str, object]:
    """Returns the metadata of a KV version 2 secret."""
    metadata = response.data.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _host_of(location: str) -> str:
    try:
        return urlsplit(location).netloc.rpartition("@")[2]
    except ValueError:
        return ""


# By exception of requests, or of urllib3 as its cause. The first match counts: for urllib3, a refused connection is a
# timeout too.
_BY_EXCEPTION: tuple[tuple[tuple[type[BaseException], ...], ErrorKind], ...] = (
    (
        (exceptions.ProxyError,),
        ErrorKind(PluginError, "the proxy for {server} failed", "check $HTTPS_PROXY, $HTTP_PROXY and $NO_PROXY"),
    ),
    ((urllib3_exceptions.NameResolutionError,), ErrorKind(PluginError, "the host of {server} is unknown", _ADDRESS)),
    (
        (urllib3_exceptions.NewConnectionError,),
        ErrorKind(PluginError, "{server} refused the connection", f"{_ADDRESS}, and that the server runs"),
    ),
    (
        (exceptions.Timeout, urllib3_exceptions.TimeoutError),
        ErrorKind(
            PluginTimeoutError,
            "{server} did not respond in time",
            f"{_ADDRESS}, the network and the proxy settings",
        ),
    ),
    ((TooLargeError,), ErrorKind(PluginError, "{server} returned a response that is too large", PROXY_ADVICE)),
    ((exceptions.ConnectionError, exceptions.ChunkedEncodingError), _CLOSED),
    (
        (exceptions.RequestException,),
        ErrorKind(PluginError, "the request to {server} failed", f"{_ADDRESS}, and the TLS settings"),
    ),
)

# By a part of OpenSSL's error text.
_BY_HANDSHAKE = (
    (
        ("WRONG_VERSION_NUMBER", "RECORD_LAYER"),
        ErrorKind(PluginError, "{server} does not use TLS", "use http:// in $VAULT_ADDR or address= if intended"),
    ),
    (
        ("mismatch", "doesn't match"),
        ErrorKind(
            PluginError,
            "the certificate of {server} is for another host",
            "use the host's name in $VAULT_ADDR, or set the certificate's with $VAULT_TLS_SERVER_NAME",
        ),
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED",),
        ErrorKind(PluginError, "the certificate of {server} is not trusted", _TRUST),
    ),
    (
        ("ALERT",),
        ErrorKind(
            PluginError,
            "{server} aborted the TLS handshake",
            "it may require a client certificate: $VAULT_CLIENT_CERT and $VAULT_CLIENT_KEY",
        ),
    ),
    (("",), ErrorKind(PluginError, "the TLS handshake with {server} failed", _TRUST)),
)


def error_for_exception(server: ServerSettings, error: exceptions.RequestException) -> PluginError:
    """Returns the error for a request without a response. The exception's text, which quotes it, is left out."""
    cause = _cause_of(error)
    if isinstance(error, exceptions.SSLError) or isinstance(cause, urllib3_exceptions.SSLError):
        text = str(cause)
        kind = next(kind for parts, kind in _BY_HANDSHAKE if any(part in text for part in parts))
    else:
        kind = next(kind for types, kind in _BY_EXCEPTION if isinstance(error, types) or isinstance(cause, types))
    return kind.to_error(server=server.address)


def _cause_of(error: exceptions.RequestException) -> BaseException | None:
    """Returns urllib3's exception below those that requests wraps around it."""
    cause = error.args[0] if error.args else None
    return getattr(cause, "reason", cause) if isinstance(cause, BaseException) else None
