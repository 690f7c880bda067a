"""Files that people take for those of certificates."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs7, pkcs12

from notarykit.errors import CertificateError, TrustStoreError
from notarykit.keys.local import LocalSigner
from notarykit.keys.pem import read_certificates
from notarykit.trust.policy import StoreReference, StoreType
from notarykit.trust.store import DirectoryTrustStore
from tests.support.ca import make_chain, pem_of
from tests.support.requirements import require

_CHAIN = make_chain()
_PEM = pkcs7.serialize_certificates(list(_CHAIN.certificates), Encoding.PEM)
_DER = pkcs7.serialize_certificates(list(_CHAIN.certificates), Encoding.DER)
_P12 = pkcs12.serialize_key_and_certificates(b"a", _CHAIN.leaf_key, _CHAIN.certificates[0], None, NoEncryption())
_AS_CERTIFICATE = _PEM.replace(b"PKCS7", b"CERTIFICATE")
_INDEFINITE = b"\x30\x80" + _DER[4:] + b"\x00\x00"


@pytest.mark.parametrize(
    "content",
    [_PEM, _DER, _INDEFINITE, _AS_CERTIFICATE, b"subject=/CN=x\n" + _PEM, _PEM.replace(b"PKCS7", b"CMS")],
    ids=["PEM", "DER", "BER", "labelled as a certificate", "text before", "labelled as CMS"],
)
def test_pkcs7_is_named(content: bytes) -> None:
    """PKCS#7 is named in every form, with the command that makes PEM of it."""
    with pytest.raises(CertificateError) as caught:
        read_certificates(content, "chain.p7b")
    error = caught.value
    assert error.rule == "certificate_file"
    assert "chain.p7b is a PKCS#7 file" in error.message
    assert "openssl pkcs7" in error.advice
    assert "-print_certs" in error.advice


@pytest.mark.parametrize("form", ["PEM", "DER", "labelled as a certificate"])
def test_advised_command_makes_a_readable_file(form: str, tmp_path: Path) -> None:
    """What is advised makes a file that is read."""
    path = tmp_path / "chain.p7b"
    path.write_bytes({"PEM": _PEM, "DER": _DER}.get(form, _AS_CERTIFICATE))
    require("openssl")
    with pytest.raises(CertificateError) as caught:
        read_certificates(path.read_bytes(), str(path))
    command = caught.value.advice.split("'")[1]
    done = subprocess.run(command, shell=True, check=True, capture_output=True)
    made = tmp_path / "chain.p7b.pem"
    assert set(read_certificates(made.read_bytes() if made.exists() else done.stdout, "made")) == set(_CHAIN.ders)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (_P12, "is a PKCS#12 file"),
        (_CHAIN.pems[0].replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"), "OpenSSL's own form"),
        (_CHAIN.pems[0].replace(b"CERTIFICATE", b"CERTIFICATE REQUEST"), "is a certificate request"),
        (_CHAIN.pems[0].replace(b"CERTIFICATE", b"X509 CRL"), "is a CRL"),
    ],
    ids=["PKCS#12", "trusted certificate", "request", "CRL"],
)
def test_other_formats_are_named(content: bytes, what: str) -> None:
    """Other files that come with certificates are named, too."""
    with pytest.raises(CertificateError) as caught:
        read_certificates(content, "chain.p7b")
    assert caught.value.rule == "certificate_file"
    assert what in caught.value.message


@pytest.mark.parametrize("content", [_CHAIN.chain_pem, b"".join(_CHAIN.ders), _PEM + _CHAIN.chain_pem])
def test_certificates_among_other_pem_are_read(content: bytes) -> None:
    """Certificates are read, and what stands beside them in PEM is left aside."""
    assert read_certificates(content, "chain.pem") == _CHAIN.ders


@pytest.mark.parametrize("content", [_PEM, _DER], ids=["PEM", "DER"])
def test_lookalike_is_named_wherever_certificates_are_read(content: bytes, tmp_path: Path) -> None:
    """A trust store and a signer's chain name it as what it is."""
    folder = tmp_path / "x509" / "ca" / "acme"
    folder.mkdir(parents=True)
    (folder / "root.crt").write_bytes(content)
    with pytest.raises(TrustStoreError, match="is a PKCS#7 file"):
        DirectoryTrustStore(str(tmp_path)).certificates(StoreReference(StoreType.CA, "acme"))
    with pytest.raises(CertificateError, match="is a PKCS#7 file"):
        LocalSigner.from_pem(pem_of(_CHAIN.leaf_key), content)
