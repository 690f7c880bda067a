"""Certificate requirements, a function for each (signature-specification.md, "Certificate Requirements").

Each function takes a certificate with its position in the chain, and returns the violation or None. Extensions other
than the three named there are ignored.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, PublicKeyAlgorithmOID, SignatureAlgorithmOID

from notarykit.errors import CertificateError, SigningKeyError
from notarykit.keys.certificate import subject_of
from notarykit.keys.extensions import honored_extensions
from notarykit.keys.spec import CURVES, key_spec_of, long_exponent

_SMALLEST_RSA_CA = 2048
# A key restricted to RSASSA-PSS has an algorithm of its own (RFC 4055, section 1.2).
_PSS_KEY = "key is of the kind id-RSASSA-PSS, which is not supported"
_NO_KEY = "key is malformed or of a kind that is not supported"
_HASHES = {"sha256", "sha384", "sha512", None}  # None: Ed25519, which names no hash


class ChainMember(NamedTuple):
    """Certificate with its position in a chain, and its honored extensions.

    Attributes:
        certificate: The parsed certificate.
        role: The role in the chain, such as "signing certificate".
        intermediates_below: The number of intermediate certificates below it.
        basic_constraints: The extension, or None.
        key_usage: The extension, or None.
        extended_key_usage: The extension, or None.
    """

    certificate: x509.Certificate
    role: str
    intermediates_below: int
    basic_constraints: "x509.Extension[x509.BasicConstraints] | None"
    key_usage: "x509.Extension[x509.KeyUsage] | None"
    extended_key_usage: "x509.Extension[x509.ExtendedKeyUsage] | None"

    @property
    def name(self) -> str:
        """Role and subject, for messages."""
        return f"{self.role} {subject_of(self.certificate)!r}"


Requirement = Callable[[ChainMember], str | None]


# Every certificate


def hash_is_allowed(member: ChainMember) -> str | None:
    """Other requirements: no certificate is signed with SHA-1 (nor with anything but SHA-2 and EdDSA)."""
    try:
        algorithm = member.certificate.signature_hash_algorithm
    except Exception:  # noqa: BLE001 - cryptography raises several kinds for algorithms that it does not know
        return f"signatureAlgorithm {member.certificate.signature_algorithm_oid.dotted_string} is not supported"
    name = algorithm.name if algorithm else None
    if name not in _HASHES:
        return f"signatureAlgorithm uses {name}, not SHA-256, SHA-384 or SHA-512"
    if member.certificate.signature_algorithm_oid != SignatureAlgorithmOID.RSASSA_PSS:
        return None
    try:
        parameters = member.certificate.signature_algorithm_parameters
    except Exception:  # noqa: BLE001 - as above: an unknown hash or mask generation among the parameters of PSS
        return "signatureAlgorithm has parameters that are not supported"
    if algorithm and isinstance(parameters, PSS) and parameters != PSS(MGF1(algorithm), algorithm.digest_size):
        return f"signatureAlgorithm is RSASSA-PSS, but not with {name} and a salt of its length throughout"
    return None


def is_version_3(member: ChainMember) -> str | None:
    """Extensions, which the requirements are about, exist from version 3 on (RFC 5280, section 4.1.2.1)."""
    if member.certificate.version is not x509.Version.v3:
        return "is not of version 3"
    return "has a negative serialNumber" if member.certificate.serial_number < 0 else None


def key_usage_is_present(member: ChainMember) -> str | None:
    """Key Usage: the extension MUST be present."""
    return None if member.key_usage else "keyUsage is absent"


def key_usage_is_critical(member: ChainMember) -> str | None:
    """Key Usage: for code signing the extension MUST be marked critical."""
    usage = member.key_usage
    return None if usage and usage.critical else "keyUsage is not marked critical"


# CA certificates


def is_ca(member: ChainMember) -> str | None:
    """Basic Constraints: the extension MUST be present and cA MUST be true."""
    constraints = member.basic_constraints
    if constraints is None:
        return "basicConstraints is absent"
    return None if constraints.value.ca else "basicConstraints does not say cA"


def basic_constraints_are_critical(member: ChainMember) -> str | None:
    """Basic Constraints: a CA certificate's extension MUST be marked critical."""
    constraints = member.basic_constraints
    return None if constraints and constraints.critical else "basicConstraints is not marked critical"


