"""Which of a token's objects are the key that a URI names, and what belongs to it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pkcs11 import Attribute

from notarykit.errors import PluginValidationError
from notarykit_pkcs11.key_id import uri_of
from notarykit_pkcs11.token.objects import (
    CERTIFICATES,
    PRIVATE_KEYS,
    PUBLIC_KEYS,
    attribute,
    certificates,
    identity,
    public_key_in,
)
from notarykit_pkcs11.token.retry import DisturbedError

if TYPE_CHECKING:
    from typing import Any

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from notarykit_pkcs11.key_id import KeyUri
    from notarykit_pkcs11.pin.source import PinSource
    from notarykit_pkcs11.token.session import TokenSession


def private_key(session: TokenSession, uri: KeyUri, pins: PinSource) -> Any:
    """The one private key that a URI names, after a login if it cannot be seen before.

    Raises:
        DisturbedError: There is none, as it seems.
        PluginValidationError: There are several, or it may not sign.
    """
    found = private_keys(session, uri)
    if not found and session.needs_login:
        session.log_in(pins)
        found = private_keys(session, uri)
    if not found:
        raise DisturbedError(_no_key(session, uri), is_missing=True)
    if len(found) > 1:
        names = ", ".join(shown(session, each) for each in found)
        raise PluginValidationError(
            f"{session.name}: {len(found)} private keys match {uri.text}: {names}", advice="name one of them"
        )
    if attribute(found[0], Attribute.SIGN) is False:
        raise PluginValidationError(
            f"{session.name}: the key {shown(session, found[0])} may not sign (its CKA_SIGN is false)",
            advice="use another key",
        )
    return found[0]


def private_keys(session: TokenSession, uri: KeyUri) -> list[Any]:
    """The private keys that a URI names and that can be seen; those that may sign, if there are any."""
    found = session.objects(PRIVATE_KEYS | named(uri))
    return [each for each in found if attribute(each, Attribute.SIGN) is not False] or found


def public_objects(session: TokenSession, uri: KeyUri) -> list[Any]:
    """The public keys that a URI names, or else the certificates."""
    return session.objects(PUBLIC_KEYS | named(uri)) or session.objects(CERTIFICATES | named(uri))


def public_key(session: TokenSession, id_: bytes, label: str) -> PublicKeyTypes | None:
    """The public key that goes with a private key: of its own object, or of a certificate, by CKA_ID or label.

    Raises:
        PluginValidationError: There are only some of other kinds.
    """
    same: dict[Any, Any] = {Attribute.ID: id_} if id_ else {Attribute.LABEL: label}
    refusal = None
    for each in session.objects(PUBLIC_KEYS | same):
        try:
            if (key := public_key_in(each)) is not None:
                return key
        except PluginValidationError as error:  # anybody may have put it there
            refusal = error
    for stored in certificates(session.objects(CERTIFICATES | same)):
        with suppress(Exception):  # cryptography raises several kinds for keys that it does not know
            return stored.certificate.public_key()
    if refusal:
        raise refusal
    return None


def named(uri: KeyUri) -> dict[Any, Any]:
    """The attributes that a URI asks for."""
    wanted = ((Attribute.LABEL, uri.label), (Attribute.ID, uri.id))
    return {name: value for name, value in wanted if value is not None}


def shown(session: TokenSession, item: Any) -> str:
    """The URI of an object."""
    id_, label = identity(item)
    return uri_of(session.where, label, id_)


def _no_key(session: TokenSession, uri: KeyUri) -> PluginValidationError:
    there = ", ".join(shown(session, each) for each in session.objects(PRIVATE_KEYS))
    return PluginValidationError(
        f"{session.name}: no private key matches {uri.text}" + (f"; there is {there}" if there else "; it has none"),
        advice="see 'notarykit plugin doctor pkcs11'",
    )
