"""Transport errors: why an exchange ended without a response."""

import socket
import ssl

from notarykit.net.proxies import Proxy
from notarykit.net.response_reader import (
    MAX_HEAD_BYTES,
    MAX_HEADER_FIELDS,
    HeadTooLargeError,
    MalformedResponseError,
    ResponseError,
    TruncatedResponseError,
    UnexpectedTLSError,
)
from notarykit.net.retry import is_transient

EXCHANGE_ERRORS = (OSError, ResponseError)
_NETWORK = "check the address and the network"
_TRUST = "if it is to be trusted, name the certificate of its CA with --ca-file"
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
# The replies of TLS servers to plain HTTP: Go's net/http, nginx, Apache httpd.
_TLS_REQUIRED = (b"client sent an http request to an https server", b"plain http request", b"speaking plain http")
_BAD_REQUEST, _PROXY_AUTHENTICATION = 400, 407
# The exceptions, the message, whether the fault is transient, and the advice.
_REASONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, bool, str], ...] = (
    (ssl.SSLCertVerificationError, "its certificate is not trusted: {0.verify_message}", False, _TRUST),
    (
        (TruncatedResponseError, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError),
        "the connection was closed before the response was complete",
        True,
        _NETWORK,
    ),
    (ssl.SSLError, "TLS failed: {0.reason}", False, _NETWORK),
    (socket.gaierror, "its name cannot be resolved", False, _NETWORK),
    (ConnectionRefusedError, "connection refused", False, _NETWORK),
    (TimeoutError, "timed out", True, _NETWORK),
    (
        HeadTooLargeError,
        f"the response's header section exceeds {MAX_HEAD_BYTES} bytes or {MAX_HEADER_FIELDS} fields",
        False,
        "",
    ),
    (MalformedResponseError, "the response is not HTTP: {0}", True, _NETWORK),
)


class TransportError(Exception):
    """There is no response; the text gives the reason.

    Attributes:
        reason: The text.
        is_transient: True if another attempt may succeed.
        advice: The remedy.
        kind: `plain` for a server without TLS where TLS was requested, `tls` for the reverse: the remedy then depends
            on the client (`Destinations.advice`).
    """

    def __init__(self, reason: str, *, is_transient: bool, advice: str = "", kind: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_transient = is_transient
        self.advice = advice
        self.kind = kind

    def of_proxy(self, proxy: Proxy) -> "TransportError":
        """Returns the error with the proxy as its subject."""
        return TransportError(
            f"the proxy {proxy}: {self.reason}", is_transient=self.is_transient, advice=_check_proxy(proxy)
        )

    def through(self, proxy: Proxy | None) -> "TransportError":
        """Returns the error of a server behind a proxy."""
        if proxy is None:
            return self
        reason = f"{self.reason} (through the proxy {proxy})"
        return TransportError(reason, is_transient=self.is_transient, advice=self.advice, kind=self.kind)


def transport_error(error: Exception) -> TransportError:
    """Converts an error of `EXCHANGE_ERRORS`; text that a server sent is not repeated."""
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return TransportError("it speaks plain HTTP, not TLS", is_transient=False, kind="plain")
    if isinstance(error, UnexpectedTLSError):
        return tls_required()
    for kinds, text, transient, advice in _REASONS:
        if isinstance(error, kinds):
            return TransportError(text.format(error), is_transient=transient, advice=advice)
    reason = getattr(error, "strerror", None) or type(error).__name__
    return TransportError(reason, is_transient=True, advice=_NETWORK)


def tls_required() -> TransportError:
    """Returns the error for plain HTTP to a server that speaks TLS only."""
    return TransportError("it speaks TLS, not plain HTTP", is_transient=False, kind="tls")


def is_tls_required(status: int, body: bytes) -> bool:
    """Recognizes the response of a TLS server to a request in plain HTTP."""
    return status == _BAD_REQUEST and any(text in body[:4096].lower() for text in _TLS_REQUIRED)


def refused_by_proxy(proxy: Proxy, status: int) -> TransportError:
    """Returns the error for the status with which a proxy refuses a request or tunnel."""
    advice = _check_proxy(proxy)
    if status == _PROXY_AUTHENTICATION:
        advice = f"it requires authentication: set ${proxy.variable} to http://name:password@host:port"
    reason = f"the proxy {proxy} refuses it with status {status}"
    return TransportError(reason, is_transient=is_transient(status), advice=advice)


def _check_proxy(proxy: Proxy) -> str:
    return f"check ${proxy.variable}, or except the host with NO_PROXY"
