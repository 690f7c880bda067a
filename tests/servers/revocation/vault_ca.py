"""Vault's PKI engine as a CA that answers OCSP requests and publishes a CRL, over plain HTTP."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.servers.vault.pki import Pki
from tests.support.ca import AnyPrivateKey, TestChain, name, new_key


class VaultCA:
    """The authority of a running Vault, whose certificates lead to it.

    Attributes:
        pki: The authority.
        ocsp_url: Its responder.
        crl_url: Its CRL in DER.
    """

    def __init__(self, pki: Pki) -> None:
        """Have the authority write its addresses into the certificates that it issues from now on."""
        self.pki = pki
        self.ocsp_url = f"{pki.server.url}/v1/pki/ocsp"
        self.crl_url = f"{pki.server.url}/v1/pki/crl"
        urls = {"ocsp_servers": [self.ocsp_url], "crl_distribution_points": [self.crl_url]}
        pki.server.ask("POST", "pki/config/urls", urls)

    def issue(self, spec: str = "EC-256", common_name: str = "build") -> TestChain:
        """A new leaf and the authority's certificate, whose key is None here: Vault alone has it."""
        key: AnyPrivateKey = new_key(spec)
        request = x509.CertificateSigningRequestBuilder().subject_name(name(common_name)).sign(key, hashes.SHA256())
        pem = request.public_bytes(serialization.Encoding.PEM).decode()
        ders = self.pki.issue(pem, common_name)
        subjects = tuple(x509.load_der_x509_certificate(der).subject for der in ders)
        return TestChain(spec, ders, (key, *(None for _ in ders[1:])), subjects)

    def revoke(self, chain: TestChain) -> None:
        """Revoke a leaf; the CRL has it at once."""
        self.pki.server.ask("POST", "pki/revoke", {"certificate": chain.pems[0].decode()})

    def rotate(self) -> None:
        """Make a new CRL."""
        self.pki.server.ask("GET", "pki/crl/rotate")
