"""Signing of artifacts that have no signature by the signer's certificate yet."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notarykit.envelope.builder import with_timestamp
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import SigningKeyError
from notarykit.keys.chain import Chain
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Tag
from notarykit.signing.artifact import SignedArtifact, sign_artifact
from notarykit.signing.envelope import sign_descriptor
from notarykit.signing.once import AlreadySigned, SignOnce
from notarykit.signing.options import SignOptions
from tests.support.ca import NOT_BEFORE, make_chain
from tests.support.envelopes import COSE, FORMATS, JWS, sign_envelope
from tests.support.signatures import flipped
from tests.unit.oci.layouts import Layout, entry
from tests.unit.signers import CHAIN, Envelopes, Key

_NOW = NOT_BEFORE + timedelta(days=10)
_OPTIONS = SignOptions(now=_NOW)
_ANOTHER = make_chain("EC-384")


class _Place:
    """Layout with two artifacts.

    Attributes:
        image: The layout as it is read.
    """

    def __init__(self, folder: Path) -> None:
        layout = Layout(folder)
        layout.write_index([layout.put_artifact("one", tag="v1"), layout.put_artifact("two", tag="v2")])
        self.layout, self.image = layout, ImageLayout(layout.path)

    def sign(self, chain: Any = CHAIN, tag: str = "v1", **options: Any) -> Descriptor:
        """Signs and returns the descriptor of the signature's manifest."""
        return sign_artifact(self.image, Tag(tag), Key(chain), SignOptions(**{"now": _NOW, **options})).manifest

    def attach(self, envelope: bytes, media_type: str = JWS, tag: str = "v1") -> None:
        """Stores an envelope as a signature."""
        self.image.push_signature(self.image.resolve(Tag(tag)), media_type, envelope, {})

    def count(self, tag: str = "v1") -> int:
        """Returns the number of signatures."""
        return len(list(self.image.signatures(self.image.resolve(Tag(tag)))))


@pytest.fixture
def place(tmp_path: Path) -> _Place:
    """A layout with two artifacts."""
    return _Place(tmp_path / "layout")


def _is_signed(place: _Place, options: SignOptions = _OPTIONS, signer: Any = None) -> bool:
    """Returns True if the artifact counts as signed; otherwise it is signed now, which is checked."""
    before = place.count()
    outcome = SignOnce(signer or Key(), options).begin(place.image, Tag("v1"))
    if isinstance(outcome, AlreadySigned):
        assert place.count() == before
        return True
    assert isinstance(outcome[0], SignedArtifact)
    assert place.count() == before + 1
    return False


def test_artifact_without_a_signature_is_signed(place: _Place) -> None:
    """An artifact without signatures is signed, with one signature of the key, and counts as signed afterwards."""
    signer = Key()
    assert not _is_signed(place, signer=signer)
    assert len(signer.asked) == 1
    assert _is_signed(place)


@pytest.mark.parametrize("media_type", FORMATS)
def test_signature_by_the_certificate_counts_in_either_format(place: _Place, media_type: str) -> None:
    """A signature by the same certificate is returned, whichever of the formats it has."""
    manifest = place.sign(media_type=media_type)
    outcome = SignOnce(Key(), _OPTIONS._replace(media_type=COSE)).begin(place.image, Tag("v1"))
    assert isinstance(outcome, AlreadySigned)
    assert outcome.manifest == manifest
    assert outcome.artifact == place.image.resolve(Tag("v1"))
    assert outcome.content.chain.ders == CHAIN.ders
    assert outcome.content.media_type == media_type


def test_certificate_is_learned_once(place: _Place) -> None:
    """The signer signs once to tell its certificate, and then no more for artifacts that have a signature."""
    place.sign()
    place.sign(tag="v2")
    signer = Key()
    once = SignOnce(signer, _OPTIONS)
    for tag in ("v1", "v2", "v1"):
        assert isinstance(once.begin(place.image, Tag(tag)), AlreadySigned)
    assert len(signer.asked) == 1


def test_key_that_fails_is_an_error(place: _Place) -> None:
    """Where the certificate cannot be learned, the artifact is neither signed nor signed already."""

    def fail(_: bytes) -> bytes:
        raise SigningKeyError("no key today")

    place.sign()
    with pytest.raises(SigningKeyError):
        SignOnce(Key(sign=fail), _OPTIONS).begin(place.image, Tag("v1"))
    assert place.count() == 1


