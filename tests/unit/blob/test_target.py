"""The blob that a signature has to be for: read by the key's hash algorithm, and only where the rest fits."""

import io
from pathlib import Path

import pytest

from notarykit.blob.content import StreamBlob
from notarykit.blob.target import BlobTarget
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import IntegrityError
from notarykit.keys.spec import KEY_SPECS
from notarykit.oci.manifest import MANIFEST_TYPES

_SIGNED = Descriptor("text/plain", "sha384:" + "0" * 96, 5)


class _Blob:
    name = "the blob"

    def __init__(self, size: int | None) -> None:
        self._size = size
        self.asked: list[tuple[str, str, int | None]] = []

    def size(self) -> int | None:
        return self._size

    def describe(self, media_type: str, algorithm: str, most: int | None = None) -> Descriptor:
        self.asked.append((media_type, algorithm, most))
        return Descriptor(media_type, f"{algorithm}:found", 5)


@pytest.mark.requirement("signature:payload-blob-digest-algorithm", "trust:blob-payload", "workflow:blob-digest")
@pytest.mark.parametrize("size", [5, None])
@pytest.mark.parametrize("media_type", ["", "text/plain"])
@pytest.mark.parametrize("spec", ["RSA-3072", "EC-384"])
def test_is_read_by_the_hash_of_the_key(spec: str, media_type: str, size: int | None) -> None:
    """The blob is described with the signed media type, by the hash algorithm of the signing key."""
    blob = _Blob(size)
    found = BlobTarget(blob, media_type).describe(_SIGNED, KEY_SPECS[spec])
    assert found == Descriptor("text/plain", "sha384:found", 5)
    assert blob.asked == [("text/plain", "sha384", 5)]


@pytest.mark.requirement(
    "signature:payload-blob-digest-algorithm",
    "signature:payload-blob-size",
    "workflow:blob-media-type",
    "workflow:blob-size",
)
@pytest.mark.parametrize(
    ("target", "spec", "reason"),
    [
        (BlobTarget(_Blob(6)), "EC-384", "for 5 bytes, and the blob has 6"),
        (BlobTarget(_Blob(5), "text/html"), "EC-384", "media type 'text/plain', not for 'text/html'"),
        (BlobTarget(_Blob(5)), "EC-256", "digest by sha384, and a key of EC-256 signs blobs by sha256"),
        (BlobTarget(_Blob(5)), "RSA-4096", "digest by sha384, and a key of RSA-4096 signs blobs by sha512"),
    ],
)
def test_is_not_read_where_the_rest_does_not_fit(target: BlobTarget, spec: str, reason: str) -> None:
    """Another size, media type or hash algorithm is refused before the blob is read."""
    with pytest.raises(IntegrityError, match=reason):
        target.describe(_SIGNED, KEY_SPECS[spec])
    assert isinstance(target.blob, _Blob)
    assert not target.blob.asked


@pytest.mark.parametrize("media_type", [*MANIFEST_TYPES, MANIFEST_TYPES[0].upper(), f"{MANIFEST_TYPES[0]} ; a=b"])
def test_the_signature_of_an_artifact(media_type: str) -> None:
    """A signature of an artifact is of no blob, not even of the file that is its manifest, unless that is asked for."""
    signed = _SIGNED._replace(media_type=media_type)
    blob = _Blob(5)
    with pytest.raises(IntegrityError, match="is of an artifact") as caught:
        BlobTarget(blob).describe(signed, KEY_SPECS["EC-384"])
    assert "notarykit verify" in caught.value.advice
    assert not blob.asked
    assert BlobTarget(blob, media_type).describe(signed, KEY_SPECS["EC-384"]).media_type == media_type


def test_a_stream_that_is_longer_is_left() -> None:
    """More than was signed is another blob, however much more there is: a stream without an end is no wait for one."""
    with Path("/dev/zero").open("rb", buffering=0) as endless:
        blob = StreamBlob(endless, "standard input")
        with pytest.raises(IntegrityError, match="is for 5 bytes, and standard input has more"):
            BlobTarget(blob).describe(_SIGNED, KEY_SPECS["EC-384"])
        assert blob.position < 10_000_000
    for body, is_longer in ((b"12345", False), (b"123456", True), (b"1234", False)):
        target = BlobTarget(StreamBlob(io.BytesIO(body)))
        if is_longer:
            with pytest.raises(IntegrityError, match="has more"):
                target.describe(_SIGNED, KEY_SPECS["EC-384"])
        else:
            assert target.describe(_SIGNED, KEY_SPECS["EC-384"]).size == len(body)
