"""Key files of every form, with their chains, through the plugin's own commands."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from notarykit.errors import CertificateError, NotarykitWarning, PassphraseError, SigningKeyError
from notarykit.keys.signature import verify_raw
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import DescribeKeyRequest, GenerateSignatureRequest
from notarykit_local_file.plugin import LocalFilePlugin
from tests.support.ca import SPECS, Changes, TestChain, make_chain, new_key, pem_of

_CHAIN = make_chain()
_OTHER = make_chain()
_SECRET = b"swordfish"
_HASHES = {
    "RSA-2048": "SHA-256", "RSA-3072": "SHA-384", "RSA-4096": "SHA-512",
    "EC-256": "SHA-256", "EC-384": "SHA-384", "EC-521": "SHA-512",
}  # fmt: skip


def _write(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_bytes(content)
    return path


def _check_signs(key: Path, chain: TestChain = _CHAIN, **config: str) -> None:
    """Signs with a key file, checks the signature under the chain's leaf, and that nothing brings a warning."""
    plugin = LocalFilePlugin(lambda: _SECRET)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        described = plugin.describe_key(DescribeKeyRequest(str(key), config))
        assert (described.key_id, described.key_spec) == (str(key), chain.spec)
        answer = plugin.generate_signature(
            GenerateSignatureRequest(str(key), chain.spec, _HASHES[chain.spec], b"message", config)
        )
    assert answer.key_id == str(key)
    assert answer.certificate_chain == chain.ders
    spec = KEY_SPECS[chain.spec]
    assert answer.signing_algorithm == spec.signing_algorithm
    verify_raw(chain.leaf_key.public_key(), spec, answer.signature, b"message")


def _refused(key: Path | str, kind: type[Exception] = SigningKeyError, **config: str) -> str:
    with pytest.raises(kind) as caught:
        LocalFilePlugin(lambda: _SECRET).describe_key(DescribeKeyRequest(str(key), config))
    assert type(caught.value) is kind
    text = str(caught.value) + getattr(caught.value, "advice", "")
    assert "swordfish" not in text
    return str(caught.value)


# Forms of the key


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("passphrase", [None, _SECRET])
@pytest.mark.parametrize("traditional", [True, False])
def test_pem_key_is_loaded(spec: str, passphrase: bytes | None, traditional: bool, tmp_path: Path) -> None:
    """PKCS#8, PKCS#1 and SEC1, encrypted or not, are read with a chain beside them."""
    chain = make_chain(spec, 2)
    key = _write(tmp_path / "my.key", pem_of(chain.leaf_key, passphrase, traditional=traditional))
    _write(tmp_path / "my.crt", chain.chain_pem)
    _check_signs(key, chain)


def _pkcs12(chain: TestChain, passphrase: bytes | None, others: Sequence[int] = (1, 2), *, leaf: bool = True) -> bytes:
    encryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    certificates = chain.certificates
    cas = [certificates[place] for place in others]
    return serialize_key_and_certificates(b"my key", chain.leaf_key, certificates[0] if leaf else None, cas, encryption)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("passphrase", [None, _SECRET])
def test_pkcs12_key_is_loaded(spec: str, passphrase: bytes | None, tmp_path: Path) -> None:
    """PKCS#12 with its chain inside, encrypted or not and in any order, is a complete key."""
    chain = make_chain(spec)
    _check_signs(_write(tmp_path / "my.p12", _pkcs12(chain, passphrase, (2, 1))), chain)


@pytest.mark.parametrize(("others", "leaf"), [((), True), ((1,), True), ((), False), ((2,), False)])
def test_pkcs12_chain_is_completed(others: Sequence[int], leaf: bool, tmp_path: Path) -> None:
    """PKCS#12 that lacks certificates is completed from the configured chain, or from more CA certificates."""
    key = _write(tmp_path / "my.p12", _pkcs12(_CHAIN, _SECRET, others, leaf=leaf))
    whole = _write(tmp_path / "whole", _CHAIN.chain_pem)
    _check_signs(key, certificate_chain=str(whole))
    _check_signs(key, ca_certs=str(whole))
    message = _refused(key, CertificateError if others or leaf else SigningKeyError)
    assert ("no certificate of" if not (others or leaf) else "chain is incomplete" if leaf else "none of") in message


def test_pkcs12_without_a_key_is_refused(tmp_path: Path) -> None:
    """PKCS#12 with certificates alone is no key."""
    content = serialize_key_and_certificates(None, None, _CHAIN.certificates[0], None, NoEncryption())
    message = _refused(_write(tmp_path / "my.p12", content))
    assert message == f"private key {tmp_path / 'my.p12'} contains no private key"


def test_unsupported_pkcs12_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PKCS#12 with a curve or cipher that the library does not know is refused."""

    def load_pkcs12(content: bytes, passphrase: bytes | None) -> None:
        raise UnsupportedAlgorithm("Curve 2.23.43.1.4.7 is not supported")

    monkeypatch.setattr("cryptography.hazmat.primitives.serialization.pkcs12.load_pkcs12", load_pkcs12)
    key = _write(tmp_path / "my.p12", _pkcs12(_CHAIN, None))
    assert _refused(key) == f"private key {key} has an unsupported key or encryption"


