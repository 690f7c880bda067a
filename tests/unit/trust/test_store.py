"""Trust stores: which certificates a named store holds, and what it must not hold."""

import os
import stat
import warnings
from pathlib import Path

import pytest

from notarykit.errors import NotarykitWarning, TrustStoreError
from notarykit.trust import store as stores
from notarykit.trust.policy import StoreReference, StoreType
from notarykit.trust.store import DirectoryTrustStore
from tests.support.ca import make_chain

_CHAIN = make_chain()
_OTHER = make_chain()
_ALONE = make_chain(length=1)
_LEAF, _INTERMEDIATE, _ROOT = _CHAIN.ders
_STORE = StoreReference(StoreType.CA, "acme")


def _folder(root: Path, files: dict[str, bytes], store: StoreReference = _STORE) -> Path:
    folder = root / "x509" / store.type / store.name
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def _refused(root: Path, store: StoreReference = _STORE) -> TrustStoreError:
    with pytest.raises(TrustStoreError) as caught:
        DirectoryTrustStore(str(root)).certificates(store)
    assert caught.value.exit_code == 2
    return caught.value


def _read(root: Path, store: StoreReference = _STORE) -> frozenset[bytes]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return DirectoryTrustStore(str(root)).certificates(store)


@pytest.mark.requirement("trust:certificate-files")
def test_reads_all_files_of_a_store(tmp_path: Path) -> None:
    """PEM and DER, one or several certificates in a file, all three extensions: a store is all of them together."""
    files = {
        "one.pem": _CHAIN.pems[2],
        "two.crt": b"a comment\n" + _OTHER.pems[1] + b"\n" + _OTHER.pems[2],
        "three.cer": _ALONE.ders[0] + _INTERMEDIATE,
    }
    _folder(tmp_path, files)
    assert _read(tmp_path) == {_ROOT, *_OTHER.ders[1:], _ALONE.ders[0], _INTERMEDIATE}


@pytest.mark.requirement("trust:named-stores", "trust:store-types")
def test_each_store_has_its_own_folder(tmp_path: Path) -> None:
    """A certificate is trusted for the type and the name of its folder and for no other."""
    places = [StoreReference(kind, name) for kind in StoreType for name in ("a", "b")]
    chains = [make_chain(length=2) for _ in places]
    for place, chain in zip(places, chains, strict=True):
        _folder(tmp_path, {"root.pem": chain.pems[1]}, place)
    for place, chain in zip(places, chains, strict=True):
        assert _read(tmp_path, place) == {chain.ders[1]}


@pytest.mark.requirement("trust:named-stores", "trust:store-tree")
def test_the_folder_of_a_store() -> None:
    """A store's folder is named by its type and its name, as notation has it."""
    found = DirectoryTrustStore("/root").path(StoreReference(StoreType.SIGNING_AUTHORITY, "acme-sa"))
    assert Path(found) == Path("/root/x509/signingAuthority/acme-sa")


def test_a_store_that_does_not_exist(tmp_path: Path) -> None:
    """That a store is missing is said with its folder and with the command that makes it."""
    error = _refused(tmp_path)
    folder = tmp_path / "x509" / "ca" / "acme"
    assert error.message == f"trust store ca:acme does not exist ({folder})"
    assert error.advice == "add its root with 'notarykit certificate add --type ca --store acme FILE'"


def test_an_empty_store(tmp_path: Path) -> None:
    """A store without certificates is no store."""
    folder = _folder(tmp_path, {})
    error = _refused(tmp_path)
    assert error.message == f"trust store ca:acme has no certificates ({folder})"
    assert error.advice == "add one with 'notarykit certificate add --type ca --store acme FILE'"


@pytest.mark.requirement("trust:certificate-files")
@pytest.mark.parametrize("name", ["root", "root.txt", "root.PEM", "root.pem~", "root.pem.bak", ".gitkeep", "root.der"])
def test_other_extensions_are_ignored_with_a_warning(name: str, tmp_path: Path) -> None:
    """A file of another extension is named in a warning and trusted for nothing."""
    folder = _folder(tmp_path, {"a.pem": _CHAIN.pems[2], name: _OTHER.pems[2]})
    with pytest.warns(NotarykitWarning) as caught:
        found = DirectoryTrustStore(str(tmp_path)).certificates(_STORE)
    assert found == {_ROOT}
    ending = "is ignored; a certificate's file ends in .pem, .crt, .cer"
    assert [str(each.message) for each in caught] == [f"trust store ca:acme: {folder / name} {ending}"]


def test_what_a_writer_left_is_ignored(tmp_path: Path) -> None:
    """What a writer that was cut off left in a store is nobody's certificate, and no reason to warn."""
    _folder(tmp_path, {"a.pem": _CHAIN.pems[2], ".notarykit-tmp-1-ab": _OTHER.pems[2][:99]})
    assert _read(tmp_path) == {_ROOT}


@pytest.mark.requirement("trust:folders-in-stores", "trust:folders-in-stores-warning")
def test_folders_inside_are_ignored_with_a_warning(tmp_path: Path) -> None:
    """A folder inside a store, whatever its name, is named in a warning and not looked into."""
    folder = _folder(tmp_path, {"a.pem": _CHAIN.pems[2]})
    (folder / "sub.pem").mkdir()
    (folder / "sub.pem" / "b.pem").write_bytes(_OTHER.pems[2])
    with pytest.warns(NotarykitWarning) as caught:
        found = DirectoryTrustStore(str(tmp_path)).certificates(_STORE)
    assert found == {_ROOT}
    message = f"trust store ca:acme: the folder {folder / 'sub.pem'} is ignored; "
    assert [str(each.message).startswith(message) for each in caught] == [True]


