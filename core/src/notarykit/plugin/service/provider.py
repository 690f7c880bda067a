"""Provider: base of plugins for key management services.

A subclass has the keys, their versions and certificates, and the signing. `Provider` has describe-key and
generate-signature, with one version for both: the one that the certificate belongs to, however the service has rotated
the key between the two.
"""

from __future__ import annotations

import time

from notarykit.errors import NotarykitError, PluginTimeoutError, PluginValidationError
from notarykit.plugin.base import Plugin
from notarykit.plugin.service.version_choice import CA_CERTS, CERTIFICATE_CHAIN, no_version
from notarykit.plugin.time_limit import seconds_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import ClassVar

    from notarykit.plugin.protocol.signing import (
        DescribeKeyRequest,
        GeneratedSignature,
        GenerateSignatureRequest,
        KeyDescription,
    )
    from notarykit.plugin.service.version_choice import VersionChoice
    from notarykit.plugin.service_key import KeyVersion, ServiceKey

CACHE_SECONDS = 300.0
"""Seconds for which the choice of a version is kept before the service is queried again."""


class Provider(Plugin):
    """Base of plugins for services. A subclass implements `find`; everything is safe for threads.

    Attributes:
        settings: The names of plugin configuration, besides `certificate_chain` and `ca_certs`.
        keeps_certificates: Whether the service keeps certificates with its keys.
    """

    settings: ClassVar[tuple[str, ...]] = ()
    keeps_certificates: ClassVar[bool] = False

    def __init__(self) -> None:
        self._reset()
        _reset_after_forks(self)

    def _reset(self) -> None:
        import threading

        self._lock = threading.Lock()
        self._cache: dict[object, _CacheEntry] = {}

    def find(self, key_id: str, config: Mapping[str, str]) -> ServiceKey:
        """Finds the key of a key id; sends nothing to the service yet.

        Raises:
            PluginValidationError: No key can have this id, or the configuration contradicts itself.
        """
        raise NotImplementedError

    def describe_key(self, request: DescribeKeyRequest) -> KeyDescription:
        """Returns the spec of the version that will sign."""
        from notarykit.plugin.protocol.signing import KeyDescription

        return KeyDescription(request.key_id, self._choose(request.key_id, request.plugin_config).spec.name)

    def generate_signature(self, request: GenerateSignatureRequest) -> GeneratedSignature:
        """Signs with the version that the leaf certificate belongs to."""
        from notarykit.plugin.protocol.signing import GeneratedSignature
        from notarykit.plugin.service.validation import check_key_spec

        version, spec, chain = self._choose(request.key_id, request.plugin_config)
        check_key_spec(request, spec)
        try:
            signature = version.sign(request.payload, spec)
        except NotarykitError:
            self._cache.clear()  # the key may have changed since
            raise
        return GeneratedSignature(request.key_id, signature, spec.signing_algorithm, chain)

    def open_key(self, key_id: str, config: Mapping[str, str]) -> KeyVersion:
        """Returns the service's present version, with or without a certificate."""
        self._check(config)
        for version in self.find(key_id, config).versions():
            return version
        raise no_version(key_id)

    def attach_certificates(self, key_id: str, config: Mapping[str, str], chain: Sequence[bytes]) -> str:
        """Stores a chain in the service, with the version that its leaf belongs to.

        Returns:
            The version's name, or an empty string where the service has no place for a chain, or where the
            configuration names a file with one, which comes first.
        """
        if not self.keeps_certificates or CERTIFICATE_CHAIN in config:
            return ""
        from notarykit.keys.certificate import load_certificate

        self._check(config)
        key = self.find(key_id, config)
        public_key = load_certificate(chain[0]).public_key()
        for version in key.versions():
            if version.public_key == public_key:
                is_stored = key.attach(version, chain)
                self._cache.clear()
                return version.name if is_stored else ""
        raise PluginValidationError(f"certificate belongs to no version of key {key_id!r}")

    def _check(self, config: Mapping[str, str]) -> None:
        from notarykit.plugin.service.validation import check_settings

        check_settings(config, (*self.settings, CERTIFICATE_CHAIN, CA_CERTS))

    def _choose(self, key_id: str, config: Mapping[str, str]) -> VersionChoice:
        """Returns the choice for a key and user, cached while the files with certificates stay the same."""
        from notarykit.keys.key_files import file_fingerprint
        from notarykit.plugin.service.version_choice import choose_version

        self._check(config)
        key = self.find(key_id, config)
        files = file_fingerprint(config.get(CERTIFICATE_CHAIN), config.get(CA_CERTS))
        with self._lock:
            entry = self._cache.setdefault((key.identity, tuple(sorted(config.items())), files), _CacheEntry())
        if not entry.lock.acquire(timeout=seconds_left()):  # one for each key: others do not wait for this service
            raise PluginTimeoutError("another signature with this key has not ended in time")
        try:
            if entry.choice is None or time.monotonic() > entry.expires:
                entry.choice = choose_version(key, key_id, config)
                entry.expires = time.monotonic() + CACHE_SECONDS
            return entry.choice
        finally:
            entry.lock.release()


def _reset_after_forks(provider: Provider) -> None:
    """Resets a provider in the child of a fork, where locks of the parent's other threads would stay locked."""
    import os
    from weakref import WeakMethod

    if hasattr(os, "register_at_fork"):
        reset = WeakMethod(provider._reset)  # noqa: SLF001
        os.register_at_fork(after_in_child=lambda: (method := reset()) and method())


class _CacheEntry:
    """Choice of a version, with the lock under which it is made."""

    def __init__(self) -> None:
        import threading

        self.choice: VersionChoice | None = None
        self.expires = 0.0
        self.lock = threading.Lock()
