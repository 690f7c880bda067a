"""What is said over HTTP, for whoever wants to watch: exchanges, pauses, and what came out of a memory; no secrets.

Nobody watches unless asked, and then nothing of this costs anything.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

Fields = tuple[tuple[str, str], ...]


class Exchange(NamedTuple):
    """A request and what became of it.

    Attributes:
        method: The method.
        url: Where to; of a query, only what holds no secret.
        sent: The header fields that were sent, those that hold secrets by their names alone.
        sent_bytes: The content's length.
        attempt: The how manieth try it is.
        proxy: The proxy through which it went, or an empty string.
        is_reused: Whether the connection had been used before.
        status: The answer's status, or 0 where there is no answer.
        received: The answer's header fields.
        received_bytes: The answer's content's length.
        seconds: How long it took, the opening of a connection included.
        error: Why there is no answer, or an empty string.
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
    """Something between requests: a pause, a tunnel, what is known already.

    Attributes:
        text: What it is.
    """

    text: str


Observer = Callable[[Exchange | Note], None]

_observers: tuple[Observer, ...] = ()


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Shows an observer all that is said until the end of the block, by every client and thread of this process.

    Args:
        observer: Called with each event, in the thread that it happens in; it must not raise.
    """
    global _observers  # noqa: PLW0603 - the one switch, of the whole process
    _observers = (*_observers, observer)
    try:
        yield
    finally:
        _observers = tuple(each for each in _observers if each is not observer)


def is_observed() -> bool:
    """Whether anybody watches."""
    return bool(_observers)


def tell(event: Exchange | Note) -> None:
    """Shows an event to whoever watches."""
    for observer in _observers:
        observer(event)


def note(text: str) -> None:
    """Shows a note to whoever watches."""
    if _observers:
        tell(Note(text))