def test_signer_of_whole_envelopes(place: _Place) -> None:
    """A signer that makes whole envelopes tells its certificate by one as well."""
    place.sign()
    assert _is_signed(place, signer=Envelopes(lambda payload: sign_envelope(CHAIN, JWS, payload, now=_NOW)))


def test_another_certificate_does_not_count(place: _Place) -> None:
    """Signatures by other certificates do not count, and one of ours behind them does."""
    place.sign(_ANOTHER)
    assert not _is_signed(place)
    assert _is_signed(place)


@pytest.mark.parametrize("media_type", FORMATS)
def test_signature_that_does_not_hold_does_not_count(place: _Place, media_type: str) -> None:
    """A signature with our certificate over changed content does not count."""
    manifest = place.sign(tag="v2", media_type=media_type)
    envelope = place.image.fetch_signature(manifest).envelope
    place.attach(flipped(envelope, media_type), media_type)
    assert not _is_signed(place)


def test_signature_over_another_artifact_does_not_count(place: _Place) -> None:
    """A signature of ours over another artifact, attached to this one, does not count."""
    place.attach(place.image.fetch_signature(place.sign(tag="v2")).envelope)
    assert not _is_signed(place)


@pytest.mark.parametrize("envelope", [b"", b"garbage", b"[" * 10_000])
def test_malformed_signature_does_not_count(place: _Place, envelope: bytes) -> None:
    """What cannot be read as an envelope does not count and stops nothing."""
    place.attach(envelope)
    assert not _is_signed(place)


def test_absent_envelope_does_not_count(place: _Place) -> None:
    """A signature whose envelope is absent does not count and stops nothing."""
    manifest = place.sign()
    place.layout.blob_path(entry(place.image.fetch_signature(manifest).envelope)["digest"]).unlink()
    assert not _is_signed(place)


@pytest.mark.parametrize(("later", "counts"), [(timedelta(hours=23), True), (timedelta(days=1), False)])
def test_expired_signature_does_not_count(place: _Place, later: timedelta, counts: bool) -> None:
    """A signature counts until it expires."""
    place.sign(expires_in=timedelta(days=1))
    assert _is_signed(place, _OPTIONS._replace(now=_NOW + later)) == counts


@pytest.mark.parametrize(
    ("present", "requested", "counts"),
    [
        ({"build": "42"}, {}, True),
        ({"build": "42", "os": "linux"}, {"build": "42"}, True),
        ({}, {"build": "42"}, False),
        ({"build": "41"}, {"build": "42"}, False),
    ],
)
def test_requested_metadata_must_be_signed(
    place: _Place, present: dict[str, str], requested: dict[str, str], counts: bool
) -> None:
    """A signature counts if it has all requested user metadata; further ones do not matter."""
    place.sign(user_metadata=present)
    assert _is_signed(place, _OPTIONS._replace(user_metadata=requested)) == counts


class _Stamps:
    """Source of a token that is not read, and a count of its calls."""

    calls = 0

    def stamp(self, signature: bytes, chain: Chain, now: datetime) -> bytes:
        """Returns the token."""
        del signature, chain, now
        self.calls += 1
        return b"token"


@pytest.mark.parametrize("is_present", [True, False])
def test_requested_timestamp_must_be_there(place: _Place, is_present: bool) -> None:
    """Where a timestamp is requested, a signature without one does not count; learning asks for none."""
    envelope = place.image.fetch_signature(place.sign()).envelope
    for signature in list(place.image.signatures(place.image.resolve(Tag("v1")))):
        place.layout.blob_path(signature.digest).unlink()
    place.attach(with_timestamp(envelope, JWS, b"token") if is_present else envelope)
    stamps = _Stamps()
    assert _is_signed(place, _OPTIONS._replace(timestamper=stamps)) == is_present
    assert stamps.calls == (not is_present)


def test_sizes_and_types_must_agree(place: _Place) -> None:
    """A signature over our digest with another size does not count."""
    artifact = place.image.resolve(Tag("v1"))
    place.attach(sign_descriptor(artifact._replace(size=artifact.size + 1), Key(), _OPTIONS).envelope)
    assert not _is_signed(place)
