"""A plugin for a service that holds keys: everything but the service.

A provider says how a key is found, which of its versions there are, what the service keeps of certificates, and how a
version signs. From that come describe-key and generate-signature, one version for both: the one that the certificate
is of, whatever the service has rotated meanwhile.
"""

from __future__ import annotations

import time

from notarykit.errors import NotarykitError, PluginTimeoutError, PluginValidationError
from notarykit.plugin.base import Plugin
from notarykit.plugin.deadline import seconds_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import ClassVar

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from cryptography.x509 import Certificate

    from notarykit.keys.spec import KeySpec
    from notarykit.plugin.protocol.signing import (
        DescribeKeyRequest,
        GeneratedSignature,
        GenerateSignatureRequest,
        KeyDescription,
    )
    from notarykit.plugin.service_key import KeyVersion, ServiceKey

CERTIFICATE_CHAIN, CA_CERTS = "certificate_chain", "ca_certs"
"""The settings with files of certificates: the chain, and more to complete it from."""

NO_CERTIFICATE_ADVICE = (
    "get one with 'notarykit certificate request' or 'notarykit certificate generate', and give it with "
    f"'notarykit certificate attach'; or name its file with {CERTIFICATE_CHAIN}=FILE"
)
"""What to do where a key has no certificate."""

CHAIN, GET_A_CERTIFICATE = CERTIFICATE_CHAIN, NO_CERTIFICATE_ADVICE

FRESH_SECONDS = 300.0
"""How long it is not asked again what a key is like, and whether it may be used."""


class Provider(Plugin):
    """The base of plugins for services. A subclass implements `find`; everything is thread-safe.

    Attributes:
        settings: The names in the plugin configuration that the provider knows, besides the two for certificates.
        keeps_certificates: Whether the service keeps certificates with its keys.
    """

    settings: ClassVar[tuple[str, ...]] = ()
    keeps_certificates: ClassVar[bool] = False

    def __init__(self) -> None:
        self._renew()
        _renew_after_forks(self)

    def _renew(self) -> None:
        import threading

        self._lock = threading.Lock()
        self._known: dict[object, _Known] = {}

    def find(self, key_id: str, config: Mapping[str, str]) -> ServiceKey:
        """A key of the service; what it is like is asked for later.

        Raises:
            PluginValidationError: No key can have this id, or the configuration contradicts itself.
        """
        raise NotImplementedError

    def describe_key(self, request: DescribeKeyRequest) -> KeyDescription:
        """The spec of the version that will sign."""
        from notarykit.plugin.protocol.signing import KeyDescription

        _, spec, _ = self._choose(request.key_id, request.plugin_config)
        return KeyDescription(request.key_id, spec.name)

    def generate_signature(self, request: GenerateSignatureRequest) -> GeneratedSignature:
        """A signature by the version whose certificate leads the chain."""
        from notarykit.plugin.protocol.signing import GeneratedSignature
        from notarykit.plugin.service.validation import check_key_spec

        version, spec, chain = self._choose(request.key_id, request.plugin_config)
        check_key_spec(request, spec)
        try:
            signature = version.sign(request.payload, spec)
        except NotarykitError:
            self._known.clear()  # what was known of the key may be out of date
            raise
        return GeneratedSignature(request.key_id, signature, spec.signing_algorithm, chain)

    def open_key(self, key_id: str, config: Mapping[str, str]) -> KeyVersion:
        """The version that the service would use now, with or without a certificate."""
        self._check(config)
        for version in self.find(key_id, config).versions():
            return version
        raise _no_version(key_id)

    def attach_certificates(self, key_id: str, config: Mapping[str, str], chain: Sequence[bytes]) -> str:
        """Has the service keep a chain with the version whose certificate leads it.

        Returns:
            The version's name, or an empty string where the service has no place for a chain, or the configuration
            names a file with one, which is looked at first.
        """
        if not self.keeps_certificates or CERTIFICATE_CHAIN in config:
            return ""
        from notarykit.keys.certificate import load_certificate

        self._check(config)
        key = self.find(key_id, config)
        leaf = load_certificate(chain[0]).public_key()
        for version in key.versions():
            if version.public_key == leaf:
                is_kept = key.attach(version, chain)
                self._known.clear()
                return version.name if is_kept else ""
        raise PluginValidationError(f"the certificate is of no version of the key {key_id!r}")

    def _check(self, config: Mapping[str, str]) -> None:
        from notarykit.plugin.service.validation import check_settings

        check_settings(config, (*self.settings, CERTIFICATE_CHAIN, CA_CERTS))

    def _choose(self, key_id: str, config: Mapping[str, str]) -> tuple[KeyVersion, KeySpec, tuple[bytes, ...]]:
        """The version, its spec and its chain, which are looked up again after some minutes.

        They are known for one key of one service and user, and as long as the files with certificates do not change.
        """
        from notarykit.keys.files import file_fingerprint

        self._check(config)
        key = self.find(key_id, config)
        files = (config.get(CERTIFICATE_CHAIN), config.get(CA_CERTS))
        where = (key.identity, tuple(sorted(config.items())), file_fingerprint(*files))
        with self._lock:
            known = self._known.setdefault(where, _Known())
        if not known.lock.acquire(timeout=seconds_left()):  # others' keys do not wait for this one's service
            raise PluginTimeoutError("another signature with this key has not come to an end in time")
        try:
            if known.found is None or time.monotonic() > known.until:
                known.found = self._look_up(key, key_id, config)
                known.until = time.monotonic() + FRESH_SECONDS
            return known.found
        finally:
            known.lock.release()

    def _look_up(
        self, key: ServiceKey, key_id: str, config: Mapping[str, str]
    ) -> tuple[KeyVersion, KeySpec, tuple[bytes, ...]]:
        from notarykit.keys.chain import build_chain, check_chain
        from notarykit.keys.spec import key_spec_of

        given, more = _certificates(config.get(CERTIFICATE_CHAIN)), _certificates(config.get(CA_CERTS))
        seen = []
        for version in key.versions():
            certificates = given or key.certificates(version)
            if _has_leaf(certificates, version.public_key):
                spec = key_spec_of(version.public_key)
                chain = check_chain(build_chain(version.public_key, (*certificates, *more)))
                return version, spec, chain.ders
            seen.append((version, certificates))
        if not seen:
            raise _no_version(key_id)
        raise _no_certificate(seen, config)


