"""Trace of HTTP exchanges, pauses and cache hits for observers, without secrets.

There is no cost without observers.
"""

from typing import NamedTuple

from notarykit._internal.events import is_observed, observed, publish

__all__ = ["Exchange", "Fields", "Note", "is_observed", "note", "observed", "publish"]

Fields = tuple[tuple[str, str], ...]


class Exchange(NamedTuple):
    """Request and its response, or its failure.

    Attributes:
        method: The method.
        url: The redacted URL.
        sent: The redacted header fields of the request.
        sent_bytes: Length of the request's content.
        attempt: Number of the attempt, from 1.
        proxy: The proxy, or an empty string.
        is_reused: True if the connection had been used before.
        status: The response's status, or 0 without a response.
        received: The redacted header fields of the response.
        received_bytes: Length of the response's content.
        seconds: Duration, the opening of a connection included.
        error: The failure, or an empty string.
    """

    method: str
    url: str
    sent: Fields = ()
    sent_bytes: int = 0
    attempt: int = 1
    proxy: str = ""
    is_reused: bool = False
    status: int = 0
    received: Fields = ()
    received_bytes: int = 0
    seconds: float = 0.0
    error: str = ""


class Note(NamedTuple):
    """Event between requests: a pause, a tunnel, a cache hit.

    Attributes:
        text: The description.
    """

    text: str


def note(text: str) -> None:
    """Passes a note to the observers."""
    if is_observed():
        publish(Note(text))
