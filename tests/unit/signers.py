"""Signers for tests: holders of keys and makers of envelopes that do what they are told."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from notarykit.envelope.signer import EnvelopeSigner, SignedPayload
from notarykit.keys.signature import RawSignature
from notarykit.keys.spec import KeySpec, key_spec
from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import primitive

CHAIN = make_chain()


class Key:
    """A signer that hands out what it is told.

    Attributes:
        agent: Signing agent that its signatures name.
        chain: Its chain.
        asked: What it was to sign.
    """

    def __init__(
        self, chain: TestChain = CHAIN, sign: Callable[[bytes], bytes] | None = None, spec: str | None = None
    ) -> None:
        self.chain = chain
        self._sign = sign or (lambda message: primitive(chain, message))
        self._spec = spec or chain.spec
        self.asked: list[bytes] = []
        self.agent = ""

    def key_spec(self) -> KeySpec:
        """The spec of its chain, or the one that it is told to name."""
        return key_spec(self._spec)

    def sign(self, to_be_signed: bytes) -> RawSignature:
        """The signature that it is told to make, and its chain."""
        self.asked.append(to_be_signed)
        return RawSignature(self._sign(to_be_signed), self.chain.ders, self.agent)


class Envelopes(EnvelopeSigner):
    """Makes the envelope that it is told to make around the payload that it is given.

    Attributes:
        asked: Payload, format and expiry of each call.
    """

    def __init__(self, make: Callable[[bytes], bytes], annotations: Mapping[str, str] | None = None) -> None:
        self._make = make
        self._annotations = annotations or {}
        self.asked: list[tuple[bytes, str, timedelta | None]] = []

    def sign_payload(self, payload: bytes, media_type: str, expires_in: timedelta | None) -> SignedPayload:
        """The envelope and the annotations."""
        self.asked.append((payload, media_type, expires_in))
        return SignedPayload(self._make(payload), self._annotations)
