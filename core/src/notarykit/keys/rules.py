"""The certificate requirements of the signature specification, one check for each rule.

Specification: signature-specification.md, "Certificate Requirements". Each check takes a certificate in its place in the
chain and returns what is wrong with it, or None. Extensions other than the three named there are not looked at.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from notarykit.errors import CertificateError, SigningKeyError
from notarykit.keys.extensions import honored_extensions
from notarykit.keys.spec import key_spec_of

_SMALLEST_RSA_CA = 2048
_SMALLEST_EC_CA = 256
_HASHES = {"sha256", "sha384", "sha512", None}  # None: Ed25519 and Ed448, which name no hash


class Extension(NamedTuple):
    """One of the three extensions that count, with its criticality."""

    critical: bool
    value: x509.ExtensionType


class Placed(NamedTuple):
    """A certificate in its place in a chain.

    Attributes:
        certificate: The parsed certificate.
        role: What it is in the chain, such as "signing certificate".
        intermediates_below: How many intermediate certificates stand below it.
        extensions: Basic constraints, key usage and extended key usage, as far as they are there.
    """

    certificate: x509.Certificate
    role: str
    intermediates_below: int
    extensions: dict[x509.ObjectIdentifier, Extension]

    @property
    def name(self) -> str:
        """The role and the subject, for messages."""
        return f"{self.role} {self.certificate.subject.rfc4514_string()!r}"


Check = Callable[[Placed], str | None]


def _basic_constraints(placed: Placed) -> tuple[bool, x509.BasicConstraints] | None:
    found = placed.extensions.get(ExtensionOID.BASIC_CONSTRAINTS)
    if found is None:
        return None
    assert isinstance(found.value, x509.BasicConstraints)
    return found.critical, found.value


def _key_usage(placed: Placed) -> tuple[bool, x509.KeyUsage] | None:
    found = placed.extensions.get(ExtensionOID.KEY_USAGE)
    if found is None:
        return None
    assert isinstance(found.value, x509.KeyUsage)
    return found.critical, found.value


def _extended_key_usage(placed: Placed) -> tuple[bool, x509.ExtendedKeyUsage] | None:
    found = placed.extensions.get(ExtensionOID.EXTENDED_KEY_USAGE)
    if found is None:
        return None
    assert isinstance(found.value, x509.ExtendedKeyUsage)
    return found.critical, found.value


# Every certificate


def hash_is_allowed(placed: Placed) -> str | None:
    """Other requirements: no certificate is signed with SHA-1 (nor with anything but SHA-2 and EdDSA)."""
    try:
        algorithm = placed.certificate.signature_hash_algorithm
    except Exception:  # noqa: BLE001 - cryptography raises several kinds for algorithms that it does not know
        return f"signatureAlgorithm {placed.certificate.signature_algorithm_oid.dotted_string} is not supported"
    name = algorithm.name if algorithm else None
    return None if name in _HASHES else f"signatureAlgorithm uses {name}, not SHA-256, SHA-384 or SHA-512"


def key_usage_is_present(placed: Placed) -> str | None:
    """Key Usage: the extension MUST be present."""
    return None if _key_usage(placed) else "keyUsage is absent"


def key_usage_is_critical(placed: Placed) -> str | None:
    """Key Usage: for code signing the extension MUST be marked critical."""
    usage = _key_usage(placed)
    return None if usage and usage[0] else "keyUsage is not marked critical"


# CA certificates


def is_ca(placed: Placed) -> str | None:
    """Basic Constraints: the extension MUST be present and cA MUST be true."""
    constraints = _basic_constraints(placed)
    if constraints is None:
        return "basicConstraints is absent"
    return None if constraints[1].ca else "basicConstraints does not say cA"


def basic_constraints_are_critical(placed: Placed) -> str | None:
    """Basic Constraints: a CA certificate's extension MUST be marked critical."""
    constraints = _basic_constraints(placed)
    return None if constraints and constraints[0] else "basicConstraints is not marked critical"


def path_length_suffices(placed: Placed) -> str | None:
    """Basic Constraints: pathLenConstraint, if present, holds for the depth of the chain below."""
    constraints = _basic_constraints(placed)
    longest = constraints[1].path_length if constraints else None
    if longest is None or longest >= placed.intermediates_below:
        return None
    return f"pathLenConstraint allows {longest} intermediate certificates below, there are {placed.intermediates_below}"


def may_sign_certificates(placed: Placed) -> str | None:
    """Key Usage: a CA certificate has keyCertSign."""
    usage = _key_usage(placed)
    return None if usage and usage[1].key_cert_sign else "keyUsage has no keyCertSign"


def ca_key_is_strong(placed: Placed) -> str | None:
    """A CA's key is no shorter than the shortest that the specification lets a leaf have; Ed25519 and Ed448 pass."""
    key = placed.certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _SMALLEST_RSA_CA:
        return f"key is RSA with {key.key_size} bits, fewer than {_SMALLEST_RSA_CA}"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _SMALLEST_EC_CA:
        return f"key is EC with {key.key_size} bits, fewer than {_SMALLEST_EC_CA}"
    return None


