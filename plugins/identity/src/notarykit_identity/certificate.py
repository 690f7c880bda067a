"""Certificate for one signature: the request for it, and the checks of what a certificate authority returns."""

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from notarykit.errors import CertificateError
from notarykit.plugin import (
    LocalSigner,
    PluginError,
    build_chain,
    check_chain,
    format_rfc3339,
    read_certificates,
    read_file,
    seconds_left,
)
from notarykit_identity.identities import Identity, identity_of

if TYPE_CHECKING:
    from notarykit.plugin import PrivateKey

# For the request: servers certify an RSA key of any length with SHA-256, and know one hash for each curve.
_CURVES: dict[str, tuple[ec.EllipticCurve, hashes.SHA256 | hashes.SHA384 | hashes.SHA512]] = {
    "EC-256": (ec.SECP256R1(), hashes.SHA256()),
    "EC-384": (ec.SECP384R1(), hashes.SHA384()),
    "EC-521": (ec.SECP521R1(), hashes.SHA512()),
}
_EXPONENT = 65537
# A certificate without a margin for clocks, as Fulcio's, may begin a moment ahead of this machine's time.
_LONGEST_WAIT = timedelta(seconds=5)


class Expected(NamedTuple):
    """What a certificate must be.

    Attributes:
        authority: Name of the certificate authority, for messages.
        issuer: Issuer that it must name.
        subjects: Subjects of which it must name one.
        requirements: What to do if it breaks the specification's requirements.
        identity: What to do if it names another identity.
    """

    authority: str
    issuer: str
    subjects: tuple[str, ...]
    requirements: str
    identity: str


def make_key(spec: str) -> "PrivateKey":
    """Makes a key of a spec, in memory."""
    if spec in _CURVES:
        return ec.generate_private_key(_CURVES[spec][0])
    return rsa.generate_private_key(_EXPONENT, int(spec.removeprefix("RSA-")))


def make_request(key: "PrivateKey", spec: str, identity: Identity | None = None) -> str:
    """Returns a certificate signing request in PEM; its signature proves that the key is ours.

    Args:
        key: The key.
        spec: Its spec.
        identity: Identity for the SAN as a URI; None where the certificate authority takes it from the token. There
            is no common name: Vault would not compare one that is no host's name with the login.
    """
    builder = x509.CertificateSigningRequestBuilder(x509.Name([]))
    if identity is not None:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity.uri)]), critical=False
        )
    request = builder.sign(key, _CURVES[spec][1] if spec in _CURVES else hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def signer_for(key: "PrivateKey", pems: Sequence[str], ca_certs: str, root: str, expected: Expected) -> LocalSigner:
    """Returns a signer with the key and its new certificate.

    Args:
        key: The key.
        pems: Certificates that the authority returned, the new one first.
        ca_certs: File of certificates that complete the chain, or an empty string.
        root: File of the root that the chain must end with, or an empty string.
        expected: What the certificate must be.

    Raises:
        PluginError: The certificate is another key's or another identity's, is not valid now, breaks a requirement of
            the specification, or has no chain to the root.
        SigningKeyError: A file cannot be read.
    """
    try:
        candidates = (*read_certificates("\n".join(pems).encode(), expected.authority), *_certificates(ca_certs))
        chain = check_chain(build_chain(key.public_key(), candidates))
    except CertificateError as error:
        raise PluginError(
            f"the certificate of {expected.authority} cannot be used: {error.message}", advice=_advice(error, expected)
        ) from None
    if root and chain.ders[-1] not in _certificates(root):
        raise PluginError(
            f"the chain of {expected.authority} does not end with the certificate in {root}",
            advice="check that the address is that of the right server, and the file",
        )
    _await_validity(chain.leaf, expected.authority)
    if problem := chain.outside_validity(datetime.now(UTC)):
        raise PluginError(f"{expected.authority} returned a chain that is not valid now: {problem}", advice=_CLOCKS)
    _check_identity(chain.ders[0], expected)
    return LocalSigner(key, chain, "the key")


_CLOCKS = "check this machine's clock and that of the certificate authority"


def _advice(error: CertificateError, expected: Expected) -> str:
    if error.rule == "certificate_of_key":
        return "check that the address is that of the certificate authority: it answered another request"
    if error.rule == "ends_with_root":
        return "name a file with the certificates up to the root with ca_certs=FILE"
    return expected.requirements


def _certificates(path: str) -> Iterable[bytes]:
    return read_certificates(read_file(path, "certificates"), path) if path else ()


def _await_validity(leaf: x509.Certificate, authority: str) -> None:
    """Waits until a certificate begins that is issued for this moment by a clock that is a little ahead."""
    ahead = leaf.not_valid_before_utc - datetime.now(UTC)
    if ahead <= timedelta():
        return
    if ahead > _LONGEST_WAIT or ahead.total_seconds() >= seconds_left():
        raise PluginError(
            f"{authority} returned a certificate that is valid from {format_rfc3339(leaf.not_valid_before_utc)}, "
            f"{ahead.total_seconds():.0f} seconds from now",
            advice=_CLOCKS,
        )
    time.sleep(ahead.total_seconds())


def _check_identity(der: bytes, expected: Expected) -> None:
    try:
        identity = identity_of(der)
    except ValueError as error:
        raise PluginError(
            f"the certificate of {expected.authority} names no identity: {error}", advice=expected.identity
        ) from None
    if identity.issuer != expected.issuer or identity.subject not in expected.subjects:
        raise PluginError(
            f"the certificate of {expected.authority} is for another identity: {identity}; "
            f"expected was {' or '.join(str(Identity(expected.issuer, each)) for each in expected.subjects)}",
            advice=expected.identity,
        )
