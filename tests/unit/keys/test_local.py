"""The signer in this process: its files, its chain, its warnings."""

from pathlib import Path

import pytest

from notarykit.errors import CertificateError, NotarykitWarning, SigningKeyError
from notarykit.keys.chain import check_chain
from notarykit.keys.local import LocalSigner
from notarykit.keys.signature import verify_raw
from tests.support.ca import SPECS, TestChain, make_chain, new_key, pem_of


def _files(folder: Path, chain: TestChain, key_pem: bytes | None = None) -> tuple[str, str]:
    key, certificates = folder / "leaf.key", folder / "leaf.pem"
    key.touch(mode=0o600)
    key.write_bytes(key_pem or chain.key_pem)
    certificates.write_bytes(b"".join(reversed(chain.pems)))
    return str(key), str(certificates)


@pytest.mark.parametrize("name", SPECS)
def test_signs_with_its_chain(name: str, tmp_path: Path) -> None:
    """A signer from files knows its spec, signs so that the leaf's key confirms it, and gives the chain in order."""
    made = make_chain(name)
    signer = LocalSigner.from_files(*_files(tmp_path, made))
    signature, ders, _ = signer.sign(b"message")
    assert signer.key_spec().name == name
    assert ders == made.ders
    verify_raw(made.leaf_key.public_key(), signer.key_spec(), signature, b"message")


@pytest.mark.parametrize("other", ["EC-256", "EC-384", "RSA-2048"])
def test_key_of_another_chain_is_refused(other: str) -> None:
    """A key that is not the leaf's is refused before it signs anything."""
    with pytest.raises(CertificateError, match=r"key.pem does not match its certificate 'CN=") as caught:
        LocalSigner(new_key(other), check_chain(make_chain("EC-256").ders), "key.pem")
    assert caught.value.rule == "certificate_of_key"


def test_passphrase_is_requested(tmp_path: Path) -> None:
    """An encrypted key is read with its passphrase, and refused without one."""
    made = make_chain()
    paths = _files(tmp_path, made, pem_of(made.leaf_key, b"secret"))
    assert LocalSigner.from_files(*paths, lambda: b"secret").key_spec().name == "EC-256"
    with pytest.raises(SigningKeyError, match="is encrypted and there is no passphrase"):
        LocalSigner.from_files(*paths)


def test_key_readable_by_others_is_warned_of(tmp_path: Path) -> None:
    """A key file that is open to others is used, with a warning that says what to do."""
    paths = _files(tmp_path, make_chain())
    Path(paths[0]).chmod(0o640)
    with pytest.warns(NotarykitWarning, match="can be read by others: run chmod 600"):
        assert LocalSigner.from_files(*paths)


@pytest.mark.parametrize(("missing", "what"), [(0, "private key"), (1, "certificate chain")])
def test_missing_file_is_named(tmp_path: Path, missing: int, what: str) -> None:
    """A file that is not there, or is a folder, is named with what it was meant to be."""
    paths = _files(tmp_path, make_chain())
    Path(paths[missing]).unlink()
    with pytest.raises(SigningKeyError, match=f"^{what} .*leaf.* does not exist$"):
        LocalSigner.from_files(*paths)
    Path(paths[missing]).mkdir()
    with pytest.raises(SigningKeyError, match=f"^{what} .*leaf.* is not a regular file$"):
        LocalSigner.from_files(*paths)