def path_length_suffices(member: ChainMember) -> str | None:
    """Basic Constraints: pathLenConstraint, if present, holds for the depth of the chain below."""
    constraints = member.basic_constraints
    longest = constraints.value.path_length if constraints else None
    if longest is None or longest >= member.intermediates_below:
        return None
    return f"pathLenConstraint allows {longest} intermediate certificates below, there are {member.intermediates_below}"


def may_sign_certificates(member: ChainMember) -> str | None:
    """Key Usage: a CA certificate has keyCertSign."""
    usage = member.key_usage
    return None if usage and usage.value.key_cert_sign else "keyUsage has no keyCertSign"


def ca_key_is_strong(member: ChainMember) -> str | None:
    """A CA's key is RSA with 2048 bits or more and a short exponent, EC on a curve for leaves, or Ed25519."""
    if member.certificate.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS:
        return _PSS_KEY
    try:
        key = member.certificate.public_key()
    except Exception:  # noqa: BLE001 - cryptography raises several kinds for keys that it does not know or cannot read
        return _NO_KEY
    if isinstance(key, rsa.RSAPublicKey):
        if problem := long_exponent(key):
            return f"key has {problem}"
        kind, is_strong = f"RSA with {key.key_size} bits", key.key_size >= _SMALLEST_RSA_CA
    elif isinstance(key, ec.EllipticCurvePublicKey):
        kind, is_strong = f"EC on {key.curve.name}", key.curve.name in CURVES
    else:
        kind, is_strong = type(key).__name__.removesuffix("PublicKey"), isinstance(key, ed25519.Ed25519PublicKey)
    return None if is_strong else f"key is {kind}, which is weak or not supported for a CA"


# Leaf certificates


def is_not_ca(member: ChainMember) -> str | None:
    """Basic Constraints: a leaf's cA, if the extension is present, MUST be false."""
    constraints = member.basic_constraints
    return "basicConstraints says cA" if constraints and constraints.value.ca else None


def may_sign(member: ChainMember) -> str | None:
    """Key Usage: a leaf has digitalSignature."""
    usage = member.key_usage
    return None if usage and usage.value.digital_signature else "keyUsage has no digitalSignature"


def has_no_other_key_usage(member: ChainMember) -> str | None:
    """Key Usage: a leaf has none of the usages that the specification excludes."""
    usage = member.key_usage
    if usage is None:
        return None
    bits = usage.value
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


# The specification names the first five. OCSPSigning is refused as in the Go libraries: a key that signs a CA's OCSP
# responses must not sign code.
_NOT_FOR_CODE = {
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anyExtendedKeyUsage",
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
}


def extended_key_usage_is_for_code(member: ChainMember) -> str | None:
    """Extended Key Usage: optional for code signing; if present, without the usages that the specification excludes."""
    usage = member.extended_key_usage
    found = [_NOT_FOR_CODE[oid] for oid in usage.value if oid in _NOT_FOR_CODE] if usage else []
    return f"extendedKeyUsage has {', '.join(found)}, which a code signing certificate must not have" if found else None


def extended_key_usage_is_time_stamping(member: ChainMember) -> str | None:
    """Extended Key Usage: a timestamping leaf has it, marked critical, with timeStamping alone."""
    usage = member.extended_key_usage
    if usage is None:
        return "extendedKeyUsage is absent"
    if not usage.critical:
        return "extendedKeyUsage is not marked critical"
    return (
        None
        if list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
        else "extendedKeyUsage is not timeStamping alone"
    )