# Leaf certificates


def is_not_ca(placed: Placed) -> str | None:
    """Basic Constraints: a leaf's cA, if the extension is present, MUST be false."""
    constraints = _basic_constraints(placed)
    return "basicConstraints says cA" if constraints and constraints[1].ca else None


def may_sign(placed: Placed) -> str | None:
    """Key Usage: a leaf has digitalSignature."""
    usage = _key_usage(placed)
    return None if usage and usage[1].digital_signature else "keyUsage has no digitalSignature"


def has_no_other_key_usage(placed: Placed) -> str | None:
    """Key Usage: a leaf has none of the usages that the specification excludes."""
    usage = _key_usage(placed)
    if usage is None:
        return None
    bits = usage[1]
    excluded = {
        "keyEncipherment": bits.key_encipherment,
        "dataEncipherment": bits.data_encipherment,
        "keyAgreement": bits.key_agreement,
        "keyCertSign": bits.key_cert_sign,
        "cRLSign": bits.crl_sign,
        "encipherOnly": bits.key_agreement and bits.encipher_only,
        "decipherOnly": bits.key_agreement and bits.decipher_only,
    }
    found = [name for name, is_set in excluded.items() if is_set]
    return f"keyUsage has {', '.join(found)}, which a leaf must not have" if found else None


# The specification names the first five. OCSPSigning is refused as the Go libraries refuse it: a key that speaks for a
# CA's revocations does not sign code.
_NOT_FOR_CODE = {
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anyExtendedKeyUsage",
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
}


def extended_key_usage_is_for_code(placed: Placed) -> str | None:
    """Extended Key Usage: optional for code signing; if present, without the usages that the specification excludes."""
    usage = _extended_key_usage(placed)
    found = [_NOT_FOR_CODE[oid] for oid in usage[1] if oid in _NOT_FOR_CODE] if usage else []
    return f"extendedKeyUsage has {', '.join(found)}, which a code signing certificate must not have" if found else None


def extended_key_usage_is_time_stamping(placed: Placed) -> str | None:
    """Extended Key Usage: a timestamping leaf has it, marked critical, with timeStamping alone."""
    usage = _extended_key_usage(placed)
    if usage is None:
        return "extendedKeyUsage is absent"
    if not usage[0]:
        return "extendedKeyUsage is not marked critical"
    return (
        None if list(usage[1]) == [ExtendedKeyUsageOID.TIME_STAMPING] else "extendedKeyUsage is not timeStamping alone"
    )


def key_is_supported(placed: Placed) -> str | None:
    """Key Length and Algorithm Selection: the leaf's key is of one of the six key specs."""
    try:
        key_spec_of(placed.certificate.public_key())
    except SigningKeyError as error:
        return error.message
    except Exception:  # noqa: BLE001 - cryptography raises several kinds for keys that it does not know or cannot read
        return "key is malformed or of a kind that is not supported"
    return None


_CA = (is_ca, basic_constraints_are_critical, path_length_suffices, key_usage_is_present, may_sign_certificates)
_LEAF = (is_not_ca, key_usage_is_present, may_sign, has_no_other_key_usage, key_is_supported)

CODE_SIGNING_CA: tuple[Check, ...] = (hash_is_allowed, ca_key_is_strong, *_CA, key_usage_is_critical)
CODE_SIGNING_LEAF: tuple[Check, ...] = (
    hash_is_allowed, *_LEAF, key_usage_is_critical, extended_key_usage_is_for_code,
)  # fmt: skip
TIMESTAMPING_CA: tuple[Check, ...] = (hash_is_allowed, ca_key_is_strong, *_CA)
TIMESTAMPING_LEAF: tuple[Check, ...] = (hash_is_allowed, *_LEAF, extended_key_usage_is_time_stamping)


def apply(checks: Iterable[Check], placed: Placed) -> None:
    """Applies checks in order.

    Raises:
        CertificateError: The first check that finds something; its name is the error's `rule`.
    """
    for check in checks:
        problem = check(placed)
        if problem is not None:
            raise CertificateError(f"{placed.name}: {problem}", rule=check.__name__)


def place(certificate: x509.Certificate, role: str, intermediates_below: int) -> Placed:
    """A certificate in its place, with the three extensions that count read from it.

    Raises:
        CertificateError: One of the three is malformed, or occurs twice.
    """
    try:
        extensions = {
            extension.oid: Extension(extension.critical, extension.value)
            for extension in honored_extensions(certificate)
        }
    except (ValueError, x509.DuplicateExtension) as error:
        subject = certificate.subject.rfc4514_string()
        raise CertificateError(
            f"{role} {subject!r}: extensions are malformed: {error}", rule="extensions_parse"
        ) from None
    return Placed(certificate, role, intermediates_below, extensions)
