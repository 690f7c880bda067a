"""Hostile servers in Vault's place: each response ends in an error within the call's time, without secrets."""

import base64
import gzip
import http.server
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import PluginError, PluginTimeoutError
from notarykit.plugin import DescribeKeyRequest, GeneratedSignature, GenerateSignatureRequest
from notarykit.plugin.time_limit import deadline
from notarykit_hashicorp_vault import session
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin
from tests.servers.vault.fake import MESSAGE, FakeVault, response
from tests.support.ca import make_chain

_CHAIN = make_chain()
_DEEP = b'{"data":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
# A key on an unassigned curve.
_ODD_KEY = base64.b64encode(bytes.fromhex("3017300a06082a8648ce3d02017f0309") + bytes(9)).decode()


@pytest.fixture
def vault() -> FakeVault:
    """Vault with the key `build`."""
    return FakeVault(_CHAIN)


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """User with a token."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example")
    monkeypatch.setenv("VAULT_TOKEN", "hvs.first")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(session, "_BACKOFF_SECONDS", 0.001)
    return tmp_path


def _sign(plugin: HashiCorpVaultPlugin) -> GeneratedSignature:
    return plugin.generate_signature(GenerateSignatureRequest("build", "EC-256", "SHA-256", MESSAGE))


# Keys


@pytest.mark.parametrize(
    "change",
    [
        {"certificate_chain": 5},
        {"certificate_chain": ["x"]},
        {"certificate_chain": "\ud800"},
        {"public_key": 5},
        {"public_key": "\ud800"},
        {"public_key": f"-----BEGIN PUBLIC KEY-----\n{_ODD_KEY}\n-----END PUBLIC KEY-----\n"},
    ],
)
def test_malformed_version_is_a_protocol_error(vault: FakeVault, change: dict[str, Any]) -> None:
    """Every failure to read a version is a protocol error that names the version."""
    vault.key["keys"]["1"].update(change)
    with pytest.raises(PluginError) as caught:
        _sign(HashiCorpVaultPlugin(vault.connect))
    message = caught.value.message
    assert message.startswith("malformed response from Vault: the ")
    assert "transit/build@1" in message


@pytest.mark.parametrize(
    "signature", [f"vault:v{'1' * 5000}:AAAA", "vault:v01:AAAA", "vault:v1:\ud800", ["vault:v1:A"]]
)
def test_malformed_signature_is_refused(vault: FakeVault, signature: object) -> None:
    """A signature of another version, with a number of any length, is refused."""
    vault.responses["transit/sign/build"] = {"data": {"signature": signature}}
    with pytest.raises(PluginError) as caught:
        _sign(HashiCorpVaultPlugin(vault.connect))
    assert caught.value.message == "Vault returned no signature of transit/build@1"


def test_huge_latest_version_does_not_extend_the_search(vault: FakeVault) -> None:
    """The latest version's number does not determine how many versions are examined."""
    vault.key.update(latest_version=10**15)
    began = time.monotonic()
    plugin = HashiCorpVaultPlugin(vault.connect)
    assert plugin.describe_key(DescribeKeyRequest("build", {})).key_spec == "EC-256"
    vault.key["keys"] = {"0": {}, "-1": {}, "x": {}, "1" * 5000: {}}
    with pytest.raises(PluginError) as caught:
        _sign(HashiCorpVaultPlugin(vault.connect))
    assert "does not exist" in (message := caught.value.message) or "missing" in message
    assert time.monotonic() - began < 5


# Messages


@pytest.mark.parametrize("status", [307, 400])
def test_request_id_is_redacted_and_truncated(vault: FakeVault, status: int) -> None:
    """The request id in the metadata is truncated, without secrets and control characters."""
    request_id = "hvs.first \x1b[31m" + "x" * 1000
    body = json.dumps({"request_id": request_id, "errors": []}).encode()
    vault.responses[".*"] = response(status, body)
    with pytest.raises(PluginError) as caught:
        _sign(HashiCorpVaultPlugin(vault.connect))
    shown = caught.value.metadata["requestId"]
    assert "hvs.first" not in shown
    assert shown.isprintable()
    assert len(shown) == 64


