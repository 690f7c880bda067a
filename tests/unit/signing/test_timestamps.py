"""Signing with a timestamp: every envelope gets one, whoever makes it, or nothing is signed."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from notarykit.envelope.attributes import SIGNING_AUTHORITY
from notarykit.envelope.builder import with_timestamp
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import TimestampError, UsageError
from notarykit.keys.chain import Chain
from notarykit.signing.envelope import sign_descriptor
from notarykit.signing.options import SignOptions
from tests.support.ca import NOT_BEFORE
from tests.support.envelopes import FORMATS, sign_envelope
from tests.unit.signers import CHAIN, Envelopes, Key
from tests.unit.verification.setting import ARTIFACT

_NOW = NOT_BEFORE + timedelta(days=10)


class _Stamps:
    """Gives a token that nobody looks at.

    Attributes:
        asked: The signatures that were to be stamped, and their chains.
    """

    def __init__(self, token: bytes = b"token") -> None:
        self._token = token
        self.asked: list[tuple[bytes, Chain]] = []

    def stamp(self, signature: bytes, chain: Chain, _: datetime) -> bytes:
        """The token."""
        self.asked.append((signature, chain))
        return self._token


class _Fails:
    """Gives no token."""

    def stamp(self, *_: Any) -> bytes:
        """Nothing."""
        raise TimestampError("no timestamp: none today")


def _envelopes(media_type: str, **changes: Any) -> Envelopes:
    return Envelopes(lambda payload: sign_envelope(CHAIN, media_type, payload, now=_NOW, **changes))


@pytest.mark.requirement("plugin:raw-timestamp")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("made_by", ["a key", "a plugin", "a plugin that stamps itself"])
def test_every_envelope_gets_one(media_type: str, made_by: str) -> None:
    """The primitive signature is stamped, and the rest of the envelope stays as it was."""
    own = {"timestamp": b"its own"} if made_by == "a plugin that stamps itself" else {}
    signer = Key() if made_by == "a key" else _envelopes(media_type, **own)
    stamps = _Stamps()
    signed = sign_descriptor(ARTIFACT, signer, SignOptions(media_type=media_type, now=_NOW, timestamper=stamps))
    found = parse_envelope(signed.envelope, media_type)
    assert found.timestamp_signature == signed.content.timestamp_signature == b"token"
    assert [asked[0] for asked in stamps.asked] == [found.signature]
    assert stamps.asked[0][1].ders == CHAIN.ders
    assert (found.unverified_chain, found.signing_agent) == (CHAIN.ders, signed.content.signing_agent)


@pytest.mark.parametrize("media_type", FORMATS)
def test_nothing_is_signed_without_it(media_type: str) -> None:
    """Where no token can be had, signing fails with what the authorities said."""
    with pytest.raises(TimestampError, match="none today"):
        sign_descriptor(ARTIFACT, Key(), SignOptions(media_type=media_type, now=_NOW, timestamper=_Fails()))


@pytest.mark.requirement("signature:timestamp-of-x509-alone")
def test_signing_authorities_have_their_own_time() -> None:
    """A timestamp counts under the scheme notary.x509 alone, so that it is refused where it would mean nothing."""
    stamps = _Stamps()
    signer = _envelopes(FORMATS[0], scheme=SIGNING_AUTHORITY)
    with pytest.raises(UsageError, match="has its authority's time") as caught:
        sign_descriptor(ARTIFACT, signer, SignOptions(now=_NOW, timestamper=stamps))
    assert "--timestamp-url" in caught.value.advice
    assert not stamps.asked


@pytest.mark.parametrize("media_type", FORMATS)
def test_a_token_is_put_in_the_place_of_another(media_type: str) -> None:
    """An envelope has one token; all other parts keep their bytes."""
    envelope = sign_envelope(CHAIN, media_type, now=_NOW)
    twice = with_timestamp(with_timestamp(envelope, media_type, b"first"), media_type, b"second")
    found, before = parse_envelope(twice, media_type), parse_envelope(envelope, media_type)
    assert found == before._replace(timestamp_signature=b"second")
