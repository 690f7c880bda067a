"""The trust store's files: added whole, removed one by one."""

import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from notarykit.config.trust_store import add_certificate, remove_file, store_folder
from notarykit.errors import StorageError, TrustStoreError
from notarykit.trust.policy import StoreReference, StoreType
from notarykit.trust.store import DirectoryTrustStore
from tests.support.ca import Changes, key_usage, make_chain
from tests.support.requirements import program

_CHAIN = make_chain()
_STORE = StoreReference(StoreType.CA, "acme")


def _file(folder: Path, content: bytes = _CHAIN.pems[2], name: str = "root.pem") -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


@pytest.mark.parametrize("name", ["root.pem", "root.crt", "root.cer"])
def test_certificate_is_added(name: str, home: Path, tmp_path: Path) -> None:
    """A file is copied into the store under its own name, and the store's readers find it."""
    content = b"a comment\n" + _CHAIN.pems[2]
    assert add_certificate(_file(tmp_path, content, name), _STORE) == (_CHAIN.ders[2],)
    goal = home / "truststore" / "x509" / "ca" / "acme" / name
    assert goal.parent == Path(store_folder(_STORE))
    assert goal.read_bytes() == content
    assert stat.S_IMODE(goal.stat().st_mode) == 0o600
    assert DirectoryTrustStore(str(home / "truststore")).certificates(_STORE) == {_CHAIN.ders[2]}


def test_existing_file_is_not_replaced(home: Path, tmp_path: Path) -> None:
    """A file that is there already is not replaced, nor is a link."""
    add_certificate(_file(tmp_path), _STORE)
    goal = Path(store_folder(_STORE), "root.pem")
    content = goal.read_bytes()
    other = _file(tmp_path, make_chain().pems[2])
    with pytest.raises(TrustStoreError, match="certificate already exists in the Trust Store"):
        add_certificate(other, _STORE)
    assert goal.read_bytes() == content
    goal.unlink()
    goal.symlink_to(tmp_path / "nothing")
    with pytest.raises(TrustStoreError, match="certificate already exists"):
        add_certificate(other, _STORE)
    assert home.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("root.txt", _CHAIN.pems[2], "certificate files end in .pem, .crt, .cer"),
        ("root", _CHAIN.pems[2], "certificate files end in .pem, .crt, .cer"),
        ("leaf.pem", _CHAIN.pems[0], "is neither a CA certificate nor self-signed"),
        ("none.pem", b"", "holds no certificate"),
    ],
)
def test_other_content_is_refused(name: str, content: bytes, message: str, home: Path, tmp_path: Path) -> None:
    """Content that is not permitted in a store is refused before anything is written."""
    with pytest.raises(TrustStoreError, match=message):
        add_certificate(_file(tmp_path, content, name), _STORE)
    assert not home.exists()


_ROOT_OF = {
    StoreType.CA: "code signing",
    StoreType.SIGNING_AUTHORITY: "code signing",
    StoreType.TSA: "timestamping",
}


@pytest.mark.parametrize("kind", _ROOT_OF)
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (Changes(hash_algorithm=hashes.SHA224()), "signatureAlgorithm uses sha224"),
        (Changes(kind="EC-224"), "key is EC on secp224r1"),
        (Changes(without=(x509.KeyUsage,)), "keyUsage is absent"),
        (Changes(put=((key_usage("crl_sign"), True),)), "keyUsage"),
        (Changes(put=((x509.BasicConstraints(ca=True, path_length=None), False),)), "basicConstraints"),
    ],
)
def test_certificate_violating_requirements_is_refused(
    kind: StoreType, changes: Changes, problem: str, home: Path, tmp_path: Path
) -> None:
    """A certificate that verification refuses at the end of a chain is refused with the reason."""
    chain = make_chain(purpose=_ROOT_OF[kind], cas={2: changes})
    with pytest.raises(TrustStoreError, match="no signature can be verified with it") as caught:
        add_certificate(_file(tmp_path, chain.pems[2]), StoreReference(kind, "acme"))
    assert problem in caught.value.message
    assert caught.value.advice
    assert not home.exists()


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # the library's own
@pytest.mark.parametrize("kind", _ROOT_OF)
def test_negative_serial_number_is_refused(kind: StoreType, home: Path, tmp_path: Path) -> None:
    """OpenSSL makes such a root; verification refuses it, and so does adding it."""
    request = "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out root.pem -subj /CN=root -set_serial -5 -days 9"
    usage = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign"
    command = [program("openssl"), *request.split(), *usage.split()]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    with pytest.raises(TrustStoreError, match="has a negative serialNumber"):
        add_certificate(str(tmp_path / "root.pem"), StoreReference(kind, "acme"))
    assert not home.exists()


@pytest.mark.parametrize("kind", _ROOT_OF)
def test_ends_of_valid_chains_are_accepted(kind: StoreType, home: Path, tmp_path: Path) -> None:
    """Roots and CAs below them are added, and signers that are roots of their own."""
    chain = make_chain(purpose=_ROOT_OF[kind])
    add_certificate(_file(tmp_path, chain.pems[2]), StoreReference(kind, "acme"))
    if kind != StoreType.TSA:
        add_certificate(_file(tmp_path, chain.pems[1], "ca.pem"), StoreReference(kind, "acme"))
        own = make_chain(length=1)
        add_certificate(_file(tmp_path, own.pems[0], "own.pem"), StoreReference(kind, "acme"))
    assert home.exists()


def test_missing_file_is_refused(home: Path, tmp_path: Path) -> None:
    """A file that does not exist, or is no file, is missed by its path."""
    with pytest.raises(TrustStoreError, match=r"none.pem does not exist$"):
        add_certificate(str(tmp_path / "none.pem"), _STORE)
    (tmp_path / "folder.pem").mkdir()
    with pytest.raises(TrustStoreError, match=r"folder.pem is not a regular file$"):
        add_certificate(str(tmp_path / "folder.pem"), _STORE)
    assert not home.exists()


def test_file_is_removed(tmp_path: Path) -> None:
    """A file, and a link but not what it leads to, is removed; it says whether there was one."""
    target = _file(tmp_path)
    (tmp_path / "link.pem").symlink_to(target)
    assert remove_file(str(tmp_path / "link.pem"))
    assert remove_file(target)
    assert not remove_file(target)


def test_folder_is_not_removed(tmp_path: Path) -> None:
    """A folder is not removed."""
    (tmp_path / "sub").mkdir()
    with pytest.raises(StorageError, match="sub is a folder"):
        remove_file(str(tmp_path / "sub"))
    with pytest.raises(StorageError, match="cannot be removed: Not a directory"):
        remove_file(f"{_file(tmp_path)}/below")
