"""Objects on a token: their attributes, public keys and certificates."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import pkcs11
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute, CertificateType, KeyType, ObjectClass

from notarykit.errors import CertificateError, PluginValidationError
from notarykit.plugin import load_certificate
from notarykit_pkcs11.token.attributes import PUBLIC_KEY_INFO

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from cryptography.x509 import Certificate

CERTIFICATES = {Attribute.CLASS: ObjectClass.CERTIFICATE}
PRIVATE_KEYS = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
PUBLIC_KEYS = {Attribute.CLASS: ObjectClass.PUBLIC_KEY}

_CURVES = (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())
_OCTET_STRING = 0x04
_UNREADABLE = (pkcs11.PKCS11Error, ValueError, KeyError, OverflowError, struct.error, UnsupportedAlgorithm)


class TokenCertificate(NamedTuple):
    """X.509 certificate on a token.

    Attributes:
        id: CKA_ID of the object.
        certificate: The certificate.
        der: The certificate in DER.
    """

    id: bytes
    certificate: Certificate
    der: bytes


def read_attribute(item: Any, name: Attribute) -> Any:
    """Returns an attribute of an object, or None where it is absent or unreadable."""
    try:
        return item[name]
    except _UNREADABLE:
        return None


def id_and_label(item: Any) -> tuple[bytes, str]:
    """Returns the CKA_ID and the label of an object, empty where absent."""
    return read_attribute(item, Attribute.ID) or b"", read_attribute(item, Attribute.LABEL) or ""


def read_public_key(item: Any) -> PublicKeyTypes | None:
    """Returns the public key in the attributes of a key object, or None where they are absent.

    Raises:
        PluginValidationError: The key is neither RSA nor on a curve of the specification.
    """
    kind = read_attribute(item, Attribute.KEY_TYPE)
    if kind not in (KeyType.RSA, KeyType.EC):
        raise PluginValidationError(f"unsupported key type {getattr(kind, 'name', kind)}", advice="use RSA or EC")
    for read in (_rsa_key if kind == KeyType.RSA else _ec_key, _key_from_info):
        with suppress(*_UNREADABLE):
            return read(item)
    return None


def _rsa_key(item: Any) -> PublicKeyTypes:
    modulus, exponent = (int.from_bytes(item[name]) for name in (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT))
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _ec_key(item: Any) -> PublicKeyTypes:
    """Reads CKA_EC_POINT; the curve is the one that the point is on, as CKA_EC_PARAMS names it in more than one way."""
    point = bytes(item[Attribute.EC_POINT])
    for curve in _CURVES:
        size = 1 + 2 * -(-curve.key_size // 8)
        # An OCTET STRING by the standard (PKCS#11 2.40, section 2.3.3), the point itself by some modules.
        if len(point) == size or (len(point) in (size + 2, size + 3) and point[0] == _OCTET_STRING):
            with suppress(ValueError):
                return ec.EllipticCurvePublicKey.from_encoded_point(curve, point[-size:])
    raise PluginValidationError("unsupported curve", advice="use P-256, P-384 or P-521")


def _key_from_info(item: Any) -> PublicKeyTypes:
    """Reads CKA_PUBLIC_KEY_INFO, in which alone some private EC key objects hold the public key."""
    return load_der_public_key(bytes(item[PUBLIC_KEY_INFO]))


def read_certificates(objects: Iterable[Any]) -> list[TokenCertificate]:
    """Returns the X.509 certificates among objects, without those that cannot be parsed."""
    certificates = []
    for item in objects:
        value = read_attribute(item, Attribute.VALUE)
        if not value or read_attribute(item, Attribute.CERTIFICATE_TYPE) not in (CertificateType.X_509, None):
            continue
        try:
            certificate = load_certificate(bytes(value))
        except CertificateError:
            continue
        certificates.append(TokenCertificate(id_and_label(item)[0], certificate, bytes(value)))
    return certificates
