"""One certificate: read, named for people, and set against the one that may have issued it."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from notarykit.errors import CertificateError


def load_certificate(der: bytes, role: str = "certificate") -> x509.Certificate:
    """A certificate from its DER.

    Raises:
        CertificateError: It is not the DER of an X.509 certificate, or not one that this library reads.
    """
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        reason = str(error).partition("\n")[0]
        raise CertificateError(
            f"{role} is not an X.509 certificate in DER: {reason}", rule="certificate_parses"
        ) from None


def subject_of(certificate: x509.Certificate) -> str:
    """A certificate's subject for people (RFC 4514).

    Names are parsed when they are asked for. Some that are in use cannot be: a PrintableString with `&` in it, say.
    """
    try:
        return certificate.subject.rfc4514_string()
    except (ValueError, TypeError):
        return "(a name that cannot be read)"


def issuer_of(certificate: x509.Certificate) -> str:
    """A certificate's issuer for people; see `subject_of`."""
    try:
        return certificate.issuer.rfc4514_string()
    except (ValueError, TypeError):
        return "(a name that cannot be read)"


def has_key(certificate: x509.Certificate, public_key: object) -> bool:
    """Whether a certificate is of a key; one of a kind that cannot be read is of another."""
    try:
        return certificate.public_key() == public_key
    except Exception:  # noqa: BLE001 - cryptography raises several kinds for keys that it does not know
        return False


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether a certificate is issued by its own name and its own key."""
    return why_not_issued(certificate, certificate) is None


_OTHER_STRINGS = (
    "its issuer is that name in another string type (such as PrintableString for UTF8String), which is another name"
)


def is_named_in_other_strings(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether a certificate's issuer reads as another's subject and is not, byte by byte, the same name."""
    try:
        names = certificate.issuer, issuer.subject
        reads_alike = [list(map(_read, name.rdns)) for name in names]
    except (ValueError, TypeError):
        return False
    return reads_alike[0] == reads_alike[1] and names[0].public_bytes() != names[1].public_bytes()


def _read(rdn: x509.RelativeDistinguishedName) -> set[tuple[str, object]]:
    return {(attribute.oid.dotted_string, attribute.value) for attribute in rdn}


def why_not_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> str | None:
    """Why a certificate was not issued by another, or None if it was (issuer's name and signature)."""
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