def _renew_after_forks(provider: Provider) -> None:
    """In the child of a fork nobody would open the locks that the parent's other threads held."""
    import os
    from weakref import WeakMethod

    if hasattr(os, "register_at_fork"):
        renew = WeakMethod(provider._renew)  # noqa: SLF001
        os.register_at_fork(after_in_child=lambda: (found := renew()) and found())


class _Known:
    """What is known of a key, and a lock for whoever looks it up."""

    def __init__(self) -> None:
        import threading

        self.found: tuple[KeyVersion, KeySpec, tuple[bytes, ...]] | None = None
        self.until = 0.0
        self.lock = threading.Lock()


def _certificates(path: str | None) -> tuple[bytes, ...]:
    from notarykit.keys.files import read_file
    from notarykit.keys.pem import read_certificates

    return read_certificates(read_file(path, "certificate chain"), path) if path else ()


def _has_leaf(certificates: Sequence[bytes], public_key: PublicKeyTypes) -> bool:
    from notarykit.keys.certificate import has_key, load_certificate

    return any(has_key(load_certificate(der), public_key) for der in certificates)


def _no_version(key_id: str) -> PluginValidationError:
    return PluginValidationError(
        f"the key {key_id!r} has no version that may be used", advice="enable one, or name another key"
    )


def _no_certificate(
    seen: Sequence[tuple[KeyVersion, Sequence[bytes]]], config: Mapping[str, str]
) -> PluginValidationError:
    """Why no version can sign, with both keys by name."""
    from notarykit.keys.certificate import load_certificate, subject_of
    from notarykit.keys.extensions import is_ca

    version, certificates = seen[0]
    keys = f"key {version.name} ({_fingerprint(version.public_key)})"
    if not certificates:
        return PluginValidationError(f"there is no certificate for {keys}", advice=NO_CERTIFICATE_ADVICE)
    held = [load_certificate(der) for der in certificates]
    leaf = next((each for each in held if not is_ca(each)), held[0])
    where = config.get(CERTIFICATE_CHAIN) or "the service"
    return PluginValidationError(
        f"the certificate {subject_of(leaf)!r} of {where} is for another key ({_fingerprint_of(leaf)}) than "
        f"{keys}" + (f" and its {len(seen) - 1} other versions" if len(seen) > 1 else ""),
        advice="give the certificate that was issued for this key",
    )


def _fingerprint_of(certificate: Certificate) -> str:
    try:
        return _fingerprint(certificate.public_key())
    except Exception:  # noqa: BLE001 - cryptography raises several kinds for keys that it does not know
        return "of a kind that is not supported"


def _fingerprint(public_key: PublicKeyTypes) -> str:
    """What two keys are told apart by: the beginning of the SHA-256 of the SubjectPublicKeyInfo."""
    from hashlib import sha256

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return (
        "SHA-256 " + sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:16]
    )
