"""A key on a token, for `notarykit.plugin.ServiceKey`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature

from notarykit.errors import PluginError, PluginValidationError
from notarykit.keys.certificate import has_key
from notarykit.keys.signature import check
from notarykit_pkcs11.key_id import uri_of
from notarykit_pkcs11.token.certificate_store import store
from notarykit_pkcs11.token.key_lookup import private_key, private_keys, public_key, public_objects, shown
from notarykit_pkcs11.token.objects import CERTIFICATES, certificates, identity, public_key_in
from notarykit_pkcs11.token.retry import Access, DisturbedError
from notarykit_pkcs11.token.signing import PrivateKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from notarykit.keys.spec import KeySpec
    from notarykit.plugin import KeyVersion
    from notarykit_pkcs11.client import Module
    from notarykit_pkcs11.key_id import KeyUri
    from notarykit_pkcs11.pin.source import PinSource
    from notarykit_pkcs11.token.objects import Stored
    from notarykit_pkcs11.token.session import TokenSession


class TokenKey:
    """The key that a URI names."""

    def __init__(self, uri: KeyUri, module: Module, pins: PinSource) -> None:
        """Names the key; nothing is asked yet."""
        self._uri = uri
        self._access = Access(module, uri)
        self._pins = pins

    @property
    def identity(self) -> tuple[str, str]:
        """The module and the URI; which token that is may change."""
        return self._access.module.path, self._uri.text

    def versions(self) -> Iterator[TokenVersion]:
        """The key itself: keys on tokens have no versions.

        Raises:
            PluginError: There is no such token or key, there are several, or the token does not answer.
        """
        yield self._access.use(self._read)

    def certificates(self, version: KeyVersion) -> Sequence[bytes]:
        """All certificates of the token; of those for this key, the ones with its CKA_ID if there are any."""
        assert isinstance(version, TokenVersion)
        found: list[Stored] = []
        own: list[Stored] = []

        def look(session: TokenSession) -> None:
            found[:] = certificates(session.objects(CERTIFICATES))
            own[:] = [each for each in found if has_key(each.certificate, version.public_key)]
            if not own:  # a module that was disturbed while it read the card shows less than all
                raise DisturbedError(_NoCertificateError(), is_missing=True)

        with suppress(_NoCertificateError):
            self._access.use(look)
        preferred = [each for each in own if version.id and each.id == version.id] or own
        return [each.der for each in (*preferred, *(each for each in found if each not in own))]

    def attach(self, version: KeyVersion, chain: Sequence[bytes]) -> bool:
        """Stores a chain on the token, the leaf with the key's CKA_ID and in the place of others that it has.

        Returns:
            False where the token takes no certificate from this user; a chain is stored as a whole or not at all.
        """
        assert isinstance(version, TokenVersion)
        return self._access.use(lambda session: store(session, self._pins, chain, version.id, version.label))

    def sign(self, message: bytes, spec: KeySpec) -> tuple[bytes, str]:
        """What the private key makes of a message, and the token's name."""

        def act(session: TokenSession) -> tuple[bytes, str]:
            if session.wants_login and session.needs_login:
                session.log_in(self._pins)
            key = session.private_keys.get(self._uri.text)
            if key is None:
                key = PrivateKey(private_key(session, self._uri, self._pins), session)
                session.private_keys[self._uri.text] = key
            return key.sign(message, spec, self._pins), session.name

        return self._access.use(act)

    def _read(self, session: TokenSession) -> TokenVersion:
        """The key, from public objects where they tell enough, else after a login."""
        if session.needs_login and not private_keys(session, self._uri):
            public = public_objects(session, self._uri)
            if len({identity(each)[0] for each in public}) == 1:
                id_, label = identity(public[0])
                found = public_key(session, id_, label)
                if found is not None:
                    return TokenVersion(self, uri_of(session.where, label, id_), id_, label, found)
        item = private_key(session, self._uri, self._pins)
        id_, label = identity(item)
        found = public_key(session, id_, label) or public_key_in(item)
        if found is None:
            raise PluginValidationError(
                f"{session.name}: there is neither a public key nor a certificate for the key {shown(session, item)}",
                advice="store one of them on the token, with the same CKA_ID as the private key",
            )
        return TokenVersion(self, shown(session, item), id_, label, found)


class _NoCertificateError(PluginError):
    """The token has no certificate for the key, as it stays after some looks."""

    def __init__(self) -> None:
        super().__init__("no certificate")


class TokenVersion:
    """A key as it was found.

    Attributes:
        name: Its URI.
        id: Its CKA_ID.
        label: Its label.
        public_key: Its public key.
    """

    def __init__(self, key: TokenKey, name: str, id: bytes, label: str, public_key: PublicKeyTypes) -> None:  # noqa: A002
        """Takes what was read."""
        self._key = key
        self.name = name
        self.id = id
        self.label = label
        self.public_key = public_key

    def sign(self, message: bytes, spec: KeySpec) -> bytes:
        """A signature over a message, which fits the public key: salt, hash and form are checked with it.

        Raises:
            PluginAccessDeniedError: There is no PIN, it is wrong, or nobody touched the token.
            PluginError: The token cannot make it, or makes another.
        """
        signature, token = self._key.sign(message, spec)
        try:
            check(self.public_key, spec, signature, message)
        except (InvalidSignature, ValueError):
            raise PluginError(
                f"{token} made no {spec.signing_algorithm} signature that fits the public key of {self.name}",
                advice="see 'notarykit plugin doctor pkcs11'; other objects may have the key's CKA_ID",
            ) from None
        return signature
