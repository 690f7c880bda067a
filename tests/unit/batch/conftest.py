"""Executors of the tests."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest

from notarykit.batch.executors import WorkerPool, process_pool


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    """Two worker processes."""
    with process_pool(2) as opened:
        yield opened


@pytest.fixture(params=["threads", "caller's threads", "processes"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor | None]:
    """Executor of each kind."""
    match request.param:
        case "threads":
            yield None
        case "processes":
            yield request.getfixturevalue("pool")
        case _:
            with ThreadPoolExecutor(2) as threads:
                yield threads
