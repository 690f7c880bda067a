"""Lookup of the key that a URI names, and of the objects that belong to it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pkcs11 import Attribute

from notarykit.errors import PluginValidationError
from notarykit_pkcs11.key_id import format_uri
from notarykit_pkcs11.token.objects import (
    CERTIFICATES,
    PRIVATE_KEYS,
    PUBLIC_KEYS,
    id_and_label,
    read_attribute,
    read_certificates,
    read_public_key,
)
from notarykit_pkcs11.token.retry import TransientError

if TYPE_CHECKING:
    from typing import Any

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from notarykit_pkcs11.key_id import KeyUri
    from notarykit_pkcs11.pin.source import PinSource
    from notarykit_pkcs11.token.session import TokenSession


def find_private_key(session: TokenSession, uri: KeyUri, pins: PinSource) -> Any:
    """Returns the only private key that a URI names, after a login if it is not visible before.

    Raises:
        TransientError: No key was found.
        PluginValidationError: Several keys match, or the key may not sign.
    """
    keys = find_private_keys(session, uri)
    if not keys and session.may_log_in:
        session.log_in(pins)
        keys = find_private_keys(session, uri)
    if not keys:
        raise TransientError(_not_found(session, uri), is_not_found=True)
    if len(keys) > 1:
        names = ", ".join(object_uri(session, key) for key in keys)
        raise PluginValidationError(
            f"{session.name}: {len(keys)} private keys match {uri.text}: {names}", advice="name one of them"
        )
    if read_attribute(keys[0], Attribute.SIGN) is False:
        raise PluginValidationError(
            f"{session.name}: the key {object_uri(session, keys[0])} may not sign (its CKA_SIGN is false)",
            advice="use another key",
        )
    return keys[0]


def find_private_keys(session: TokenSession, uri: KeyUri) -> list[Any]:
    """Returns the visible private keys that a URI names; only those that may sign, if there are any."""
    keys = session.objects(PRIVATE_KEYS | template_of(uri))
    return [key for key in keys if read_attribute(key, Attribute.SIGN) is not False] or keys


def find_public_objects(session: TokenSession, uri: KeyUri) -> list[Any]:
    """Returns the public keys that a URI names, or else the certificates."""
    return session.objects(PUBLIC_KEYS | template_of(uri)) or session.objects(CERTIFICATES | template_of(uri))


def find_public_key(session: TokenSession, id_: bytes, label: str) -> PublicKeyTypes | None:
    """Returns the public key for a private key's CKA_ID or label, from a key object or a certificate.

    Raises:
        PluginValidationError: All matching public keys are of unsupported types.
    """
    template: dict[Any, Any] = {Attribute.ID: id_} if id_ else {Attribute.LABEL: label}
    unsupported = None
    for item in session.objects(PUBLIC_KEYS | template):
        try:
            if (key := read_public_key(item)) is not None:
                return key
        except PluginValidationError as error:  # any user may have stored it
            unsupported = error
    for stored in read_certificates(session.objects(CERTIFICATES | template)):
        with suppress(Exception):  # cryptography raises several kinds for keys that it does not support
            return stored.certificate.public_key()
    if unsupported:
        raise unsupported
    return None


def template_of(uri: KeyUri) -> dict[Any, Any]:
    """Returns the object attributes of a URI as a search template."""
    attributes = ((Attribute.LABEL, uri.label), (Attribute.ID, uri.id))
    return {name: value for name, value in attributes if value is not None}


def object_uri(session: TokenSession, item: Any) -> str:
    """Returns the URI of an object."""
    id_, label = id_and_label(item)
    return format_uri(session.token_attributes, label, id_)


def _not_found(session: TokenSession, uri: KeyUri) -> PluginValidationError:
    names = ", ".join(object_uri(session, item) for item in session.objects(PRIVATE_KEYS))
    return PluginValidationError(
        f"{session.name}: no private key matches {uri.text}; {f'present: {names}' if names else 'it has none'}",
        advice="see 'notarykit plugin doctor pkcs11'",
    )
