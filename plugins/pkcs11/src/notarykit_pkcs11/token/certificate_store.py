"""Putting a chain onto a token: certificate objects, the leaf's with the CKA_ID of its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pkcs11
from cryptography.x509 import SubjectKeyIdentifier
from pkcs11 import Attribute, CertificateType, ObjectClass

from notarykit.errors import CertificateError
from notarykit.keys.certificate import has_key, load_certificate, subject_of
from notarykit.keys.extensions import subject_key_identifier
from notarykit_pkcs11.token.objects import CERTIFICATES, certificates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notarykit_pkcs11.pin.source import PinSource
    from notarykit_pkcs11.token.session import TokenSession

# What tokens answer that take no certificates, or not from this user.
_NOT_TAKEN = (
    pkcs11.UserNotLoggedIn,
    pkcs11.TokenWriteProtected,
    pkcs11.SessionReadOnly,
    pkcs11.FunctionNotSupported,
    pkcs11.AttributeReadOnly,
    pkcs11.AttributeValueInvalid,
    pkcs11.AttributeTypeInvalid,
    pkcs11.TemplateInconsistent,
    pkcs11.TemplateIncomplete,
    pkcs11.DeviceMemory,
)


def store(session: TokenSession, pins: PinSource, chain: Sequence[bytes], id_: bytes, label: str) -> bool:
    """Stores a chain as a whole or not at all, and removes other certificates that the key had.

    Args:
        session: The token.
        pins: Where its PIN comes from.
        chain: The certificates in DER, leaf first.
        id_: The CKA_ID of the leaf's key.
        label: The label of the leaf's key.

    Returns:
        False where the token takes no certificates from this user.
    """
    there = {each.der for each in certificates(session.objects(CERTIFICATES))}
    leaf, *cas = chain
    new = [_template(leaf, id_, label)] if leaf not in there else []
    new += [_template(der, *_identity(der)) for der in cas if der not in there]
    try:
        session.write(new, pins)
    except _NOT_TAKEN:
        return False
    key = load_certificate(leaf).public_key()

    def is_old(der: bytes) -> bool:
        """Whether a certificate is for the same key: others may have its CKA_ID, too."""
        try:
            return der not in chain and has_key(load_certificate(der), key)
        except CertificateError:
            return False

    if id_:
        session.remove({**CERTIFICATES, Attribute.ID: id_}, is_old)
    return True


def _identity(der: bytes) -> tuple[bytes, str]:
    """What others find a CA's certificate by: its subject key identifier (PKCS#11 2.40, 4.6.3), and its subject."""
    certificate = load_certificate(der)
    id_ = subject_key_identifier(certificate) or SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    return id_, subject_of(certificate)


def _template(der: bytes, id_: bytes, label: str) -> dict[Any, Any]:
    """The attributes of an X.509 certificate object (PKCS#11 2.40, section 4.6.3)."""
    certificate = load_certificate(der)
    return {
        Attribute.CLASS: ObjectClass.CERTIFICATE,
        Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
        Attribute.TOKEN: True,
        Attribute.PRIVATE: False,
        Attribute.LABEL: label,
        Attribute.ID: id_,
        Attribute.SUBJECT: certificate.subject.public_bytes(),
        Attribute.ISSUER: certificate.issuer.public_bytes(),
        Attribute.SERIAL_NUMBER: _der_integer(certificate.serial_number),
        Attribute.VALUE: der,
    }


def _der_integer(number: int) -> bytes:
    """CKA_SERIAL_NUMBER is in DER; no serial number is longer than 127 bytes (RFC 5280, section 4.1.2.2)."""
    content = number.to_bytes(number.bit_length() // 8 + 1)
    return bytes([0x02, len(content)]) + content
