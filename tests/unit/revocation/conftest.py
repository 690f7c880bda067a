"""A server for one test alone, and connections that do not outlive it."""

from collections.abc import Iterator

import pytest

from support.checking import close_clients
from support.responders import Responder


@pytest.fixture
def responder() -> Iterator[Responder]:
    """A server that has nothing yet."""
    with Responder() as running:
        yield running


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_clients()
