"""X.509 certificates: loading, names for messages, issuer checks."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from notarykit.errors import CertificateError


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
    return why_not_issued(certificate, certificate) is None


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
        return "its signature does not hold under that key"
    except (ValueError, TypeError) as error:
        if is_named_in_other_strings(certificate, issuer):
            return _OTHER_STRINGS
        return str(error).partition("\n")[0]
    except Exception as error:  # noqa: BLE001 - cryptography.exceptions.UnsupportedAlgorithm, and what Rust raises
        return f"its signature cannot be checked: {type(error).__name__}"
    return None
