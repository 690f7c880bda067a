"""Certificates for servers and clients that speak TLS, and for token servers, as files of a folder."""

import ipaddress
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support.ca import key_usage, pem_of

DAY = timedelta(days=1)
NAMES = ("localhost", "127.0.0.1")


class KeyPair(NamedTuple):
    """A certificate and its private key.

    Attributes:
        certificate: The certificate's PEM file.
        key: The private key's PEM file, not encrypted.
    """

    certificate: str
    key: str


class RegistryCA:
    """A certificate authority of its own for each instance.

    Attributes:
        ca_file: The PEM file of its certificate, which is what a client is to trust.
    """

    def __init__(self, folder: str, name: str = "Registry CA") -> None:
        """Make the certificate authority; its files go to the folder, which must be there and its own."""
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        usage = key_usage("key_cert_sign", "crl_sign")
        certificate = self._signed(self._name, self._key, [x509.BasicConstraints(ca=True, path_length=0), usage])
        self.ca_file = self._written("ca.pem", certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, names: Sequence[str] = NAMES, *, expired: bool = False) -> KeyPair:
        """Make a server's certificate for names and addresses.

        Args:
            names: What clients may call the server.
            expired: Whether its time is over.
        """
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        return self._pair(f"server {names[0]}{' expired' if expired else ''}", [alternatives, usage], expired=expired)

    def peer(self, names: Sequence[str] = NAMES) -> KeyPair:
        """Make the certificate of a server that shows it to other servers too."""
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        return self._pair(f"peer {names[0]}", [alternatives, usage])

    def client(self, name: str = "tester") -> KeyPair:
        """Make a client's certificate."""
        return self._pair(f"client {name}", [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])])

    def _pair(self, name: str, extensions: Sequence[x509.ExtensionType], *, expired: bool = False) -> KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usual = [x509.BasicConstraints(ca=False, path_length=None), key_usage("digital_signature")]
        certificate = self._signed(subject, key, [*usual, *extensions], expired=expired)
        stem = f"{len(os.listdir(self._folder))}-{name.replace(' ', '-')}"
        return KeyPair(
            self._written(f"{stem}.pem", certificate.public_bytes(serialization.Encoding.PEM)),
            self._written(f"{stem}.key", pem_of(key)),
        )

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        extensions: Sequence[x509.ExtensionType],
        *,
        expired: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        ends = now - DAY if expired else now + 30 * DAY
        builder = x509.CertificateBuilder(
            self._name, subject, key.public_key(), x509.random_serial_number(), now - 3 * DAY, ends
        )
        identifiers: list[x509.ExtensionType] = [
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
        ]
        for extension in (*extensions, *identifiers):
            critical = isinstance(extension, x509.BasicConstraints | x509.KeyUsage)
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, hashes.SHA256())

    def _written(self, name: str, content: bytes) -> str:
        path = os.path.join(self._folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        return path


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
