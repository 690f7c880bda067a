"""Certificate requests that no CA must accept."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from notarykit.keys.issue import (
    make_csr,
)
from tests.support.ca import name, new_key


def tampered_request() -> x509.CertificateSigningRequest:
    """A request with another subject than the one that was signed."""
    der = make_csr(new_key("EC-256"), name("good")).public_bytes(Encoding.DER)
    assert b"\x0c\x04good" in der
    return x509.load_der_x509_csr(der.replace(b"\x0c\x04good", b"\x0c\x04evil"))
