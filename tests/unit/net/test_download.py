"""One file over HTTPS."""

from typing import Any

import pytest

from notarykit.errors import NetworkError
from notarykit.net.download import download
from notarykit.net.tls import TLSSettings
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.http_server import Reply
from tests.unit.net.conftest import Start
from tests.unit.net.server import Server

_CONTENT = b"plugin" * 1000


def _download(server: Server, ca: RegistryCA, target: str = "/a", limit: int = 10_000, seconds: float = 20) -> bytes:
    return download(server.url + target, limit, seconds, TLSSettings(ca_file=ca.ca_file))


def _refused(server: Server, ca: RegistryCA, **options: Any) -> str:
    with pytest.raises(NetworkError) as caught:
        _download(server, ca, **options)
    assert "token" not in caught.value.message
    return caught.value.message


def test_download_returns_the_content(start: Start, ca: RegistryCA) -> None:
    """The content comes whole, asked for without credentials."""
    server = start(Reply(200, (), _CONTENT), certificate=ca.server())
    assert _download(server, ca) == _CONTENT
    (seen,) = server.seen
    assert (seen.method, seen.target) == ("GET", "/a")
    assert not [name for name in seen.headers if name.lower() in ("authorization", "cookie")]


def test_download_follows_redirects(start: Start, ca: RegistryCA) -> None:
    """A redirect to another https address is followed, as publishers' servers give them."""
    other = start(Reply(200, (), _CONTENT), certificate=ca.server())
    server = start(Reply(302, (("Location", f"{other.url}/b?token=x"),)), certificate=ca.server())
    assert _download(server, ca) == _CONTENT


def test_download_refuses_a_redirect_to_plain_http(start: Start, ca: RegistryCA) -> None:
    """A redirect to http is refused, and nothing is asked for there."""
    other = start(Reply(200, (), _CONTENT))
    server = start(Reply(302, (("Location", f"{other.url}/b?token=x"),)), certificate=ca.server())
    assert _refused(server, ca).startswith(f"{server.url} leads to {other.address} without TLS")
    assert other.seen == []


def test_download_refuses_plain_http(start: Start, ca: RegistryCA) -> None:
    """An http address is refused before anything is sent."""
    server = start(Reply(200, (), _CONTENT))
    with pytest.raises(NetworkError) as caught:
        download(f"{server.url}/a?token=x", 10, 10, TLSSettings())
    assert caught.value.message == f"{server.url}/a is not an https URL"
    assert caught.value.advice == "only https is supported"
    assert server.seen == []


@pytest.mark.parametrize(
    "url", ["", "file:///etc/passwd", "ftp://host/a", "https://", "https://user:token@host/a", "a.zip"]
)
def test_download_refuses_a_malformed_url(url: str) -> None:
    """Anything but an https address is refused, without a user's name and password in it."""
    with pytest.raises(NetworkError) as caught:
        download(url, 10, 10, TLSSettings())
    assert "token" not in caught.value.one_line()


@pytest.mark.parametrize("status", [204, 206, 401, 403, 404, 410])
def test_download_refuses_other_statuses(status: int, start: Start, ca: RegistryCA) -> None:
    """An answer without the content is an error that names the address and the status."""
    server = start(Reply(status, (), b"" if status == 204 else b"x"), certificate=ca.server())
    assert _refused(server, ca, target="/a?token=x") == f"{server.url}/a: the server answers {status}"


def test_download_is_limited_in_size(start: Start, ca: RegistryCA) -> None:
    """A file that is longer than the limit is refused."""
    server = start(Reply(200, (), _CONTENT), certificate=ca.server())
    assert _download(server, ca, limit=7000) == _CONTENT
    _refused(server, ca, limit=5999)


def test_download_requires_a_trusted_server(start: Start, ca: RegistryCA) -> None:
    """Without the server's authority nothing is downloaded."""
    server = start(Reply(200, (), _CONTENT), certificate=ca.server())
    with pytest.raises(NetworkError, match="its certificate is not trusted"):
        download(f"{server.url}/a", 10_000, 20, TLSSettings())
    assert server.seen == []


def test_header_fields_do_not_count_for_the_limit(start: Start, ca: RegistryCA) -> None:
    """A file may be as long as the limit, whatever the server's headers cost."""
    server = start(Reply(200, (), _CONTENT), certificate=ca.server())
    assert _download(server, ca, limit=6000) == _CONTENT
