"""Trace of this process's HTTP exchanges and plugin calls. There is no cost without observers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Observer = Callable[[Any], None]

_observers: tuple[Observer, ...] = ()


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Registers an observer while the context is active, for all clients, plugins and threads of this process.

    Args:
        observer: Called with each event, in the thread of the event; must not raise.
    """
    global _observers  # noqa: PLW0603 - the one switch, of the whole process
    _observers = (*_observers, observer)
    try:
        yield
    finally:
        _observers = tuple(other for other in _observers if other is not observer)


def is_observed() -> bool:
    """Returns True if an observer is registered."""
    return bool(_observers)


def publish(event: object) -> None:
    """Passes an event to the observers."""
    for observer in _observers:
        observer(event)
