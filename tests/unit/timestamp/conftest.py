"""Fixtures of the tests of timestamps."""

from collections.abc import Iterator

import pytest

from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.pool import ConnectionPool


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpClient]:
    """HTTP client without proxies and retries, which allows plain HTTP."""
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    client = HttpClient(
        ConnectionPool(pytest.fail), Destinations(plain=None), lambda _: pytest.fail("nothing is tried again")
    )
    yield client
    client.close()