# Where the chain is


@pytest.mark.parametrize("ending", [".crt", ".cer", ".chain.pem", ".crt.pem", ".cert.pem", ".pem"])
def test_chain_beside_the_key_is_found(ending: str, tmp_path: Path) -> None:
    """The chain is found beside the key by the endings that are usual."""
    key = _write(tmp_path / "my.key", _CHAIN.key_pem)
    _write(tmp_path / f"my{ending}", _CHAIN.chain_pem)
    _write(tmp_path / f"other{ending}", _OTHER.chain_pem)
    _check_signs(key)


def test_key_file_is_not_its_own_chain(tmp_path: Path) -> None:
    """A key file with an ending of certificates is not read as a chain."""
    key = _write(tmp_path / "my.pem", _CHAIN.key_pem)
    assert _refused(key) == f"no certificate of {key} was found"
    _write(tmp_path / "my.crt", _CHAIN.chain_pem)
    _check_signs(key)


def test_chain_in_the_key_file_is_found(tmp_path: Path) -> None:
    """Key and certificates in one PEM file, in any order, are a complete key."""
    _check_signs(_write(tmp_path / "a.pem", _CHAIN.key_pem + _CHAIN.chain_pem))
    _check_signs(_write(tmp_path / "b.pem", _CHAIN.pems[2] + _CHAIN.pems[0] + _CHAIN.key_pem + _CHAIN.pems[1]))
    both = pem_of(_CHAIN.leaf_key, _SECRET) + _CHAIN.chain_pem
    _check_signs(_write(tmp_path / "c.pem", both))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_certificates_in_any_order_make_the_chain(order: Sequence[int], tmp_path: Path) -> None:
    """Certificates in any order, among unrelated ones, make the chain."""
    key = _write(tmp_path / "my.key", _CHAIN.key_pem)
    pems = [_CHAIN.pems[place] for place in order]
    chain = _write(tmp_path / "chain", b"".join([_OTHER.pems[1], *pems, *_OTHER.pems]))
    _check_signs(key, certificate_chain=str(chain))


def test_chain_in_der_is_read(tmp_path: Path) -> None:
    """The chain may be in DER, one certificate after the other."""
    key = _write(tmp_path / "my.key", _CHAIN.key_pem)
    _write(tmp_path / "my.cer", b"".join(_CHAIN.ders))
    _check_signs(key)


def test_configured_chain_comes_first(tmp_path: Path) -> None:
    """A configured chain is used in place of the one beside the key."""
    key = _write(tmp_path / "my.key", _CHAIN.key_pem)
    good, bad = _write(tmp_path / "good", _CHAIN.chain_pem), _write(tmp_path / "my.crt", _OTHER.chain_pem)
    _check_signs(key, certificate_chain=str(good))
    assert "none of the certificates is of the signing key" in _refused(
        key, CertificateError, certificate_chain=str(bad)
    )


def test_chain_is_completed_from_ca_certs(tmp_path: Path) -> None:
    """A leaf beside the key and the CAs in another file make the chain; without them it is incomplete."""
    key = _write(tmp_path / "my.key", _CHAIN.key_pem)
    _write(tmp_path / "my.crt", _CHAIN.pems[0])
    cas = _write(tmp_path / "cas", _CHAIN.pems[2] + _OTHER.pems[2] + _CHAIN.pems[1])
    _check_signs(key, ca_certs=str(cas))
    assert _refused(key, CertificateError).startswith("chain is incomplete: the issuer")


def test_self_signed_certificate_is_a_chain(tmp_path: Path) -> None:
    """A key with a self-signed certificate is a complete key."""
    chain = make_chain(length=1)
    key = _write(tmp_path / "my.key", chain.key_pem)
    _write(tmp_path / "my.crt", chain.chain_pem)
    _check_signs(key, chain)


# What is refused


@pytest.mark.parametrize("name", ["certificate_chain", "ca_certs"])
def test_missing_certificate_file_is_named(name: str, tmp_path: Path) -> None:
    """A configured file that does not exist is named, even where another would do."""
    key = _write(tmp_path / "my.key", _CHAIN.key_pem)
    _write(tmp_path / "my.crt", _CHAIN.chain_pem)
    missing = tmp_path / "missing"
    config: dict[str, Any] = {name: str(missing)}
    assert _refused(key, **config) == f"certificate chain {missing} does not exist"


def test_chain_of_another_key_is_refused(tmp_path: Path) -> None:
    """A key beside the chain of another key is refused."""
    key = _write(tmp_path / "my.key", _CHAIN.key_pem)
    _write(tmp_path / "my.crt", _OTHER.chain_pem)
    assert _refused(key, CertificateError) == "none of the certificates is of the signing key"


