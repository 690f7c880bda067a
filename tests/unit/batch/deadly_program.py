"""Program that works on items in worker processes until it is interrupted or killed."""

import os
import sys
from typing import Any

from notarykit.batch.executors import process_pool
from notarykit.batch.ordered import Outcomes, map_ordered
from notarykit.batch.work import Work


class Waits(Work[int, int, int]):
    """Says which process works on an item, and waits until it may end.

    Args:
        told: Pipe into which each item's process is written.
        held: Pipe with a byte for each item that may end.
    """

    def __init__(self, told: str, held: str) -> None:
        self.told = told
        self.held = held

    def begin(self, item: int) -> int:
        """Does the work."""
        with open(self.told, "w", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
        with open(self.held, "rb", buffering=0) as pipe:
            pipe.read(1)
        return item


def main() -> None:
    """Prints what comes of the items, and the processes beside the workers first."""
    stop = Outcomes.stop

    def announced_stop(self: Outcomes[Any, Any], end: BaseException | None = None) -> None:
        if end is not None:
            print("stopping", flush=True)
        stop(self, end)

    Outcomes.stop = announced_stop  # type: ignore[method-assign]
    with process_pool(2) as pool:
        outcomes = map_ordered(Waits(*sys.argv[1:]), range(1000), executor=pool)
        try:
            for outcome in outcomes:
                print("outcome", outcome.item, outcome.error, flush=True)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            raise


if __name__ == "__main__":
    main()
