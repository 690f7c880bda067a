"""TLS of the server: certificates and client CAs that are exchanged while it runs."""

import os
import shutil
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from notarykit.errors import ConfigurationError
from notarykit_admission.server.route import Route
from notarykit_admission.server.tls import ServerTLS, TLSFiles
from tests.servers.registry.certificates import RegistryCA
from tests.unit.admission.server.serving import Files, Running, echo, make_files, serving

_GUARDED = {"/echo": Route(echo, 10, str.encode), "/guarded": Route(echo, 10, str.encode, needs_client=True)}


def _copy(source: Files, to: Files) -> None:
    """Puts other files in the places of a server's."""
    for old, new in zip((*to.tls[:2], *to.tls.client_cas), (*source.tls[:2], *source.tls.client_cas), strict=True):
        shutil.copy(new, old)


def _client_ca(folder: Path) -> RegistryCA:
    folder.mkdir()
    return RegistryCA(str(folder))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Files of a server."""
    return make_files(tmp_path / "one")


@pytest.mark.parametrize("name", [None, "localhost"])
def test_certificate_is_exchanged(files: Files, tmp_path: Path, name: str | None) -> None:
    """After a change new connections get the new certificate, whether they name the server or not; old ones stay."""
    other = make_files(tmp_path / "two")

    async def test(running: Running) -> None:
        before = await running.connect(name=name)
        assert running.tls.refresh() is False
        _copy(other, files)
        assert running.tls.refresh() is True
        after = await running.connect(trusted=other.ca, name=name)
        assert after.certificate["serialNumber"] != before.certificate["serialNumber"]
        for client in (before, after):
            assert (await client.ask("/echo")).status == 200
        assert running.tls.refresh() is False

    serving(files, test)


def test_client_ca_is_exchanged(tmp_path: Path) -> None:
    """A CA that is taken away lets nobody in any more, and the new one does."""
    old, new = _client_ca(tmp_path / "old"), _client_ca(tmp_path / "new")
    files = make_files(tmp_path / "server", old)

    async def test(running: Running) -> None:
        known = await running.connect(old.client())
        assert (await known.ask("/guarded")).status == 200
        shutil.copy(new.ca_file, old.ca_file)
        assert running.tls.refresh() is True
        assert (await known.ask("/guarded")).closes is True
        refused = await running.connect(old.client())
        refused.post("/guarded")
        assert await refused.is_closed()
        assert (await (await running.connect(new.client())).ask("/guarded")).status == 200

    serving(files, test, _GUARDED)


def test_door_that_needs_a_client_certificate(tmp_path: Path) -> None:
    """Without a certificate only the other doors are open, and one of another CA ends the handshake."""
    clients, others = _client_ca(tmp_path / "clients"), _client_ca(tmp_path / "others")

    async def test(running: Running) -> None:
        anonymous = await running.connect()
        assert await anonymous.ask("/guarded") == (403, "a client certificate is needed here", False)
        assert (await anonymous.ask("/echo")).status == 200
        stranger = await running.connect(others.client())
        stranger.post("/echo")
        assert await stranger.is_closed()

    serving(make_files(tmp_path / "server", clients), test, _GUARDED)


@pytest.mark.parametrize("broken", ["absent", "cut off", "another key", "empty"])
def test_broken_files_leave_the_old_ones(files: Files, tmp_path: Path, broken: str) -> None:
    """Files that do not fit together are an error, and those before are used until they do."""
    other = make_files(tmp_path / "two")
    certificate = Path(files.tls.certificate)

    def spoil() -> None:
        match broken:
            case "absent":
                certificate.unlink()
            case "cut off":
                certificate.write_bytes(certificate.read_bytes()[:300])
            case "another key":
                shutil.copy(other.tls.certificate, certificate)
            case _:
                certificate.write_bytes(b"")

    async def test(running: Running) -> None:
        spoil()
        for _ in range(3):
            with pytest.raises(ConfigurationError):
                running.tls.refresh()
        assert (await (await running.connect()).ask("/echo")).status == 200
        _copy(other, files)
        assert running.tls.refresh() is True
        assert (await (await running.connect(trusted=other.ca)).ask("/echo")).status == 200

    serving(files, test)


def test_broken_files_at_the_start(files: Files) -> None:
    """A server without a certificate does not begin."""
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        ServerTLS(files.tls._replace(key=f"{files.tls.key}.none"))
    with pytest.raises(ConfigurationError, match=r"the client CA .* cannot be used: it holds no certificate"):
        ServerTLS(files.tls._replace(client_cas=(files.tls.key,)))


def test_encrypted_key_is_refused(files: Files) -> None:
    """A key with a passphrase is an error, and nobody is prompted for it."""
    path = Path(files.tls.key)
    key = load_pem_private_key(path.read_bytes(), None)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    path.write_bytes(encrypted)
    with pytest.raises(ConfigurationError, match="the private key is encrypted"):
        ServerTLS(files.tls)


def test_versions_and_sessions(files: Files) -> None:
    """TLS begins at 1.2, and no session is resumed, which would outlive the CA of its client."""
    context = ServerTLS(TLSFiles(*files.tls[:2])).context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.num_tickets == 0
    assert context.options & ssl.OP_NO_TICKET


def test_files_that_are_as_before_again(files: Files) -> None:
    """Files that were missing for a while are no others when they are back."""
    tls, path = ServerTLS(files.tls), Path(files.tls.key)
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        tls.refresh()
    path.write_bytes(content)
    assert tls.refresh() is False


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda files, other: shutil.copy(other.tls.key, files.tls.key), "the key is another certificate's"),
        (lambda files, _: os.truncate(files.tls.key, 0), "one of them is not in PEM, or cut off"),
        (lambda files, _: shutil.copy(files.tls.key, files.tls.certificate), "one of them is not in PEM, or cut off"),
        (lambda files, _: os.truncate(files.tls.certificate, 300), "one of them is not in PEM, or cut off"),
    ],
    ids=["another key", "empty key", "key as certificate", "cut off"],
)
def test_reason_in_words(files: Files, tmp_path: Path, spoil: Callable[[Files, Files], object], message: str) -> None:
    """What is wrong with the files is said in words, with what to do."""
    spoil(files, make_files(tmp_path / "two"))
    with pytest.raises(ConfigurationError, match=message) as caught:
        ServerTLS(files.tls)
    assert caught.value.advice == "give both in PEM, the certificate before its chain"


def test_end_of_the_certificate(files: Files) -> None:
    """The end is that of the server's certificate, not of its CA's behind it."""
    expired = files.ca.server(expired=True)
    chain = Path(expired.certificate)
    chain.write_bytes(chain.read_bytes() + Path(files.ca.ca_file).read_bytes())
    tls = ServerTLS(TLSFiles(*expired))
    assert tls.end < datetime.now(UTC)
    assert tls.warning()
    assert not ServerTLS(files.tls).warning()
