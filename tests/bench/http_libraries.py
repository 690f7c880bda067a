"""HTTP libraries beside each other: how many small requests a second over a kept connection, and how long to import.

Only the first is a dependency of this project; the others are measured where they happen to be installed.
"""

import contextlib
import http.client
import importlib
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.messages import Request
from notarykit.net.pool import ConnectionPool
from notarykit.net.tls import TLSSettings, context_for
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.program import GoRegistries, build
from tests.support.layouts import MANIFEST_TYPE
from tests.support.registries import push_artifacts

REQUESTS = 1000
ROUNDS = 7
IMPORTS = 15
LIMIT = 4 * 1024 * 1024
HEADERS = {"Accept": MANIFEST_TYPE}

Get = Callable[[str], bytes]


@contextlib.contextmanager
def _ours() -> Iterator[Get]:
    connections = ConnectionPool(lambda host: context_for(host, TLSSettings()))
    client = HttpClient(connections, Destinations(plain=None))
    budget = Budget(sys.maxsize, 3600)
    with contextlib.closing(client):
        yield lambda url: client.send(Request("GET", url, budget, LIMIT, HEADERS)).body


@contextlib.contextmanager
def _http_client() -> Iterator[Get]:
    connections: dict[str, http.client.HTTPConnection] = {}

    def get(url: str) -> bytes:
        parts = urlsplit(url)
        connection = connections.get(parts.netloc) or connections.setdefault(
            parts.netloc, http.client.HTTPConnection(parts.netloc)
        )
        connection.request("GET", parts.path, headers=HEADERS)
        return connection.getresponse().read()

    yield get
    for connection in connections.values():
        connection.close()


@contextlib.contextmanager
def _pycurl() -> Iterator[Get]:
    """A handle with the callbacks that limits on head and content need."""
    pycurl = importlib.import_module("pycurl")
    handle = pycurl.Curl()
    handle.setopt(pycurl.NOSIGNAL, 1)

    def get(url: str) -> bytes:
        head: list[bytes] = []
        parts: list[bytes] = []
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in HEADERS.items()])
        handle.setopt(pycurl.HEADERFUNCTION, head.append)
        handle.setopt(pycurl.WRITEFUNCTION, parts.append)
        handle.perform()
        return b"".join(parts)

    yield get
    handle.close()


@contextlib.contextmanager
def _pyreqwest() -> Iterator[Get]:
    with importlib.import_module("pyreqwest.client").SyncClientBuilder().no_proxy().build() as client:
        yield lambda url: bytes(client.get(url).headers(HEADERS).build().send().bytes())


@contextlib.contextmanager
def _urllib3() -> Iterator[Get]:
    pool = importlib.import_module("urllib3").PoolManager(headers=HEADERS)
    yield lambda url: bytes(pool.request("GET", url).data)
    pool.clear()


@contextlib.contextmanager
def _requests() -> Iterator[Get]:
    with importlib.import_module("requests").Session() as session:
        session.headers.update(HEADERS)
        yield lambda url: bytes(session.get(url).content)


@contextlib.contextmanager
def _httpx() -> Iterator[Get]:
    with importlib.import_module("httpx").Client(headers=HEADERS) as client:
        yield lambda url: bytes(client.get(url).content)


class Library(NamedTuple):
    """A library.

    Attributes:
        name: Its name in the table.
        module: What is imported before the first request.
        session: Opens what keeps connections.
    """

    name: str
    module: str
    session: Callable[[], contextlib.AbstractContextManager[Get]]


LIBRARIES = (
    Library("`notarykit.net`, on httptools", "notarykit.net.client", _ours),
    Library("http.client", "http.client", _http_client),
    Library("pycurl", "pycurl", _pycurl),
    Library("pyreqwest", "pyreqwest.client", _pyreqwest),
    Library("urllib3", "urllib3", _urllib3),
    Library("requests", "requests", _requests),
    Library("httpx", "httpx", _httpx),
)


def _rate(get: Get, url: str, expected: bytes) -> float:
    start = time.perf_counter()
    for _ in range(REQUESTS):
        assert get(url) == expected
    return REQUESTS / (time.perf_counter() - start)


def _import_milliseconds(modules: list[str]) -> dict[str, float]:
    """The median times of interpreters that import one module each, less those of one that imports nothing."""
    programs = {"": "pass", **{module: f"import {module}" for module in modules}}
    times: dict[str, list[float]] = {module: [] for module in programs}
    for turn in range(IMPORTS + 1):
        for module, code in programs.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            if turn:  # the first turn warms the caches of the file system
                times[module].append((time.perf_counter() - start) * 1000)
    medians = {module: statistics.median(found) for module, found in times.items()}
    return {module: medians[module] - medians[""] for module in modules}


def main() -> None:
    """Measures and prints."""
    present = [each for each in LIBRARIES if importlib.util.find_spec(each.module) is not None]
    imports = _import_milliseconds([each.module for each in present])
    rates: dict[str, list[float]] = {each.name: [] for each in present}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        registry = GoRegistries(stack, RegistryCA(folder), build()).memory()
        (digest,) = push_artifacts(registry.address, "bench/http", ["v1"])
        url = f"{registry.url}/v2/bench/http/manifests/{digest}"
        sessions = {each.name: stack.enter_context(each.session()) for each in present}
        for turn in range(ROUNDS + 1):
            for each in present:
                rate = _rate(sessions[each.name], url, sessions[LIBRARIES[0].name](url))
                if turn:
                    rates[each.name].append(rate)
    own = statistics.median(rates[LIBRARIES[0].name])
    print("| library | requests a second | times the first | import, ms |")
    print("|---|---|---|---|")
    for each in LIBRARIES:
        if each not in present:
            print(f"| {each.name} | not installed | - | - |")
            continue
        rate = statistics.median(rates[each.name])
        print(f"| {each.name} | {rate:.0f} | {rate / own:.2f} | {imports[each.module]:.0f} |")


if __name__ == "__main__":
    main()
