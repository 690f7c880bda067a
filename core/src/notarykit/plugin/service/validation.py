"""Validation of requests and plugin configuration (plugin specification, "generate-signature")."""

from __future__ import annotations

from notarykit.errors import PluginValidationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from notarykit.keys.spec import KeySpec
    from notarykit.plugin.protocol.signing import GenerateSignatureRequest


def check_settings(config: Iterable[str], settings: tuple[str, ...]) -> None:
    """Refuses plugin configuration with a name that is no setting of the plugin, which may be misspelt.

    Raises:
        PluginValidationError: A name is unknown; the advice lists the settings.
    """
    for name in config:
        if name not in settings:
            raise PluginValidationError(
                f"unknown plugin configuration {name!r}", advice=f"use {', '.join(settings)}" if settings else ""
            )


def check_key_spec(request: GenerateSignatureRequest, spec: KeySpec) -> None:
    """Refuses a request whose key spec or hash is not the key's.

    Raises:
        PluginValidationError: One of the two differs.
    """
    if (request.key_spec, request.hash_algorithm) != (spec.name, spec.hash_name):
        raise PluginValidationError(
            f"key spec {request.key_spec!r} with {request.hash_algorithm!r} is not the {spec.name} with "
            f"{spec.hash_name} of {request.key_id}"
        )


def payload_digest(request: GenerateSignatureRequest) -> bytes:
    """Returns the digest of the request's payload by the request's hash, for services that sign digests.

    Raises:
        PluginValidationError: The hash is none of the specification's.
    """
    import hashlib

    if request.hash_algorithm not in ("SHA-256", "SHA-384", "SHA-512"):
        raise PluginValidationError(f"hash {request.hash_algorithm!r} is not supported")
    return hashlib.new(request.hash_algorithm.replace("-", "").lower(), request.payload).digest()
