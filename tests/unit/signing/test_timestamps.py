"""Signing with a timestamp: every envelope that is made here gets one, or nothing is signed."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from notarykit.blob.content import StreamBlob
from notarykit.envelope.builder import with_timestamp
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import PluginResponseError, TimestampError, UsageError
from notarykit.keys.chain import Chain
from notarykit.signing.blob import sign_blob
from notarykit.signing.envelope import sign_descriptor
from notarykit.signing.options import SignOptions
from tests.support.ca import NOT_BEFORE, make_chain
from tests.support.envelopes import FORMATS, sign_envelope
from tests.support.token_changes import Accuracy, TokenChanges
from tests.support.tokens import make_token
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


@pytest.mark.requirement("plugin:raw-timestamp", "workflow:timestamp-embedded", "workflow:timestamp-hash")
@pytest.mark.parametrize("media_type", FORMATS)
def test_every_envelope_gets_one(media_type: str) -> None:
    """The primitive signature is stamped, and the rest of the envelope stays as it was."""
    stamps = _Stamps()
    signed = sign_descriptor(ARTIFACT, Key(), SignOptions(media_type=media_type, now=_NOW, timestamper=stamps))
    found = parse_envelope(signed.envelope, media_type)
    assert found.timestamp_signature == signed.content.timestamp_signature == b"token"
    assert [asked[0] for asked in stamps.asked] == [found.signature]
    assert stamps.asked[0][1].ders == CHAIN.ders
    assert (found.unverified_chain, found.signing_agent) == (CHAIN.ders, signed.content.signing_agent)


@pytest.mark.requirement("workflow:timestamp-failure")
@pytest.mark.parametrize("media_type", FORMATS)
def test_nothing_is_signed_without_it(media_type: str) -> None:
    """Where no token can be had, signing fails with what the authorities said."""
    with pytest.raises(TimestampError, match="none today"):
        sign_descriptor(ARTIFACT, Key(), SignOptions(media_type=media_type, now=_NOW, timestamper=_Fails()))


@pytest.mark.parametrize("media_type", FORMATS)
def test_a_token_is_put_in_the_place_of_another(media_type: str) -> None:
    """An envelope has one token; all other parts keep their bytes."""
    envelope = sign_envelope(CHAIN, media_type, now=_NOW)
    twice = with_timestamp(with_timestamp(envelope, media_type, b"first"), media_type, b"second")
    found, before = parse_envelope(twice, media_type), parse_envelope(envelope, media_type)
    assert found == before._replace(timestamp_signature=b"second")


# Envelopes of plugins


def _with_token(media_type: str, make: Callable[[bytes], bytes]) -> Envelopes:
    """A plugin that makes envelopes with a timestamp of its own."""

    def stamped(payload: bytes) -> bytes:
        envelope = sign_envelope(CHAIN, media_type, payload, now=_NOW)
        return with_timestamp(envelope, media_type, make(parse_envelope(envelope, media_type).signature))

    return Envelopes(stamped)


def _token(signature: bytes, **changes: Any) -> bytes:
    return make_token(signature, _AUTHORITY, TokenChanges(**{"gen_time": _NOW, **changes}))


_AUTHORITY = make_chain(purpose="timestamping")


@pytest.mark.requirement("plugin:plugin-timestamp-untouched")
@pytest.mark.parametrize("media_type", FORMATS)
def test_envelopes_of_plugins_are_not_stamped(media_type: str) -> None:
    """Who makes whole envelopes makes their timestamps; that is said before a key is used or a blob read."""
    stamps, signer, blob = _Stamps(), _with_token(media_type, _token), io.BytesIO(b"blob")
    options = SignOptions(media_type=media_type, now=_NOW, timestamper=stamps)
    with pytest.raises(UsageError, match="timestamps are its own") as caught:
        sign_descriptor(ARTIFACT, signer, options)
    assert "--timestamp-url" in caught.value.advice
    with pytest.raises(UsageError, match="timestamps are its own"):
        sign_blob(StreamBlob(blob), signer, options)
    assert (stamps.asked, signer.asked, blob.tell()) == ([], [], 0)


@pytest.mark.requirement("plugin:plugin-timestamp-form")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("certificates", ["all", "without root", "leaf"])
def test_a_plugins_own_timestamp_stays(media_type: str, certificates: str) -> None:
    """A timestamp of the plugin's is kept as it is, whoever made it, and whether its root comes along or not."""
    made: list[bytes] = []

    def make(signature: bytes) -> bytes:
        made.append(_token(signature, certificates=certificates))
        return made[-1]

    signed = sign_descriptor(ARTIFACT, _with_token(media_type, make), SignOptions(media_type=media_type, now=_NOW))
    assert [signed.content.timestamp_signature] == made


@pytest.mark.requirement("plugin:plugin-timestamp-form", "signature:timestamp-of-x509-alone")
@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda _: b"token", "malformed"),
        (lambda _: _token(b"another"), "token is for another signature"),
        (lambda signature: _token(signature, corrupt_signature=True), "the signature does not hold"),
        (lambda signature: _token(signature, ess_v2=None), "signing-certificate-v2 is absent"),
        (lambda signature: make_token(signature, CHAIN, TokenChanges(gen_time=_NOW)), "signing certificate .*extended"),
        (lambda signature: _token(signature, gen_time=NOT_BEFORE, accuracy=Accuracy(1)), "is not valid before"),
    ],
    ids=["garbage", "another signature's", "does not hold", "without its certificate's hash", "code signer's", "early"],
)  # fmt: skip
def test_a_plugins_bad_timestamp_is_refused(make: Callable[[bytes], bytes], problem: str) -> None:
    """A timestamp that no verifier would accept is the plugin's mistake, and found before anything is stored."""
    with pytest.raises(PluginResponseError, match=f"the envelope's timestamp does not hold: .*{problem}"):
        sign_descriptor(ARTIFACT, _with_token(FORMATS[0], make), SignOptions(media_type=FORMATS[0], now=_NOW))
