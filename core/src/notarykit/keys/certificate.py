"""X.509 certificates: loading, names for messages, issuer checks."""

from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from notarykit.errors import CertificateError
from notarykit.keys.der import content_of
from notarykit.keys.x509_signature import algorithm_of, verify_by_sound_key

_VERSION = 0xA0  # TBSCertificate's [0] (RFC 5280, section 4.1)


def load_certificate(der: bytes, role: str = "certificate") -> x509.Certificate:
    """Loads a certificate from DER.

    Raises:
        CertificateError: It is not an X.509 certificate in DER, or not supported.
    """
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        reason = str(error).partition("\n")[0]
        raise CertificateError(
            f"{role} is not an X.509 certificate in DER: {reason}", rule="certificate_parses"
        ) from None


def subject_of(certificate: x509.Certificate) -> str:
    """Returns the subject for messages (RFC 4514).

    cryptography parses names on access, and refuses some that are in use, such as a PrintableString with `&`.
    """
    try:
        return certificate.subject.rfc4514_string()
    except (ValueError, TypeError):
        return "(a name that cannot be read)"


def issuer_of(certificate: x509.Certificate) -> str:
    """Returns the issuer for messages; see `subject_of`."""
    try:
        return certificate.issuer.rfc4514_string()
    except (ValueError, TypeError):
        return "(a name that cannot be read)"


def has_key(certificate: x509.Certificate, public_key: object) -> bool:
    """Returns True if a certificate has a public key; False for keys that cannot be parsed."""
    try:
        return certificate.public_key() == public_key
    except Exception:  # noqa: BLE001 - cryptography raises several kinds for keys that it does not know
        return False


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Returns True if a certificate names itself as the issuer and is signed by its own key."""
    try:
        certificate.verify_directly_issued_by(certificate)
    except Exception:  # noqa: BLE001 - `why_not_issued` has the reasons
        return False
    return True


NOT_SIGNED = "its signature does not hold under that key"
_OTHER_STRINGS = (
    "its issuer is that name in another string type (such as PrintableString for UTF8String), which is another name"
)


def is_named_in_other_strings(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Returns True if issuer and subject are equal texts in different string types, and so different names."""
    try:
        names = certificate.issuer, issuer.subject
        texts = [list(map(_text_of, name.rdns)) for name in names]
    except (ValueError, TypeError):
        return False
    return texts[0] == texts[1] and names[0].public_bytes() != names[1].public_bytes()


def _text_of(rdn: x509.RelativeDistinguishedName) -> set[tuple[str, object]]:
    return {(attribute.oid.dotted_string, attribute.value) for attribute in rdn}


def why_not_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> str | None:
    """Returns the reason why a certificate was not issued by another (name, signature), or None if it was."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return NOT_SIGNED
    except (ValueError, TypeError) as error:
        if is_named_in_other_strings(certificate, issuer):
            return _OTHER_STRINGS
        return str(error).partition("\n")[0]
    except Exception as error:  # noqa: BLE001 - cryptography.exceptions.UnsupportedAlgorithm, and what Rust raises
        return f"its signature cannot be checked: {type(error).__name__}"
    return None


class CertificateParts(NamedTuple):
    """Parts of a certificate in DER, as received (RFC 5280, section 4.1).

    Attributes:
        contents: The TBSCertificate.
        algorithm: The signature algorithm.
        signature: The signature, a BIT STRING's content.
        signed_algorithm: The signature algorithm once more, inside of the contents.
        issuer: The issuer's name.
        subject: The subject's name.
    """

    contents: bytes
    algorithm: bytes
    signature: bytes
    signed_algorithm: bytes
    issuer: bytes
    subject: bytes


def parts_of(der: bytes) -> CertificateParts:
    """Returns the parts of a certificate that `load_certificate` accepts."""
    contents, _ = content_of(der)
    place, algorithm = content_of(der, contents)
    _, signature = content_of(der, algorithm)
    bits, end = content_of(der, signature)
    if der[place] == _VERSION:
        _, place = content_of(der, place)
    _, signed_algorithm = content_of(der, place)  # behind the serial number
    _, issuer = content_of(der, signed_algorithm)
    _, validity = content_of(der, issuer)
    _, subject = content_of(der, validity)
    _, key = content_of(der, subject)
    return CertificateParts(
        der[contents:algorithm],
        der[algorithm:signature],
        der[bits:end],
        der[signed_algorithm:issuer],
        der[issuer:validity],
        der[subject:key],
    )


def is_issued(certificate: CertificateParts, issuer: CertificateParts, issuer_key: Any) -> bool | None:
    """Returns True if a certificate was issued by another, False if its signature is invalid, None if it is not plain.

    `why_not_issued` decides where names or algorithms differ, or the algorithm is not supported. It parses the key and
    encodes the contents for each signature, which is up to half of its cost; here the contents are taken as received.

    Args:
        certificate: The certificate.
        issuer: The other one.
        issuer_key: Its key, whose exponent was found to be short (`requirements.ca_key_is_strong`, `key_is_supported`).
    """
    unused_bits, signature = certificate.signature[:1], certificate.signature[1:]
    is_named = certificate.issuer == issuer.subject
    if not is_named or certificate.algorithm != certificate.signed_algorithm or unused_bits != b"\0":
        return None
    try:
        algorithm = algorithm_of(certificate.algorithm)
    except ValueError:
        return None
    try:
        verify_by_sound_key(issuer_key, algorithm, signature, certificate.contents)
    except ValueError:
        return False
    return True
