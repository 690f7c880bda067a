"""Choice of the version that signs: the first one that a certificate belongs to, with its chain."""

from __future__ import annotations

from notarykit._internal.light_namedtuple import LightNamedTuple
from notarykit.errors import PluginValidationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from cryptography.x509 import Certificate

    from notarykit.keys.spec import KeySpec
    from notarykit.plugin.service_key import KeyVersion, ServiceKey

CERTIFICATE_CHAIN, CA_CERTS = "certificate_chain", "ca_certs"
"""Settings of every provider: the file with the chain, and one with more certificates to complete it from."""

NO_CERTIFICATE_ADVICE = (
    "get one with 'notarykit certificate request' or 'notarykit certificate generate', and add it with "
    f"'notarykit certificate attach'; or name its file with {CERTIFICATE_CHAIN}=FILE"
)
"""Advice for a key without a certificate."""


class VersionChoice(LightNamedTuple):
    """Version that signs.

    Attributes:
        version: The version.
        spec: The spec of its key.
        chain: The certificates in DER, leaf first, root last.
    """

    version: KeyVersion
    spec: KeySpec
    chain: tuple[bytes, ...]


def choose_version(key: ServiceKey, key_id: str, config: Mapping[str, str]) -> VersionChoice:
    """Chooses the first version whose certificate is in the configured file, or else in the service.

    Raises:
        PluginValidationError: There is no version, or no certificate of any.
        CertificateError: The chain is incomplete or breaks a rule.
    """
    from notarykit.keys.certificate import has_key, load_certificate
    from notarykit.keys.chain import build_chain, check_chain
    from notarykit.keys.spec import key_spec_of

    configured, more = _certificates(config.get(CERTIFICATE_CHAIN)), _certificates(config.get(CA_CERTS))
    rejected = []
    for version in key.versions():
        certificates = configured or key.certificates(version)
        if any(has_key(load_certificate(der), version.public_key) for der in certificates):
            spec = key_spec_of(version.public_key)
            chain = check_chain(build_chain(version.public_key, (*certificates, *more)))
            return VersionChoice(version, spec, chain.ders)
        rejected.append((version, certificates))
    if not rejected:
        raise no_version(key_id)
    raise _no_certificate(rejected, config)


def no_version(key_id: str) -> PluginValidationError:
    """Returns the error for a key without a version that may sign."""
    return PluginValidationError(
        f"key {key_id!r} has no version that may be used", advice="enable one, or name another key"
    )


def _certificates(path: str | None) -> tuple[bytes, ...]:
    from notarykit.keys.key_files import read_file
    from notarykit.keys.pem import read_certificates

    return read_certificates(read_file(path, "certificate chain"), path) if path else ()


def _no_certificate(
    rejected: Sequence[tuple[KeyVersion, Sequence[bytes]]], config: Mapping[str, str]
) -> PluginValidationError:
    """Returns the error for versions that no certificate belongs to, with the fingerprints of both keys."""
    from notarykit.keys.certificate import load_certificate, subject_of
    from notarykit.keys.extensions import is_ca_certificate

    version, ders = rejected[0]
    name = f"key {version.name} ({_fingerprint(version.public_key)})"
    if not ders:
        return PluginValidationError(f"no certificate found for {name}", advice=NO_CERTIFICATE_ADVICE)
    certificates = [load_certificate(der) for der in ders]
    leaf = next((certificate for certificate in certificates if not is_ca_certificate(certificate)), certificates[0])
    source = config.get(CERTIFICATE_CHAIN) or "the service"
    others = f" and its {len(rejected) - 1} other versions" if len(rejected) > 1 else ""
    return PluginValidationError(
        f"certificate {subject_of(leaf)!r} of {source} is for another key ({_fingerprint_of(leaf)}) than "
        f"{name}{others}",
        advice="use the certificate that was issued for this key",
    )


def _fingerprint_of(certificate: Certificate) -> str:
    try:
        return _fingerprint(certificate.public_key())
    except Exception:  # noqa: BLE001 - cryptography raises several kinds for keys that it does not know
        return "of an unsupported kind"


def _fingerprint(public_key: PublicKeyTypes) -> str:
    """Returns the beginning of the SHA-256 of the SubjectPublicKeyInfo."""
    from hashlib import sha256

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    digest = sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return f"SHA-256 {digest.hexdigest()[:16]}"
