"""HTTP for plugins: one server, bounded answers, and no secret that leaves it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from notarykit.errors import PluginError, PluginValidationError
from notarykit.plugin import ServiceClient
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.http_server import Reply
from tests.unit.net.server import Answer, Server


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@contextlib.contextmanager
def _plain(*answers: Answer) -> Iterator[tuple[Server, ServiceClient]]:
    with Server(*answers) as server, ServiceClient(server.url, is_plain_allowed=True, advice="look there") as client:
        yield server, client


def test_requests_arrive_as_they_are_given() -> None:
    """Path, header fields and content are the caller's, and the answer of any status is handed back."""
    with _plain(Reply(403, (("Retry-After", "7"),), b"no")) as (server, client):
        assert client.post("/v1/a?b=c", b"content", {"X-Token": "secret"}) == (403, b"no", "7")
        assert client.get("/d").status == 403
    first, second = server.seen
    assert (first.method, first.target, first.body, first.headers["X-Token"]) == (
        "POST", "/v1/a?b=c", b"content", "secret",
    )  # fmt: skip
    assert (second.method, second.target, second.headers["X-Token"]) == ("GET", "/d", None)


def test_transient_faults_are_tried_again() -> None:
    """A server that is overloaded for a moment costs a pause, and no signature."""
    with _plain(Reply(503), Reply(200, (), b"good")) as (server, client):
        assert client.post("/a", b"x", {}).body == b"good"
    assert len(server.seen) == 2


def test_redirects_stay_on_the_server(tmp_path: Path) -> None:
    """Another server gets neither content nor header fields; the same one may have moved a path."""
    authority = RegistryCA(str(tmp_path))
    with Server(certificate=authority.server()) as other:
        redirect = Reply(307, (("Location", f"{other.url}/b"),))
        with (
            Server(redirect, certificate=authority.server()) as server,
            ServiceClient(server.url, ca_file=authority.ca_file, advice="look there") as client,
        ):
            with pytest.raises(PluginError, match="redirects confidential content") as caught:
                client.post("/a", b"secret", {"X-Token": "secret"})
            assert caught.value.advice == "look there"
            with pytest.raises(PluginError, match="redirects confidential content"):
                client.get("/a", {"X-Token": "secret"})
    assert other.seen == []
    with _plain(Reply(307, (("Location", "/b"),)), Reply(200)) as (server, client):
        assert client.post("/a", b"x", {}).status == 200
    assert [seen.target for seen in server.seen] == ["/a", "/b"]


def test_large_answers_are_refused() -> None:
    """An answer beyond a megabyte is not read."""
    with _plain(Reply(200, (), b"x" * (1024 * 1024 + 1))) as (_, client), pytest.raises(PluginError, match="limit"):
        client.get("/a")


def test_tls_is_verified(tmp_path: Path) -> None:
    """The file of certificates is the one that counts; without it the server is a stranger."""
    authority = RegistryCA(str(tmp_path))
    with Server(certificate=authority.server()) as server:
        with ServiceClient(server.url, ca_file=authority.ca_file) as client:
            assert client.get("/").status == 200
        with ServiceClient(server.url) as client, pytest.raises(PluginError, match="certificate"):
            client.get("/")
        with (
            ServiceClient(server.url, ca_file=str(tmp_path / "none.pem")) as client,
            pytest.raises(PluginValidationError, match=r"none\.pem"),
        ):
            client.get("/")
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "ca.example", "", "ftp://ca.example", "https://u:p@ca.example", "https://ca/?a=b"]
)
def test_other_addresses_are_refused(address: str) -> None:
    """What is no plain https URL is refused before anything is sent; a password is not shown."""
    with pytest.raises(PluginValidationError) as caught:
        ServiceClient(address)
    assert "u:p" not in caught.value.one_line()


def test_nobody_listens() -> None:
    """A server that does not run is named, with the caller's advice."""
    with Server() as server:
        url = server.url
    with ServiceClient(url, is_plain_allowed=True, advice="look there") as client, pytest.raises(PluginError) as caught:
        client.get("/")
    assert caught.value.advice == "look there"
    assert url.partition("//")[2] in caught.value.message
