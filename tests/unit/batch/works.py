"""Works for the tests, at a place that workers can import."""

import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

from notarykit._internal.deadline import seconds_left
from notarykit.batch.ordered import map_ordered
from notarykit.batch.work import Work
from notarykit.errors import NotarykitWarning, UsageError


class Square(Work[int, int, int]):
    """Squares numbers, and refuses negative ones."""

    def begin(self, item: int) -> int:
        """Does the work."""
        if item < 0:
            raise UsageError(f"{item} is negative")
        return item * item


class Listed(Work[int, int, int]):
    """Squares numbers; a result is final a little later."""

    def __init__(self, seconds: float = 0.01) -> None:
        self.seconds = seconds

    def begin(self, item: int) -> int:
        """Does the work."""
        return item * item

    def finish(self, begun: int) -> int:
        """Waits."""
        time.sleep(self.seconds)
        return begun


class Random(Work[int, bytes, bytes]):
    """Returns bytes that no item has twice."""

    def begin(self, item: int) -> bytes:
        """Does the work."""
        return os.urandom(16)


class Process(Work[Any, int, int]):
    """Tells in which process an item is done."""

    def begin(self, item: Any) -> int:
        """Does the work."""
        return os.getpid()


class ProcessAmongOthers(Work[Any, int, int]):
    """Tells in which process an item is done, when so many of them have begun one."""

    def __init__(self, folder: str, processes: int) -> None:
        self.folder = folder
        self.processes = processes

    def begin(self, item: Any) -> int:
        """Does the work."""
        Path(self.folder, str(os.getpid())).touch()
        end = time.monotonic() + 60
        while len(os.listdir(self.folder)) < self.processes and time.monotonic() < end:
            time.sleep(0.01)
        return os.getpid()


class Warm(Work[int, int, int]):
    """Counts the items that one copy of the work has done."""

    def __init__(self, ballast: bytes = b"") -> None:
        self.ballast = ballast
        self.count = 0

    def begin(self, item: int) -> int:
        """Does the work."""
        self.count += 1
        return self.count


class Deadly(Work[int, str, str]):
    """Kills its own process over some items: `once` over those of the first try, `twice` over those of both."""

    def __init__(self, once: frozenset[int] = frozenset(), twice: frozenset[int] = frozenset()) -> None:
        self.once = once
        self.twice = twice

    def begin(self, item: int) -> str:
        """Does the work."""
        if item in self.once | self.twice:
            os.kill(os.getpid(), signal.SIGKILL)
        return f"first {item}"

    def begin_again(self, item: int) -> str:
        """Does the work once more."""
        if item in self.twice:
            os.kill(os.getpid(), signal.SIGKILL)
        return f"again {item}"


class Warns(Work[int, int, int]):
    """Warns of each item."""

    def begin(self, item: int) -> int:
        """Does the work."""
        warnings.warn(f"careful with {item}", NotarykitWarning, stacklevel=1)
        return item


class SecondsLeft(Work[int, float, float]):
    """Tells the seconds until the deadline."""

    def begin(self, item: int) -> float:
        """Does the work."""
        return seconds_left()


class Unpicklable(Work[int, Any, Any]):
    """Returns for odd items what cannot be pickled."""

    def begin(self, item: int) -> Any:
        """Does the work."""
        return threading.Lock() if item % 2 else item


class Unreadable(Work[int, int, int]):
    """Cannot be unpickled."""

    def __reduce__(self) -> Any:
        return _absent, ()

    def begin(self, item: int) -> int:
        """Does the work."""
        return item


def _absent() -> None:
    raise ModuleNotFoundError("No module named 'absent'")


class LocalOnly(Work[int, int, int]):
    """Cannot be pickled."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def begin(self, item: int) -> int:
        """Does the work."""
        return item


class Nested(Work[int, int, int]):
    """Sums the squares of the numbers below an item."""

    def begin(self, item: int) -> int:
        """Does the work."""
        return sum(outcome.value() for outcome in map_ordered(Square(), range(item)))


def modules() -> set[str]:
    """Returns the names of all modules that this process has loaded."""
    return set(sys.modules)


def die(*_: object) -> None:
    """Ends the process at once."""
    os._exit(9)