def test_chain_that_breaks_a_rule_is_refused(tmp_path: Path) -> None:
    """A certificate that is not for signing code is refused."""
    chain = make_chain(purpose="timestamping", leaf=Changes(key=_CHAIN.leaf_key))
    key = _write(tmp_path / "my.key", chain.key_pem)
    _write(tmp_path / "my.crt", chain.chain_pem)
    assert "timeStamping" in _refused(key, CertificateError)


@pytest.mark.parametrize("kind", ["Ed25519", "EC-224", "EC-256K", "RSA-1024", "DSA-2048"])
def test_unsupported_key_is_refused_by_its_kind(kind: str, tmp_path: Path) -> None:
    """A key that the specification has no algorithm for is refused by its kind."""
    key = _write(tmp_path / "my.key", pem_of(new_key(kind)))
    _write(tmp_path / "my.crt", _CHAIN.chain_pem)
    assert _refused(key).startswith(f"private key {key}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is neither PEM nor PKCS#12"),
        (b"swordfish", "is neither PEM nor PKCS#12"),
        (_CHAIN.chain_pem, "is not a private key in PEM"),
        (_CHAIN.key_pem[:-40], "is not a private key in PEM"),
        (_CHAIN.key_pem.replace(b"M", b"N"), "is not a private key in PEM"),
    ],
    ids=["empty", "text", "certificates", "cut off", "damaged"],
)
def test_file_without_a_key_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    """A file without a key is refused with its path and without its content."""
    key = _write(tmp_path / "my.key", content)
    assert _refused(key) == f"private key {key} {message}"


def test_missing_key_file_is_refused(tmp_path: Path) -> None:
    """A path that does not exist, a folder and a pipe are refused."""
    assert _refused(tmp_path / "none") == f"private key {tmp_path / 'none'} does not exist"
    assert _refused(tmp_path) == f"private key {tmp_path} is not a regular file"


def test_relative_path_is_said_to_depend_on_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that was listed with a relative path is found from one folder only, and the advice says so."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SigningKeyError, match=r"private key ca/my\.key does not exist") as caught:
        LocalFilePlugin().describe_key(DescribeKeyRequest("ca/my.key"))
    assert caught.value.advice == "check the path, and give the absolute one for use in any folder"


def test_missing_certificates_are_asked_for_by_file(tmp_path: Path) -> None:
    """Where certificates are missing, the advice has the files that were read, and the settings that name others."""
    key = _write(tmp_path / "my.key", _CHAIN.key_pem)
    for chain in (
        _CHAIN.chain_pem.partition(b"-----END CERTIFICATE-----\n")[0] + b"-----END CERTIFICATE-----\n",
        make_chain().chain_pem,
    ):
        _write(tmp_path / "my.crt", chain)
        with pytest.raises(CertificateError) as caught:
            LocalFilePlugin().describe_key(DescribeKeyRequest(str(key)))
        assert (
            f"of {tmp_path / 'my.crt'}; the settings certificate_chain and ca_certs name others" in caught.value.advice
        )


# Encrypted keys


@pytest.mark.parametrize("traditional", [True, False])
def test_wrong_passphrase_is_not_shown(traditional: bool, tmp_path: Path) -> None:
    """A wrong passphrase is told apart from a damaged key, and is not shown."""
    key = _write(tmp_path / "my.key", pem_of(_CHAIN.leaf_key, b"another", traditional=traditional))
    _write(tmp_path / "my.crt", _CHAIN.chain_pem)
    message = _refused(key, PassphraseError)
    assert message == f"private key {key} cannot be decrypted: the passphrase is wrong"


def test_wrong_passphrase_of_pkcs12_is_not_shown(tmp_path: Path) -> None:
    """For PKCS#12, a wrong passphrase cannot be told apart from a damaged file."""
    key = _write(tmp_path / "my.p12", _pkcs12(_CHAIN, b"another"))
    message = _refused(key, PassphraseError)
    assert message == f"private key {key} cannot be decrypted: the passphrase is wrong, or it is no PKCS#12 file"
    _refused(_write(tmp_path / "cut.p12", _pkcs12(_CHAIN, _SECRET)[:-10]), PassphraseError)


# Others who can read it


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
@pytest.mark.parametrize("form", ["pem", "p12"])
def test_key_file_that_others_can_read_is_warned_about(mode: int, form: str, tmp_path: Path) -> None:
    """A key file that others can open brings a warning, and signs."""
    content: Any = _CHAIN.key_pem + _CHAIN.chain_pem if form == "pem" else _pkcs12(_CHAIN, None)
    key = _write(tmp_path / f"my.{form}", content, mode)
    with pytest.warns(NotarykitWarning) as caught:
        described = LocalFilePlugin().describe_key(DescribeKeyRequest(str(key)))
    assert described.key_spec == "EC-256"
    assert [str(each.message) for each in caught] == [f"private key {key} can be read by others: run chmod 600 on it"]


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_key_file_of_its_owner_brings_no_warning(mode: int, tmp_path: Path) -> None:
    """A key file that its owner alone can open brings no warning."""
    _check_signs(_write(tmp_path / "my.pem", _CHAIN.key_pem + _CHAIN.chain_pem, mode))
