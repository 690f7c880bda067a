"""TLS for a host: whose certificates are trusted, and which one is shown."""

import os
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.errors import ConfigurationError, NetworkError
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.messages import Request
from notarykit.net.pool import ConnectionPool
from notarykit.net.tls import TLSSettings, context_for
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.http_server import Reply
from tests.support.ca import TestChain, make_chain, pem_of
from tests.unit.net.conftest import Start
from tests.unit.net.server import Server

_HOST = "registry.example.com:5000"
Folder = Callable[..., str]


@pytest.fixture
def certs_d(tmp_path: Path) -> Folder:
    """Makes a `certs.d` folder with files for a host."""

    def make(host: str = _HOST, name: str = "certs.d", **files: bytes) -> str:
        folder = tmp_path / name / host
        folder.mkdir(parents=True)
        for file, content in files.items():
            (folder / file.replace("_", ".")).write_bytes(content)
        return str(tmp_path / name)

    return make


def _get(server: Server, settings: TLSSettings) -> bytes:
    client = HttpClient(ConnectionPool(lambda host: context_for(host, settings)), Destinations(), lambda _: None)
    try:
        return client.send(Request("GET", f"https://{server.host}/", Budget(seconds=10), 1000)).body
    finally:
        client.close()


@pytest.fixture
def server(start: Start, ca: RegistryCA) -> Server:
    """A server with a certificate of an authority that the system does not trust."""
    return start(Reply(200, (), b"found"), certificate=ca.server())


def test_unknown_ca_is_not_trusted(server: Server) -> None:
    """A certificate of an unknown authority ends the connection at the first try, and the message says what to do."""
    with pytest.raises(NetworkError) as caught:
        _get(server, TLSSettings())
    assert caught.value.message.startswith(f"GET https://{server.host}/: its certificate is not trusted: ")
    assert "--ca-file" in caught.value.advice
    assert server.seen == []


def test_ca_file_replaces_the_system_certificates(server: Server, ca: RegistryCA) -> None:
    """The certificates that the user names are trusted."""
    assert _get(server, TLSSettings(ca_file=ca.ca_file)) == b"found"


def test_added_certificates_count_beside_others(server: Server, ca: RegistryCA, tmp_path: Path) -> None:
    """The certificates of an added file are trusted, and so are those of the file that replaces the system's."""
    (tmp_path / "other").mkdir()
    other = RegistryCA(str(tmp_path / "other")).ca_file
    for settings in TLSSettings(added_ca_file=ca.ca_file), TLSSettings(ca_file=ca.ca_file, added_ca_file=other):
        assert _get(server, settings) == b"found"
    with pytest.raises(NetworkError, match="is not trusted"):
        _get(server, TLSSettings(added_ca_file=other))


def test_hosts_share_a_context(ca: RegistryCA, certs_d: Folder, tmp_path: Path) -> None:
    """Hosts of the same settings have one context, until a file changes; one with a folder of its own has another."""
    path = tmp_path / "ca.pem"
    path.write_bytes(Path(ca.ca_file).read_bytes())
    settings = TLSSettings(added_ca_file=str(path), folders=(certs_d(ca_crt=path.read_bytes()),))
    one, other = context_for("a.test", settings), context_for("b.test", settings)
    assert one is other
    assert context_for("a.test", TLSSettings()) is not one
    assert context_for(_HOST, settings) is not context_for(_HOST, settings)
    path.write_bytes(path.read_bytes() * 2)
    assert context_for("a.test", settings) is not one


def test_certs_d_certificates_are_trusted(server: Server, ca: RegistryCA, certs_d: Folder) -> None:
    """So are those of the host's folder, and of no other's."""
    content = Path(ca.ca_file).read_bytes()
    assert _get(server, TLSSettings(folders=(certs_d(server.host, ca_crt=content),))) == b"found"
    other = certs_d("localhost", "others", ca_crt=content)
    with pytest.raises(NetworkError, match="is not trusted"):
        _get(server, TLSSettings(folders=(other,)))


def test_first_certs_d_folder_is_used(server: Server, ca: RegistryCA, certs_d: Folder) -> None:
    """The first `certs.d` that has a folder for the host is the one, even if it has nothing in it."""
    full = certs_d(server.host, ca_crt=Path(ca.ca_file).read_bytes())
    empty = certs_d(server.host, "empty")
    without = certs_d("elsewhere", "without")
    assert _get(server, TLSSettings(folders=("/does/not/exist", without, full, empty))) == b"found"
    with pytest.raises(NetworkError, match="is not trusted"):
        _get(server, TLSSettings(folders=(empty, full)))


@pytest.mark.parametrize("names", [["127.0.0.1"], ["example.com"]])
def test_certificate_for_another_host_is_refused(names: list[str], start: Start, ca: RegistryCA) -> None:
    """A trusted certificate of another name is refused."""
    server = start(certificate=ca.server(names))
    with pytest.raises(NetworkError, match=r"its certificate is not trusted: Hostname mismatch"):
        _get(server, TLSSettings(ca_file=ca.ca_file))


def test_expired_certificate_is_refused(start: Start, ca: RegistryCA) -> None:
    """So is one whose time is over."""
    server = start(certificate=ca.server(expired=True))
    with pytest.raises(NetworkError, match="its certificate is not trusted: certificate has expired"):
        _get(server, TLSSettings(ca_file=ca.ca_file))


