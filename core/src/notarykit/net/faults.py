"""What goes wrong on the way to an answer: how it is called, and whether another try may end better."""

import http.client
import random
import re
import socket
import ssl
import time
from email.utils import parsedate_to_datetime

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0
# Answers that another try may not get.
PASSING = frozenset({408, 429, 500, 502, 503, 504})

_NETWORK = "check the address and the network"
_TRUST = "if it is to be trusted, name the certificate of its CA with --ca-file"
_PLAIN = "if that is meant, for tests alone, use --insecure-registry or insecureRegistries in config.json"
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})")
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
)


class BrokenError(Exception):
    """There is no answer; the text says why.

    Attributes:
        passes: Whether another try may end better.
        advice: What to do next.
    """

    def __init__(self, reason: str, *, passes: bool, advice: str) -> None:
        super().__init__(reason)
        self.passes = passes
        self.advice = advice


def broken(error: Exception) -> BrokenError:
    """A broken connection in a few words; what a server wrote is not repeated."""
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return BrokenError("it speaks plain HTTP, not TLS", passes=False, advice=_PLAIN)
    for kinds, text, passes, advice in _REASONS:
        if isinstance(error, kinds):
            return BrokenError(text.format(error), passes=passes, advice=advice)
    if refused := _TUNNEL.match(str(error)):
        status = int(refused[1])
        text = f"the proxy refuses it with status {status}"
        return BrokenError(text, passes=status in PASSING, advice="check the proxy's settings")
    reason = getattr(error, "strerror", None) or f"the answer is not HTTP: {type(error).__name__}"
    return BrokenError(reason, passes=True, advice=_NETWORK)


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
