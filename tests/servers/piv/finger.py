"""The finger that some keys of a card wait for."""

import threading


class Finger:
    """Event that the card's thread waits for and other threads trigger."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._awaited = self._touches = self._gone = False

    def touches(self, seconds: float, *, otherwise: bool) -> bool:
        """Waits for a touch, and returns whether it came.

        Args:
            seconds: How long the card waits at most.
            otherwise: What it does at the end of this time.
        """
        with self._changed:
            self._awaited, self._touches = True, False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._touches or self._gone, seconds)
            self._awaited = False
            return (self._touches or otherwise) and not self._gone

    def touch(self, seconds: float) -> None:
        """Waits until the card waits, and touch it."""
        with self._changed:
            self.await_waiting(seconds)
            self._awaited, self._touches = False, True
            self._changed.notify_all()

    def await_waiting(self, seconds: float) -> None:
        """Waits until the card waits."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._awaited, seconds):
                raise TimeoutError("the card did not come to wait for a finger")

    def remove(self, *, gone: bool) -> None:
        """Ends the waiting, as the card is being pulled out, or allow it again."""
        with self._changed:
            self._gone = gone
            self._changed.notify_all()
