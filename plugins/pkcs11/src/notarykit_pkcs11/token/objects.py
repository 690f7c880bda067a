"""What a token's objects say: public keys, and certificates."""

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
from notarykit.keys.certificate import load_certificate
from notarykit_pkcs11.token.attributes import PUBLIC_KEY_INFO

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from cryptography.x509 import Certificate

_CURVES = (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())
_OCTET_STRING = 0x04
_UNREADABLE = (pkcs11.PKCS11Error, ValueError, KeyError, OverflowError, struct.error, UnsupportedAlgorithm)


class Stored(NamedTuple):
    """A certificate on a token.

    Attributes:
        id: Its CKA_ID.
        certificate: The certificate.
        der: The certificate in DER.
    """

    id: bytes
    certificate: Certificate
    der: bytes


def attribute(item: Any, name: Attribute) -> Any:
    """An attribute of an object, or None where it has none."""
    try:
        return item[name]
    except _UNREADABLE:
        return None


def identity(item: Any) -> tuple[bytes, str]:
    """An object's CKA_ID and label."""
    return attribute(item, Attribute.ID) or b"", attribute(item, Attribute.LABEL) or ""


def public_key_in(item: Any) -> PublicKeyTypes | None:
    """The public key in the attributes of a key object; None where it does not have them.

    Raises:
        PluginValidationError: It is of a kind that the specification has no algorithm for.
    """
    kind = attribute(item, Attribute.KEY_TYPE)
    if kind not in (KeyType.RSA, KeyType.EC):
        raise PluginValidationError(f"the key is of the kind {getattr(kind, 'name', kind)}", advice="use RSA or EC")
    for read in (_rsa_key if kind == KeyType.RSA else _ec_key, _described_key):
        with suppress(*_UNREADABLE):
            return read(item)
    return None


def _rsa_key(item: Any) -> PublicKeyTypes:
    modulus, exponent = (int.from_bytes(item[name]) for name in (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT))
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _ec_key(item: Any) -> PublicKeyTypes:
    """The curve is the one that the point is on: CKA_EC_PARAMS names it in more than one way."""
    point = bytes(item[Attribute.EC_POINT])
    for curve in _CURVES:
        size = 1 + 2 * -(-curve.key_size // 8)
        # An OCTET STRING by the standard (PKCS#11 2.40, section 2.3.3), the point itself by some modules.
        if len(point) == size or (len(point) in (size + 2, size + 3) and point[0] == _OCTET_STRING):
            with suppress(ValueError):
                return ec.EllipticCurvePublicKey.from_encoded_point(curve, point[-size:])
    raise PluginValidationError("the key is on another curve than P-256, P-384 and P-521", advice="use one of them")


def _described_key(item: Any) -> PublicKeyTypes:
    """The key in CKA_PUBLIC_KEY_INFO, which may be all that the private half of an EC key says of the public one."""
    return load_der_public_key(bytes(item[PUBLIC_KEY_INFO]))


def certificates(objects: Iterable[Any]) -> list[Stored]:
    """The X.509 certificates among objects; what is none of them is left aside."""
    found = []
    for each in objects:
        value = attribute(each, Attribute.VALUE)
        if not value or attribute(each, Attribute.CERTIFICATE_TYPE) not in (CertificateType.X_509, None):
            continue
        try:
            certificate = load_certificate(bytes(value))
        except CertificateError:
            continue
        found.append(Stored(identity(each)[0], certificate, bytes(value)))
    return found


CERTIFICATES = {Attribute.CLASS: ObjectClass.CERTIFICATE}
PRIVATE_KEYS = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
PUBLIC_KEYS = {Attribute.CLASS: ObjectClass.PUBLIC_KEY}
