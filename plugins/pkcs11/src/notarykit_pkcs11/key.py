"""Key on a token, as a `notarykit.plugin.ServiceKey`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature

from notarykit.errors import PluginError, PluginValidationError
from notarykit.plugin import has_key, verify_raw
from notarykit_pkcs11.key_id import format_uri
from notarykit_pkcs11.token.certificate_store import store_chain
from notarykit_pkcs11.token.key_lookup import (
    find_private_key,
    find_private_keys,
    find_public_key,
    find_public_objects,
    object_uri,
)
from notarykit_pkcs11.token.objects import CERTIFICATES, id_and_label, read_certificates, read_public_key
from notarykit_pkcs11.token.retry import TokenAccess, TransientError
from notarykit_pkcs11.token.signing import PrivateKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from notarykit.plugin import KeySpec, KeyVersion
    from notarykit_pkcs11.client import Module
    from notarykit_pkcs11.key_id import KeyUri
    from notarykit_pkcs11.pin.source import PinSource
    from notarykit_pkcs11.token.objects import TokenCertificate
    from notarykit_pkcs11.token.session import TokenSession


class TokenKey:
    """Key that a URI names."""

    def __init__(self, uri: KeyUri, module: Module, pins: PinSource) -> None:
        """Names the key, which is looked up at first use."""
        self._uri = uri
        self._access = TokenAccess(module, uri)
        self._pins = pins

    @property
    def identity(self) -> tuple[str, str]:
        """Module and URI; the token that they lead to may be exchanged."""
        return self._access.module.path, self._uri.text

    def versions(self) -> Iterator[TokenKeyVersion]:
        """Yields the key itself, as keys on tokens have no versions.

        Raises:
            PluginError: Token or key is missing or ambiguous, or the token does not answer.
        """
        yield self._access.use(self._read)

    def certificates(self, version: KeyVersion) -> Sequence[bytes]:
        """Returns all certificates of the token in DER, the key's first: those with its CKA_ID, if any, or else all."""
        assert isinstance(version, TokenKeyVersion)
        stored: list[TokenCertificate] = []
        own: list[TokenCertificate] = []

        def read(session: TokenSession) -> None:
            stored[:] = read_certificates(session.objects(CERTIFICATES))
            own[:] = [item for item in stored if has_key(item.certificate, version.public_key)]
            if not own:  # a module that was disturbed while it read the card lists only some of its objects
                raise TransientError(_NoCertificateError(), is_not_found=True)

        with suppress(_NoCertificateError):
            self._access.use(read)
        preferred = [item for item in own if version.id and item.id == version.id] or own
        return [item.der for item in (*preferred, *(item for item in stored if item not in own))]

    def attach(self, version: KeyVersion, chain: Sequence[bytes]) -> bool:
        """Stores a chain on the token, as a whole or not at all, the leaf in place of the key's other certificates.

        Returns:
            False where the token stores no certificates for this user.
        """
        assert isinstance(version, TokenKeyVersion)
        return self._access.use(lambda session: store_chain(session, self._pins, chain, version.id, version.label))

    def sign(self, message: bytes, spec: KeySpec) -> tuple[bytes, str]:
        """Signs a message; returns the unchecked signature and the name of the token."""

        def sign(session: TokenSession) -> tuple[bytes, str]:
            if session.needs_login_to_sign and session.may_log_in:
                session.log_in(self._pins)
            key = session.private_keys.get(self._uri.text)
            if key is None:
                key = PrivateKey(find_private_key(session, self._uri, self._pins), session)
                session.private_keys[self._uri.text] = key
            return key.sign(message, spec, self._pins), session.name

        return self._access.use(sign)

    def _read(self, session: TokenSession) -> TokenKeyVersion:
        """Reads the key from public objects where they suffice, else after a login."""
        if session.may_log_in and not find_private_keys(session, self._uri):
            objects = find_public_objects(session, self._uri)
            if len({id_and_label(item)[0] for item in objects}) == 1:
                id_, label = id_and_label(objects[0])
                public_key = find_public_key(session, id_, label)
                if public_key is not None:
                    name = format_uri(session.token_attributes, label, id_)
                    return TokenKeyVersion(self, name, id_, label, public_key)
        item = find_private_key(session, self._uri, self._pins)
        id_, label = id_and_label(item)
        public_key = find_public_key(session, id_, label) or read_public_key(item)
        if public_key is None:
            raise PluginValidationError(
                f"{session.name}: neither a public key nor a certificate found for the key {object_uri(session, item)}",
                advice="store one of them on the token, with the same CKA_ID as the private key",
            )
        return TokenKeyVersion(self, object_uri(session, item), id_, label, public_key)


class _NoCertificateError(PluginError):
    """No certificate for the key was found on the token."""

    def __init__(self) -> None:
        super().__init__("no certificate")


class TokenKeyVersion:
    """Key as read from the token.

    Attributes:
        name: URI of the key.
        id: CKA_ID of the key.
        label: Label of the key.
        public_key: Public key.
    """

    def __init__(self, key: TokenKey, name: str, id: bytes, label: str, public_key: PublicKeyTypes) -> None:  # noqa: A002
        self._key = key
        self.name = name
        self.id = id
        self.label = label
        self.public_key = public_key

    def sign(self, message: bytes, spec: KeySpec) -> bytes:
        """Signs a message, and checks salt, hash and form of the signature against the public key.

        Raises:
            PluginAccessDeniedError: No PIN is available, it is wrong, or the touch was missing.
            PluginError: The token cannot make the signature, or made a different one.
        """
        signature, token_name = self._key.sign(message, spec)
        try:
            verify_raw(self.public_key, spec, signature, message)
        except (InvalidSignature, ValueError):
            raise PluginError(
                f"{token_name} made no {spec.signing_algorithm} signature that fits the public key of {self.name}",
                advice="see 'notarykit plugin doctor pkcs11'; other objects may have the key's CKA_ID",
            ) from None
        return signature