def test_server_without_tls_is_an_error(start: Start) -> None:
    """A server that does not speak TLS is told as that, at the first try."""
    with pytest.raises(NetworkError, match="it speaks plain HTTP, not TLS"):
        _get(start(), TLSSettings())


def test_tls_below_1_2_is_refused() -> None:
    """Nothing older than TLS 1.2 is spoken, and every certificate is verified against the name."""
    context = context_for(_HOST, TLSSettings())
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.fixture(scope="module")
def client() -> TestChain:
    """A certificate and its key."""
    return make_chain("EC-256", 1)


def test_client_certificate_from_certs_d_is_sent(client: TestChain, certs_d: Folder) -> None:
    """A pair in the host's folder is taken; a key alone is nobody's."""
    context_for(_HOST, TLSSettings(folders=(certs_d(a_cert=client.chain_pem, a_key=client.key_pem),)))
    context_for(_HOST, TLSSettings(folders=(certs_d(name="keys", a_key=client.key_pem),)))


def test_client_certificate_without_key_is_refused(client: TestChain, certs_d: Folder) -> None:
    """A certificate in the folder without its key is a mistake that is told."""
    with pytest.raises(ConfigurationError, match=r"TLS for registry.example.com:5000: .*a\.cert has no a\.key beside"):
        context_for(_HOST, TLSSettings(folders=(certs_d(a_cert=client.chain_pem),)))


def test_client_certificate_from_settings_is_sent(client: TestChain, tmp_path: Path) -> None:
    """A pair that the user names is taken, in two files or in one."""
    cert, key, both = tmp_path / "cert", tmp_path / "key", tmp_path / "both"
    cert.write_bytes(client.chain_pem)
    key.write_bytes(client.key_pem)
    both.write_bytes(client.key_pem + client.chain_pem)
    context_for(_HOST, TLSSettings(cert_file=str(cert), key_file=str(key)))
    context_for(_HOST, TLSSettings(cert_file=str(both)))
    with pytest.raises(ConfigurationError, match=rf"TLS for {_HOST}: {cert}: "):
        context_for(_HOST, TLSSettings(cert_file=str(cert)))


def test_mismatched_client_key_is_refused(client: TestChain, tmp_path: Path) -> None:
    """A key of another certificate is refused with the certificate's file."""
    cert, key = tmp_path / "cert", tmp_path / "key"
    cert.write_bytes(client.chain_pem)
    key.write_bytes(make_chain("EC-256", 1).key_pem)
    with pytest.raises(ConfigurationError, match=rf"TLS for {_HOST}: {cert}: KEY_VALUES_MISMATCH"):
        context_for(_HOST, TLSSettings(cert_file=str(cert), key_file=str(key)))


def test_encrypted_client_key_is_refused(client: TestChain, tmp_path: Path) -> None:
    """An encrypted key is refused; nobody is asked for a passphrase in the middle of the work."""
    cert, key = tmp_path / "cert", tmp_path / "key"
    cert.write_bytes(client.chain_pem)
    key.write_bytes(pem_of(client.leaf_key, b"secret"))
    with pytest.raises(ConfigurationError, match="encrypted keys of client certificates are not supported"):
        context_for(_HOST, TLSSettings(cert_file=str(cert), key_file=str(key)))


def test_file_in_utf_16_is_refused(server: Server, ca: RegistryCA, tmp_path: Path) -> None:
    """A byte order mark in front of PEM does not matter; UTF-16 is named with what to do."""
    path = tmp_path / "ca.pem"
    pem = Path(ca.ca_file).read_bytes()
    path.write_bytes(b"\xef\xbb\xbf" + pem)
    assert _get(server, TLSSettings(ca_file=str(path))) == b"found"
    path.write_bytes(pem.decode().encode("utf-16"))
    with pytest.raises(ConfigurationError, match=r"ca.pem: it is in UTF-16: save it as UTF-8$"):
        context_for("registry.test", TLSSettings(ca_file=str(path)))


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\n"])
def test_malformed_certificate_file_is_refused(content: bytes | None, tmp_path: Path, certs_d: Folder) -> None:
    """A file that is absent or holds no certificate is named in the message."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match=rf"TLS for {_HOST}: .*ca\.crt: "):
            context_for(_HOST, TLSSettings(folders=(certs_d(ca_crt=content),)))
    with pytest.raises(ConfigurationError, match=rf"TLS for {_HOST}: {path}: ") as caught:
        context_for(_HOST, TLSSettings(ca_file=str(path)))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("member", ["ca_file", "cert_file", "key_file", "folders"])
def test_pipe_is_refused_without_blocking(member: str, tmp_path: Path, certs_d: Folder) -> None:
    """A pipe that nobody writes to is named, whatever it is to be, and not waited for."""
    chain = make_chain()
    (tmp_path / "cert.pem").write_bytes(pem_of(chain.leaf_key) + chain.chain_pem)
    folder = certs_d()
    path = Path(folder, _HOST, "a.crt") if member == "folders" else tmp_path / "pipe"
    os.mkfifo(path)
    settings = {
        "ca_file": TLSSettings(ca_file=str(path)),
        "cert_file": TLSSettings(cert_file=str(path)),
        "key_file": TLSSettings(cert_file=str(tmp_path / "cert.pem"), key_file=str(path)),
        "folders": TLSSettings(folders=(folder,)),
    }[member]
    with pytest.raises(ConfigurationError) as caught:
        context_for(_HOST, settings)
    assert caught.value.message == f"TLS for {_HOST}: {path}: it is not a regular file"