@pytest.mark.requirement("trust:folders-in-stores")
def test_a_store_of_nothing_but_folders_is_empty(tmp_path: Path) -> None:
    """Certificates in a folder inside do not fill a store."""
    folder = _folder(tmp_path, {})
    (folder / "sub").mkdir()
    (folder / "sub" / "b.pem").write_bytes(_OTHER.pems[2])
    with pytest.warns(NotarykitWarning, match="is ignored"):
        assert "has no certificates" in _refused(tmp_path).message


@pytest.mark.requirement("trust:no-links")
def test_a_linked_store_is_refused(tmp_path: Path) -> None:
    """A store that is a symbolic link to a good store is refused."""
    real = _folder(tmp_path / "elsewhere", {"a.pem": _CHAIN.pems[2]})
    (tmp_path / "x509" / "ca").mkdir(parents=True)
    link = tmp_path / "x509" / "ca" / "acme"
    link.symlink_to(real)
    assert _refused(tmp_path).message == f"trust store ca:acme is not a folder but a link or a file: {link}"


def test_a_file_in_the_place_of_a_store_is_refused(tmp_path: Path) -> None:
    """A store is a folder."""
    (tmp_path / "x509" / "ca").mkdir(parents=True)
    (tmp_path / "x509" / "ca" / "acme").write_bytes(_CHAIN.pems[2])
    assert "is not a folder but a link or a file" in _refused(tmp_path).message


@pytest.mark.requirement("trust:no-links")
@pytest.mark.parametrize("name", ["b.pem", "b.txt", "b"])
def test_a_linked_file_is_refused(name: str, tmp_path: Path) -> None:
    """A symbolic link in a store is refused, whatever it leads to and whatever its name."""
    target = tmp_path / "root.pem"
    target.write_bytes(_CHAIN.pems[2])
    link = _folder(tmp_path, {"a.pem": _CHAIN.pems[2]}) / name
    for place in (target, tmp_path, tmp_path / "nothing"):
        link.symlink_to(place)
        assert _refused(tmp_path).message == f"trust store ca:acme: {link} is a link or no regular file"
        link.unlink()


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    """A pipe in a store is refused at once."""
    pipe = _folder(tmp_path, {}) / "a.pem"
    os.mkfifo(pipe)
    assert _refused(tmp_path).message == f"trust store ca:acme: {pipe} is a link or no regular file"


def test_an_oversized_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is read up to the limit and refused above it."""
    path = _folder(tmp_path, {"a.pem": _CHAIN.pems[2]}) / "a.pem"
    size = len(_CHAIN.pems[2])
    monkeypatch.setattr(stores, "LARGEST_FILE", size)
    assert _read(tmp_path) == {_ROOT}
    monkeypatch.setattr(stores, "LARGEST_FILE", size - 1)
    assert _refused(tmp_path).message == f"trust store ca:acme: {path} is larger than {size - 1} bytes"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no certificate"),
        (b"no certificate", "is neither PEM nor DER of certificates"),
        (_CHAIN.key_pem, "holds no certificate"),
        (_CHAIN.pems[2][:-30], "has a damaged certificate in PEM"),
        (_ROOT[:-1], "is neither PEM nor DER of certificates"),
        (_ROOT + b"\n", "is neither PEM nor DER of certificates"),
        (b"\x30\x03\x02\x01\x01", "certificate is not an X.509 certificate in DER"),
    ],
    ids=["empty", "text", "key", "cut PEM", "cut DER", "more than DER", "other DER"],
)
def test_a_malformed_file_is_refused_with_its_name(content: bytes, message: str, tmp_path: Path) -> None:
    """One malformed file makes its store unusable, and the message names the file."""
    path = _folder(tmp_path, {"a.pem": _CHAIN.pems[2], "b.pem": content}) / "b.pem"
    error = _refused(tmp_path)
    assert str(path) in error.message
    assert message in error.message


def test_a_store_that_vanishes_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is taken away between listing and reading brings the error of the store."""
    path = _folder(tmp_path, {"a.pem": _CHAIN.pems[2]}) / "a.pem"
    listed = os.listdir(path.parent)
    path.unlink()
    monkeypatch.setattr(os, "listdir", lambda _: listed)
    assert _refused(tmp_path).message.startswith("trust store ca:acme")


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store whose folder may not be listed is refused with the system's reason."""
    _folder(tmp_path, {"a.pem": _CHAIN.pems[2]})

    def listdir(folder: str) -> list[str]:
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setattr(os, "listdir", listdir)
    assert _refused(tmp_path).message == "trust store ca:acme cannot be read: Permission denied"


def test_reading_changes_nothing(tmp_path: Path) -> None:
    """A store in folders that may only be read is read."""
    folder = _folder(tmp_path, {"a.pem": _CHAIN.pems[2]})
    (folder / "a.pem").chmod(stat.S_IRUSR)
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert _read(tmp_path) == {_ROOT}
    folder.chmod(stat.S_IRWXU)
