"""What answers in Vault's place and means harm: each answer is an error in time, and shows little."""

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
from notarykit.plugin import DescribeKeyRequest, GenerateSignatureRequest
from notarykit.plugin.deadline import deadline
from notarykit_hashicorp_vault import session
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin
from tests.servers.vault.fake import MESSAGE, FakeVault, response
from tests.support.ca import make_chain

_CHAIN = make_chain()
_DEEP = b'{"data":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
# A key on a curve that nobody has.
_ODD_KEY = base64.b64encode(bytes.fromhex("3017300a06082a8648ce3d02017f0309") + bytes(9)).decode()


@pytest.fixture
def vault() -> FakeVault:
    """A Vault with the key `build`."""
    return FakeVault(_CHAIN)


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with a token."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example")
    monkeypatch.setenv("VAULT_TOKEN", "hvs.first")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(session, "_FIRST_PAUSE", 0.001)
    return tmp_path


def _fails(plugin: HashiCorpVaultPlugin, **config: str) -> PluginError:
    with pytest.raises(PluginError) as caught:
        plugin.generate_signature(GenerateSignatureRequest("build", "EC-256", "SHA-256", MESSAGE, config))
    return caught.value


# What is told of a key


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
def test_versions_that_cannot_be_read(vault: FakeVault, change: dict[str, Any]) -> None:
    """Whatever reading a version fails with is an error of the protocol that names the version."""
    vault.key["keys"]["1"].update(change)
    message = _fails(HashiCorpVaultPlugin(vault.connect)).message
    assert message.startswith("Vault answered about the ")
    assert "transit/build@1" in message


@pytest.mark.parametrize(
    "signature", [f"vault:v{'1' * 5000}:AAAA", "vault:v01:AAAA", "vault:v1:\ud800", ["vault:v1:A"]]
)
def test_signatures_that_cannot_be_read(vault: FakeVault, signature: object) -> None:
    """A signature of another version, by a number of any length, is none."""
    vault.answers["transit/sign/build"] = {"data": {"signature": signature}}
    assert _fails(HashiCorpVaultPlugin(vault.connect)).message == "Vault answered with no signature of transit/build@1"


def test_a_latest_version_without_a_limit(vault: FakeVault) -> None:
    """What is called the latest version does not say how long the others are looked for."""
    vault.key.update(latest_version=10**15)
    began = time.monotonic()
    plugin = HashiCorpVaultPlugin(vault.connect)
    assert plugin.describe_key(DescribeKeyRequest("build", {})).key_spec == "EC-256"
    vault.key["keys"] = {"0": {}, "-1": {}, "x": {}, "1" * 5000: {}}
    assert (
        "does not exist" in (message := _fails(HashiCorpVaultPlugin(vault.connect)).message) or "not there" in message
    )
    assert time.monotonic() - began < 5


# What is shown


@pytest.mark.parametrize("status", [307, 400])
def test_a_request_id_that_is_none(vault: FakeVault, status: int) -> None:
    """The request's id goes into the metadata in a short form, without secrets and control characters."""
    request_id = "hvs.first \x1b[31m" + "x" * 1000
    body = json.dumps({"request_id": request_id, "errors": []}).encode()
    vault.answers[".*"] = response(status, body)
    shown = _fails(HashiCorpVaultPlugin(vault.connect)).metadata["requestId"]
    assert "hvs.first" not in shown
    assert shown.isprintable()
    assert len(shown) == 64


def test_secrets_of_earlier_requests(vault: FakeVault, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that quotes the token that it got before is not quoted with it."""
    plugin, quoted = HashiCorpVaultPlugin(vault.connect), json.dumps({"errors": ["was swordfish-1 \x1b[1m"]}).encode()
    monkeypatch.setenv("VAULT_TOKEN", "swordfish-1")
    plugin.open_key("build", {})
    vault.answers[".*"] = lambda token: response(403 if token == "swordfish-1" else 400, quoted)
    monkeypatch.setenv("VAULT_TOKEN", "another")
    for _ in range(2):
        message = _fails(plugin).message
        assert "was …" in message
        assert message.isprintable()


@pytest.mark.parametrize("location", ["http://[", "//[x", "\udcff", "https://hvs.first@elsewhere"])
def test_where_an_answer_leads(vault: FakeVault, location: str) -> None:
    """An address that is none is told as another path, and a secret in one is not shown."""
    vault.answers[".*"] = response(307, b"", Location=location)
    message = _fails(HashiCorpVaultPlugin(vault.connect)).message
    assert "sends requests on to " in message
    assert "hvs.first" not in message


# On the wire


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Gives every request the same bytes, and then what `more` does."""

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
            pass  # whoever asked has gone

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    """A server in Vault's place."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()
        thread.join()


def _answer(status: int, body: bytes = b"{}", **headers: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} X".encode(), f"Content-Length: {len(body)}".encode()]
    lines += [name.replace("_", "-").encode() + b": " + value for name, value in headers.items()]
    return b"\r\n".join([*lines, b"", body])


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (_answer(200, _DEEP), "its answer cannot be read"),
        (_answer(302, Location=b"http://["), "its answer cannot be read"),
        (_answer(302, Location=b"http://\xe9"), "its answer cannot be read"),
        (_answer(503, Retry_After=b"9" * 5000), "is not available"),
        (_answer(503, Retry_After=b"soon"), "is not available"),
        (_answer(503, Retry_After=b"Fri, 31 Dec 99999 23:59:59 GMT"), "is not available"),
        (_answer(400, _DEEP), "refused to use key transit/build"),
    ],
    ids=["deep", "address", "bytes", "digits", "word", "year", "deep refusal"],
)
def test_answers_that_cannot_be_read(server: _Server, raw: bytes, shown: str) -> None:
    """What the libraries fail with over headers and JSON is an error of the protocol."""
    server.raw = raw
    assert shown in _fails(HashiCorpVaultPlugin()).message


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
def test_no_proxy_to_this_machine(server: _Server, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token for this machine is not given to a proxy, which would read it in the clear."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "http://proxy.invalid:1")
    server.raw = _answer(400)
    assert "refused to use key transit/build" in _fails(HashiCorpVaultPlugin()).message


@pytest.mark.parametrize("head", [b"Content-Length: 100000\r\n\r\n{", b"X: "], ids=["body", "head"])
def test_an_answer_drop_by_drop(server: _Server, head: bytes) -> None:
    """An answer that never stops coming is given up at the end of the call."""

    def drip(file: Any) -> None:
        for _ in range(100):
            time.sleep(0.1)
            file.write(b" ")

    server.raw, server.more = b"HTTP/1.1 200 OK\r\n" + head, drip
    began = time.monotonic()
    with deadline(1.0):
        assert isinstance(_fails(HashiCorpVaultPlugin()), PluginTimeoutError)
    assert time.monotonic() - began < 3  # the answer comes for ten seconds


def test_an_answer_that_is_much_larger_than_it_looks(server: _Server) -> None:
    """An answer is not unpacked to more than any answer of Vault's about a key is."""
    server.raw = _answer(200, gzip.compress(b'{"a":"' + bytes(64 * 1024 * 1024) + b'"}'), Content_Encoding=b"gzip")
    assert "an answer that is too long" in _fails(HashiCorpVaultPlugin()).message
