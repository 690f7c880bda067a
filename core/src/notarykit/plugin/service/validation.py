"""What every provider needs besides its service: the request held against the key, the digest, the answer.

Plugin specification, "generate-signature".
"""

from __future__ import annotations

from notarykit.errors import PluginValidationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from notarykit.keys.spec import KeySpec
    from notarykit.plugin.protocol.signing import GenerateSignatureRequest


def check_settings(given: Iterable[str], known: tuple[str, ...]) -> None:
    """Refuses plugin configuration that the plugin does not know, which may be a misspelt name.

    Raises:
        PluginValidationError: There is some.
    """
    for name in given:
        if name not in known:
            raise PluginValidationError(f"plugin configuration {name!r} is not known", advice=f"use {', '.join(known)}")


def check_key_spec(request: GenerateSignatureRequest, spec: KeySpec) -> None:
    """Refuses a request whose key spec or hash is not the key's.

    Raises:
        PluginValidationError: It is of another.
    """
    if (request.key_spec, request.hash_algorithm) != (spec.name, spec.hash_name):
        raise PluginValidationError(
            f"key spec {request.key_spec!r} with {request.hash_algorithm!r} is not the {spec.name} with "
            f"{spec.hash_name} of {request.key_id}"
        )


def digest_of(request: GenerateSignatureRequest) -> bytes:
    """The digest of the payload by the hash of the request, for services that sign digests.

    Raises:
        PluginValidationError: The hash is none of the specification's.
    """
    import hashlib

    if request.hash_algorithm not in ("SHA-256", "SHA-384", "SHA-512"):
        raise PluginValidationError(f"hash {request.hash_algorithm!r} is not supported")
    return hashlib.new(request.hash_algorithm.replace("-", "").lower(), request.payload).digest()