def extended_key_usage_allows_time_stamping(member: ChainMember) -> str | None:
    """A CA that is limited to other usages does not issue timestamp authorities (RFC 5280, section 4.2.1.12)."""
    usage = member.extended_key_usage
    allowed = (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    if usage is None or any(oid in allowed for oid in usage.value):
        return None
    return "extendedKeyUsage is without timeStamping"


def key_is_supported(member: ChainMember) -> str | None:
    """Key Length and Algorithm Selection: the leaf's key is of one of the six key specs."""
    if member.certificate.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS:
        return _PSS_KEY
    try:
        key_spec_of(member.certificate.public_key())
    except SigningKeyError as error:
        return error.message
    except Exception:  # noqa: BLE001 - cryptography raises several kinds for keys that it does not know or cannot read
        return _NO_KEY
    return None


# Preconditions of verifying a certificate's signature, which bound its cost. None is about extensions.
SIGNATURE_OF_CA: tuple[Requirement, ...] = (hash_is_allowed, ca_key_is_strong)
SIGNATURE_OF_LEAF: tuple[Requirement, ...] = (hash_is_allowed, key_is_supported)

_CA = (is_ca, basic_constraints_are_critical, path_length_suffices, key_usage_is_present, may_sign_certificates)
_LEAF = (is_not_ca, key_usage_is_present, may_sign, has_no_other_key_usage, key_is_supported)

CODE_SIGNING_CA: tuple[Requirement, ...] = (
    is_version_3,
    hash_is_allowed,
    ca_key_is_strong,
    *_CA,
    key_usage_is_critical,
)
CODE_SIGNING_LEAF: tuple[Requirement, ...] = (
    is_version_3, hash_is_allowed, *_LEAF, key_usage_is_critical, extended_key_usage_is_for_code,
)  # fmt: skip
TIMESTAMPING_CA: tuple[Requirement, ...] = (
    is_version_3, hash_is_allowed, ca_key_is_strong, *_CA, extended_key_usage_allows_time_stamping,
)  # fmt: skip
TIMESTAMPING_LEAF: tuple[Requirement, ...] = (
    is_version_3,
    hash_is_allowed,
    *_LEAF,
    extended_key_usage_is_time_stamping,
)


_SELF_MADE = (
    "a certificate of your own needs basicConstraints=CA:FALSE and keyUsage=critical,digitalSignature "
    "(openssl req -addext)"
)
_ADVICE = dict.fromkeys(("is_not_ca", "key_usage_is_present", "key_usage_is_critical", "may_sign"), _SELF_MADE)


def enforce(requirements: Iterable[Requirement], member: ChainMember) -> None:
    """Checks requirements in order.

    Raises:
        CertificateError: A requirement is violated; its name is the error's `rule`.
    """
    for requirement in requirements:
        problem = requirement(member)
        if problem is not None:
            raise CertificateError(
                f"{member.name}: {problem}", rule=requirement.__name__, advice=_ADVICE.get(requirement.__name__, "")
            )


def bare_member(certificate: x509.Certificate, role: str) -> ChainMember:
    """Returns a certificate without its extensions, for requirements that need none."""
    return ChainMember(certificate, role, 0, None, None, None)


def chain_member(certificate: x509.Certificate, role: str, intermediates_below: int) -> ChainMember:
    """Parses the three honored extensions of a certificate.

    Raises:
        CertificateError: One of them is malformed, or occurs twice.
    """
    try:
        extensions: dict[x509.ObjectIdentifier, Any] = {item.oid: item for item in honored_extensions(certificate)}
    except (ValueError, x509.DuplicateExtension) as error:
        raise CertificateError(
            f"{role} {subject_of(certificate)!r}: extensions are malformed: {error}", rule="extensions_parse"
        ) from None
    return ChainMember(
        certificate,
        role,
        intermediates_below,
        extensions.get(ExtensionOID.BASIC_CONSTRAINTS),
        extensions.get(ExtensionOID.KEY_USAGE),
        extensions.get(ExtensionOID.EXTENDED_KEY_USAGE),
    )
