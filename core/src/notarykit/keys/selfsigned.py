"""Certificates that a key signs for itself: for trying things out, trusted by whoever is told to trust them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_OTHER_USAGES = (
    "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
    "encipher_only", "decipher_only",
)  # fmt: skip


def self_signed(
    key: "RSAPrivateKey | EllipticCurvePrivateKey", common_name: str, now: datetime, validity: timedelta
) -> x509.Certificate:
    """A certificate that keeps the rules for a chain of one: no CA, digitalSignature, codeSigning.

    Args:
        key: The key that it is for and that signs it.
        common_name: The subject's name; the rest of it is what notation's test certificates have.
        now: From when on it is valid.
        validity: For how long.
    """
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "WA"),
            x509.NameAttribute(NameOID.LOCALITY_NAME, "Seattle"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Notary"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    usage = x509.KeyUsage(digital_signature=True, **dict.fromkeys(_OTHER_USAGES, False))
    return (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now, now + validity)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .sign(key, SHA256())
    )
