"""Load on a cluster: threads that create pods all the time, and keep what was said to each."""

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tests.servers.kubernetes.api import Answer
from tests.support.polling import poll


class Review(NamedTuple):
    """Pod that somebody wanted to create.

    Attributes:
        images: References of its containers.
        begun: Time at which it was sent, on the clock that is never set.
        answer: What the API server said.
    """

    images: tuple[str, ...]
    begun: float
    answer: Answer


class Load:
    """Load that goes on.

    Attributes:
        reviews: What was said until now, in the order of the answers.
    """

    def __init__(self) -> None:
        self.reviews: list[Review] = []
        self.is_over = threading.Event()

    def wait_for(self, number: int) -> None:
        """Waits for so many answers more."""
        target = len(self.reviews) + number
        poll(lambda: len(self.reviews) >= target)

    def since(self, begun: float) -> list[Review]:
        """Returns what was sent after a time."""
        return [review for review in self.reviews if review.begun > begun]


@contextlib.contextmanager
def loaded(
    create: Callable[[Sequence[str]], Answer], pods: Sequence[tuple[str, ...]], clients: int = 4
) -> Iterator[Load]:
    """Has clients create pods while the context is active.

    Args:
        create: Creates a pod with images.
        pods: Images of pods, which are created in turn.
        clients: Number of clients.
    """
    load, turns, errors = Load(), itertools.count(), []

    def work() -> None:
        try:
            while not load.is_over.is_set():
                images, begun = pods[next(turns) % len(pods)], time.monotonic()
                load.reviews.append(Review(images, begun, create(images)))
        except Exception as error:  # noqa: BLE001 - the test's own thread raises it
            errors.append(error)

    threads = [threading.Thread(target=work, name="client of the API server") for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        load.wait_for(clients)
        yield load
    finally:
        load.is_over.set()
        for thread in threads:
            thread.join()
    if errors:
        raise ExceptionGroup("a client failed", errors)
