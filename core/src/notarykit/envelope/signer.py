"""Signers, which programs may implement for keys of their own."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple, Protocol

from notarykit.errors import SigningKeyError
from notarykit.keys.signature import RawSignature
from notarykit.keys.spec import KeySpec


class Signer(Protocol):
    """Signs bytes with a key: `LocalSigner`, `PluginSigner`, or an object of a program's own.

    The envelope is built around the signature here, and checked like a stranger's: a signature or chain that does not
    hold is a `PluginResponseError` or `CertificateError`, and nothing is stored.
    """

    def key_spec(self) -> KeySpec:
        """Returns the spec of the key, which decides the algorithm (signature specification, "Algorithm Selection").

        Raises:
            SigningKeyError, PluginError: The key cannot be used.
        """

    def sign(self, to_be_signed: bytes) -> RawSignature:
        """Signs bytes, which are not hashed yet.

        Args:
            to_be_signed: JWS Signing Input (RFC 7515, 5.1) or COSE `Sig_structure` (RFC 9052, 4.4).

        Returns:
            RSASSA-PSS with MGF1, both with the hash of the key's spec, and a salt as long as the hash (RFC 7518, 3.5);
            ECDSA as r||s, each as long as the curve's order (RFC 7518, 3.4), and not in DER. The chain is complete, in
            DER, leaf first, root last.

        Raises:
            SigningKeyError, PluginError: The key cannot be used, or its holder refuses.
        """


class SignedPayload(NamedTuple):
    """Envelope around a payload.

    Attributes:
        envelope: Bytes of the envelope.
        annotations: Further annotations of the signature manifest.
    """

    envelope: bytes
    annotations: Mapping[str, str] = {}


class EnvelopeSigner(ABC):
    """Base class of signers that produce complete envelopes: `PluginEnvelopeSigner`, or a class of a program's own."""

    def key_spec(self) -> KeySpec:
        """Returns the spec of the key, which decides the digest of a blob; a signer of artifacts alone needs none.

        Plugin specification, "Signature Envelope Generator", "Blob signing".

        Raises:
            SigningKeyError, PluginError: The signer signs no blobs, or the key cannot be used.
        """
        raise SigningKeyError("this signer signs artifacts and no blobs", advice="choose another key")

    @abstractmethod
    def sign_payload(self, payload: bytes, media_type: str, expires_in: timedelta | None) -> SignedPayload:
        """Signs a payload by producing a complete envelope (plugin specification, "generate-envelope").

        Args:
            payload: JSON of the payload (signature specification, "Payload"), which may get further annotations and is
                otherwise signed as it is.
            media_type: Format of the envelope, `application/jose+json` or `application/cose`.
            expires_in: Time after the signing time at which the signature expires, in whole seconds, or None.

        Raises:
            SigningKeyError, PluginError: The key cannot be used, or its holder refuses.
        """
