"""Storage of a chain as certificate objects, the leaf with the CKA_ID of its key."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pkcs11
from cryptography.x509 import SubjectKeyIdentifier
from pkcs11 import Attribute, CertificateType, ObjectClass

from notarykit.errors import CertificateError
from notarykit.plugin import has_key, load_certificate, subject_key_identifier, subject_of
from notarykit_pkcs11.token.objects import CERTIFICATES, read_certificates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notarykit_pkcs11.pin.source import PinSource
    from notarykit_pkcs11.token.session import TokenSession

# Errors of tokens that store no certificates, or none for this user.
_NOT_STORED = (
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


def store_chain(session: TokenSession, pins: PinSource, chain: Sequence[bytes], id_: bytes, label: str) -> bool:
    """Stores a chain as a whole or not at all, and removes the key's other certificates.

    Args:
        session: Session with the token.
        pins: Source of the token's PIN.
        chain: Certificates in DER, leaf first.
        id_: CKA_ID of the leaf's key.
        label: Label of the leaf's key.

    Returns:
        False where the token stores no certificates for this user.
    """
    stored = {certificate.der for certificate in read_certificates(session.objects(CERTIFICATES))}
    leaf, *cas = chain
    templates = [_template(leaf, id_, label)] if leaf not in stored else []
    templates += [_template(der, *_ca_id_and_label(der)) for der in cas if der not in stored]
    try:
        if session.may_log_in:
            session.log_in(pins)
        create_objects(session, templates)
    except _NOT_STORED:
        return False
    if id_:
        _remove_other_certificates(session, chain, id_)
    return True


def create_objects(session: TokenSession, templates: Sequence[dict[Any, Any]]) -> None:
    """Creates all of the objects or none.

    Raises:
        pkcs11.PKCS11Error: The token rejected one.
    """
    with session.writable() as writable:
        created: list[Any] = []
        try:
            for template in templates:
                created.append(writable.create_object(template))  # noqa: PERF401 - needed where a later one fails
        except BaseException:
            for item in created:
                with suppress(pkcs11.PKCS11Error):
                    item.destroy()
            raise


def _remove_other_certificates(session: TokenSession, chain: Sequence[bytes], id_: bytes) -> None:
    """Removes the certificates for the leaf's key outside the chain; certificates of other keys may have its CKA_ID."""
    key = load_certificate(chain[0]).public_key()
    with session.writable() as writable:
        for item in list(writable.get_objects({**CERTIFICATES, Attribute.ID: id_})):
            der = bytes(item[Attribute.VALUE])
            with suppress(CertificateError):
                if der not in chain and has_key(load_certificate(der), key):
                    item.destroy()


def _ca_id_and_label(der: bytes) -> tuple[bytes, str]:
    """Returns a CA's subject key identifier, by which others look it up (PKCS#11 2.40, 4.6.3), and its subject."""
    certificate = load_certificate(der)
    id_ = subject_key_identifier(certificate) or SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    return id_, subject_of(certificate)


def _template(der: bytes, id_: bytes, label: str) -> dict[Any, Any]:
    """Returns the attributes of an X.509 certificate object (PKCS#11 2.40, section 4.6.3)."""
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
    """Encodes CKA_SERIAL_NUMBER in DER; no serial number exceeds 127 bytes (RFC 5280, section 4.1.2.2)."""
    content = number.to_bytes(number.bit_length() // 8 + 1)
    return bytes([0x02, len(content)]) + content
