"""Why there was no answer at all."""

from requests import exceptions as failures
from requests.exceptions import RequestException
from urllib3 import exceptions as causes

from notarykit.errors import PluginError, PluginTimeoutError
from notarykit_hashicorp_vault.limits import TooLongError
from notarykit_hashicorp_vault.server import Server

_TRUST = "name the CA's file with $VAULT_CACERT"

# What requests raises, or urllib3 found below it, and what it means. The first that fits counts: for urllib3, a
# connection that is refused is one that took too long.
_KINDS: tuple[tuple[tuple[type[BaseException], ...], type[PluginError], str, str], ...] = (
    (
        (failures.ProxyError,),
        PluginError,
        "the proxy to {} does not work",
        "check $HTTPS_PROXY, $HTTP_PROXY and $NO_PROXY",
    ),
    (
        (causes.NameResolutionError,),
        PluginError,
        "the host of {} is not known",
        "check the address ($VAULT_ADDR or address=)",
    ),
    (
        (causes.NewConnectionError,),
        PluginError,
        "nothing takes connections at {}",
        "check the address ($VAULT_ADDR or address=), and that the server runs",
    ),
    (
        (failures.Timeout, causes.TimeoutError),
        PluginTimeoutError,
        "{} did not answer in time",
        "check the address ($VAULT_ADDR or address=), the network and the proxy settings",
    ),
    (
        (TooLongError,),
        PluginError,
        "{} gives an answer that is too long for Vault's",
        "check $VAULT_ADDR, and that no proxy answers in its place",
    ),
    (
        (failures.ConnectionError, failures.ChunkedEncodingError),
        PluginTimeoutError,
        "the connection to {} broke off",
        "try again",
    ),
    (
        (RequestException,),
        PluginError,
        "{} cannot be asked",
        "check the address ($VAULT_ADDR or address=), and the TLS settings",
    ),
)
# What OpenSSL says in a failed handshake.
_HANDSHAKES = (
    (
        ("WRONG_VERSION_NUMBER", "RECORD_LAYER"),
        "{} does not speak TLS",
        "use http:// in $VAULT_ADDR or address=, if that is meant",
    ),
    (
        ("mismatch", "doesn't match"),
        "the certificate of {} is for another host",
        "use the host's name in $VAULT_ADDR, or give the certificate's with $VAULT_TLS_SERVER_NAME",
    ),
    (("CERTIFICATE_VERIFY_FAILED",), "the certificate of {} is not trusted", _TRUST),
    (
        ("ALERT",),
        "{} ended the TLS handshake",
        "it may want a certificate: $VAULT_CLIENT_CERT and $VAULT_CLIENT_KEY",
    ),
)


def unreachable(server: Server, error: RequestException) -> PluginError:
    """The error for a request that got no answer; nothing of the library's text is in it, which quotes the request."""
    reason = _reason(error)
    if isinstance(error, failures.SSLError) or isinstance(reason, causes.SSLError):
        return _untrusted(server, str(reason))
    for kinds, kind, text, advice in _KINDS:
        if isinstance(error, kinds) or isinstance(reason, kinds):
            return kind(text.format(server.address), advice=advice)
    raise AssertionError


def _reason(error: RequestException) -> BaseException | None:
    """What urllib3 found, under the exceptions that requests has put around it."""
    cause = error.args[0] if error.args else None
    return getattr(cause, "reason", cause) if isinstance(cause, BaseException) else None


def _untrusted(server: Server, text: str) -> PluginError:
    for marks, message, advice in _HANDSHAKES:
        if any(mark in text for mark in marks):
            return PluginError(message.format(server.address), advice=advice)
    return PluginError(f"the TLS handshake with {server.address} failed", advice=_TRUST)