def test_token_of_an_earlier_request_is_redacted(vault: FakeVault, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that quotes an earlier request's token is quoted without it."""
    plugin, quoted = HashiCorpVaultPlugin(vault.connect), json.dumps({"errors": ["was swordfish-1 \x1b[1m"]}).encode()
    monkeypatch.setenv("VAULT_TOKEN", "swordfish-1")
    plugin.open_key("build", {})
    vault.responses[".*"] = lambda token: response(403 if token == "swordfish-1" else 400, quoted)
    monkeypatch.setenv("VAULT_TOKEN", "another")
    for _ in range(2):
        with pytest.raises(PluginError) as caught:
            _sign(plugin)
        message = caught.value.message
        assert "was …" in message
        assert message.isprintable()


@pytest.mark.parametrize("location", ["http://[", "//[x", "\udcff", "https://hvs.first@elsewhere"])
def test_redirect_target_is_redacted(vault: FakeVault, location: str) -> None:
    """A malformed redirect target is reported as another path, and a secret in one is not shown."""
    vault.responses[".*"] = response(307, b"", Location=location)
    with pytest.raises(PluginError) as caught:
        _sign(HashiCorpVaultPlugin(vault.connect))
    message = caught.value.message
    assert "redirects to " in message
    assert "hvs.first" not in message


# On the wire


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Sends the same bytes to every request, then calls `more`."""

    daemon_threads = True
    raw = b""
    more: Callable[[Any], object] = staticmethod(bool)


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        try:
            self.wfile.write(self.server.raw)
            self.server.more(self.wfile)
        except OSError:
            pass  # the client has closed the connection

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Logs nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    """Server in Vault's place."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()
        thread.join()


def _http_response(status: int, body: bytes = b"{}", **headers: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} X".encode(), f"Content-Length: {len(body)}".encode()]
    lines += [name.replace("_", "-").encode() + b": " + value for name, value in headers.items()]
    return b"\r\n".join([*lines, b"", body])


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (_http_response(200, _DEEP), "malformed response"),
        (_http_response(302, Location=b"http://["), "malformed response"),
        (_http_response(302, Location=b"http://\xe9"), "malformed response"),
        (_http_response(503, Retry_After=b"9" * 5000), "is unavailable"),
        (_http_response(503, Retry_After=b"soon"), "is unavailable"),
        (_http_response(503, Retry_After=b"Fri, 31 Dec 99999 23:59:59 GMT"), "is unavailable"),
        (_http_response(400, _DEEP), "rejected the request for key transit/build"),
    ],
    ids=["deep", "address", "bytes", "digits", "word", "year", "deep refusal"],
)
def test_unreadable_response_is_a_protocol_error(server: _Server, raw: bytes, shown: str) -> None:
    """Failures of the libraries to parse headers and JSON are protocol errors."""
    server.raw = raw
    with pytest.raises(PluginError) as caught:
        _sign(HashiCorpVaultPlugin())
    assert shown in caught.value.message


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
def test_loopback_uses_no_proxy(server: _Server, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token for this machine is not sent to a proxy, which could read it."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "http://proxy.invalid:1")
    server.raw = _http_response(400)
    with pytest.raises(PluginError) as caught:
        _sign(HashiCorpVaultPlugin())
    assert "rejected the request for key transit/build" in caught.value.message


@pytest.mark.parametrize("head", [b"Content-Length: 100000\r\n\r\n{", b"X: "], ids=["body", "head"])
def test_endless_response_times_out_with_the_call(server: _Server, head: bytes) -> None:
    """A response that never ends is given up at the end of the call."""

    def drip(file: Any) -> None:
        for _ in range(100):
            time.sleep(0.1)
            file.write(b" ")

    server.raw, server.more = b"HTTP/1.1 200 OK\r\n" + head, drip
    began = time.monotonic()
    with deadline(1.0), pytest.raises(PluginTimeoutError):
        _sign(HashiCorpVaultPlugin())
    assert time.monotonic() - began < 3  # the response takes ten seconds


def test_decompressed_size_is_limited(server: _Server) -> None:
    """A response is not decompressed beyond the size of any response about a key."""
    server.raw = _http_response(
        200, gzip.compress(b'{"a":"' + bytes(64 * 1024 * 1024) + b'"}'), Content_Encoding=b"gzip"
    )
    with pytest.raises(PluginError) as caught:
        _sign(HashiCorpVaultPlugin())
    assert "a response that is too large" in caught.value.message
