"""Certificate files: PEM or DER, one or several, whole or refused."""

import pytest

from notarykit.errors import CertificateError
from notarykit.keys.pem import read_certificates
from tests.support.ca import make_chain
from tests.support.der import tlv

_CHAIN = make_chain()
_PEM = _CHAIN.chain_pem


def test_pem_and_der_are_read_in_order() -> None:
    """One certificate or several are read from PEM and from DER, in the order of the file."""
    for count in (1, 2, 3):
        assert read_certificates(b"".join(_CHAIN.pems[:count]), "file") == _CHAIN.ders[:count]
        assert read_certificates(b"".join(_CHAIN.ders[:count]), "file") == _CHAIN.ders[:count]
    assert read_certificates(b"".join(reversed(_CHAIN.pems)), "file") == tuple(reversed(_CHAIN.ders))


@pytest.mark.parametrize(
    "content",
    [
        _PEM.replace(b"\n", b"\r\n"),
        b"# a comment\n\n" + _PEM + b"\n# the end\n",
        _PEM.replace(b"CERTIFICATE", b"X509 CERTIFICATE"),
        b"\xef\xbb\xbf" + _PEM,
        _CHAIN.key_pem + _PEM,
        _PEM.rstrip(b"\n"),
        _PEM.replace(b"-----END CERTIFICATE-----\n", b"-----END CERTIFICATE-----"),
    ],
    ids=["line ends", "text around", "older label", "byte order mark", "with a key", "no last line end", "in a row"],
)
def test_output_of_tools_is_read(content: bytes) -> None:
    """Line ends, text around the blocks, the older label and other blocks do not matter."""
    assert read_certificates(content, "file") == _CHAIN.ders


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "holds no certificate"),
        (_CHAIN.key_pem, "holds no certificate"),
        (b"-----BEGIN", "holds no certificate"),
        (_PEM[:-20], "damaged"),
        (_PEM.replace(b"-----END", b"-----BEGIN"), "damaged"),
        (_PEM.replace(b"\nM", b"\n!", 1), "damaged"),
        (_PEM.replace(b"\nM", b"\nM=", 1), "damaged"),
        (_PEM.replace(b"\nMII", b"\nMI", 1), "damaged"),
        (b"text", "neither PEM nor DER"),
        (_CHAIN.ders[0][:-1], "neither PEM nor DER"),
        (_CHAIN.ders[0] + b"\n", "neither PEM nor DER"),
        (_CHAIN.ders[0] + _CHAIN.ders[1][:1], "neither PEM nor DER"),
        (b"\x30", "neither PEM nor DER"),
        (b"\x30\x80\0\0", "neither PEM nor DER"),
        (b"\x30\x82\x01", "neither PEM nor DER"),
        (b"\x30\x85\0\0\0\0\0", "neither PEM nor DER"),
        (b"\x30\xff" + b"\xff" * 127, "neither PEM nor DER"),
        (tlv(0x31, b"set"), "neither PEM nor DER"),
    ],
)
def test_damaged_or_absent_certificates_are_refused(content: bytes, problem: str) -> None:
    """A file without a certificate, or with one that is cut off, is refused by its name as a whole."""
    with pytest.raises(CertificateError, match=f"^trust/ca.pem.*{problem}") as caught:
        read_certificates(content, "trust/ca.pem")
    assert caught.value.rule == "certificate_file"


def test_other_encoding_is_named() -> None:
    """PEM that an editor saved in UTF-16 is refused with what to do."""
    with pytest.raises(CertificateError, match="neither PEM nor DER") as caught:
        read_certificates(_PEM.decode().encode("utf-16"), "trust/ca.pem")
    assert caught.value.advice == "it is in UTF-16: save it as UTF-8"
