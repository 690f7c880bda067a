"""What goes wrong on the way to an answer: how it is called, and whether another try may end better."""

import http.client
import random
import socket
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import Self

from notarykit.net.bounded_reader import LARGEST_HEAD, MOST_FIELDS, HeadTooLargeError
from notarykit.net.proxies import Proxy

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0
# Answers that another try may not get.
PASSING = frozenset({408, 429, 500, 502, 503, 504})

_NETWORK = "check the address and the network"
_TRUST = "if it is to be trusted, name the certificate of its CA with --ca-file"
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
# The beginning of a TLS alert, with which servers answer what is no TLS (RFC 8446, section 5.1).
_ALERT = "\x15\x03"
# How servers that speak TLS say so in plain: Go's, and nginx's and Apache's.
_ONLY_TLS = (b"client sent an http request to an https server", b"plain http request", b"speaking plain http")
_BAD_REQUEST, _PROXY_AUTHENTICATION = 400, 407
# The kind of exception, what is said of it, whether it passes, and what to do next.
_REASONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, bool, str], ...] = (
    (ssl.SSLCertVerificationError, "its certificate is not trusted: {0.verify_message}", False, _TRUST),
    (
        (
            *(http.client.IncompleteRead, http.client.RemoteDisconnected),
            *(ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError),
        ),
        "the connection broke before the answer was complete",
        True,
        _NETWORK,
    ),
    (ssl.SSLError, "TLS failed: {0.reason}", False, _NETWORK),
    (socket.gaierror, "its name cannot be resolved", False, _NETWORK),
    (ConnectionRefusedError, "nothing listens there", False, _NETWORK),
    (TimeoutError, "no answer in time", True, _NETWORK),
    (
        (HeadTooLargeError, http.client.LineTooLong),
        f"the head of the answer is larger than the {LARGEST_HEAD} bytes and {MOST_FIELDS} fields that are read",
        False,
        "",
    ),
)


class BrokenError(Exception):
    """There is no answer; the text says why.

    Attributes:
        reason: The text.
        passes: Whether another try may end better.
        advice: What to do next.
        kind: `plain` for an origin without TLS where that was asked for, `tls` for the reverse: what to do next then
            depends on who asks.
    """

    def __init__(self, reason: str, *, passes: bool, advice: str = "", kind: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.passes = passes
        self.advice = advice
        self.kind = kind

    def at(self, proxy: Proxy) -> Self:
        """The same about the proxy itself."""
        self.advice, self.kind = f"check ${proxy.variable}, or except the host with NO_PROXY", ""
        return self._says(f"the proxy {proxy}: {self.reason}")

    def through(self, proxy: Proxy | None) -> Self:
        """The same about what is behind a proxy."""
        return self if proxy is None else self._says(f"{self.reason} (through the proxy {proxy})")

    def _says(self, reason: str) -> Self:
        self.reason = reason
        self.args = (reason,)
        return self


def broken(error: Exception) -> BrokenError:
    """A broken connection in a few words; what a server wrote is not repeated."""
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return BrokenError("it speaks plain HTTP, not TLS", passes=False, kind="plain")
    if isinstance(error, http.client.BadStatusLine) and str(error).startswith(_ALERT):
        return only_tls()
    if type(error) is http.client.HTTPException:  # which is what http.client raises for too many fields
        error = HeadTooLargeError()
    for kinds, text, passes, advice in _REASONS:
        if isinstance(error, kinds):
            return BrokenError(text.format(error), passes=passes, advice=advice)
    reason = getattr(error, "strerror", None) or f"the answer is not HTTP: {type(error).__name__}"
    return BrokenError(reason, passes=True, advice=_NETWORK)


def only_tls() -> BrokenError:
    """An origin that was talked to without TLS, and speaks nothing else."""
    return BrokenError("it speaks TLS, not plain HTTP", passes=False, kind="tls")


def says_only_tls(status: int, body: bytes) -> bool:
    """Whether an answer to a request without TLS says that the origin speaks nothing else."""
    return status == _BAD_REQUEST and any(text in body[:4096].lower() for text in _ONLY_TLS)


def refused_by(proxy: Proxy, status: int) -> BrokenError:
    """A proxy that does not let us."""
    advice = f"check ${proxy.variable}, or except the host with NO_PROXY"
    if status == _PROXY_AUTHENTICATION:
        advice = f"it wants a name and a password: set ${proxy.variable} to http://name:password@host:port"
    return BrokenError(f"the proxy {proxy} refuses it with status {status}", passes=status in PASSING, advice=advice)


def pause_before(attempt: int) -> float:
    """How long to wait before another try: longer each time, and never quite the same."""
    longest = min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE)
    return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, no secret


def retry_after(value: str) -> float:
    """Retry-After (RFC 9110, section 10.2.3), seconds or a date, in seconds from now."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
