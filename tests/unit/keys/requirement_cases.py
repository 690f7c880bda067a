"""Changes of a certificate by one extension."""

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from notarykit.keys.chain_certificate import Purpose
from tests.support.ca import Changes, key_usage

PURPOSES: tuple[Purpose, ...] = ("code signing", "timestamping")
EKU = ExtendedKeyUsageOID


def with_raw(oid: x509.ObjectIdentifier, der: str, *, critical: bool = True) -> Changes:
    """Returns the change that puts an extension of any bytes, in hexadecimal, into a certificate."""
    return Changes(put=((x509.UnrecognizedExtension(oid, bytes.fromhex(der)), critical),))


def with_basic(*, ca: bool, length: int | None = None, critical: bool = True) -> Changes:
    """Returns the change that puts basic constraints into a certificate."""
    return Changes(put=((x509.BasicConstraints(ca, length), critical),))


def with_usage(*usages: str, critical: bool = True) -> Changes:
    """Returns the change that puts a key usage into a certificate."""
    return Changes(put=((key_usage(*usages), critical),))


def with_extended(*usages: x509.ObjectIdentifier, critical: bool = False) -> Changes:
    """Returns the change that puts an extended key usage into a certificate."""
    return Changes(put=((x509.ExtendedKeyUsage(list(usages)), critical),))
