"""Signing of blobs: the digest by the key's hash, and nothing that a verifier would refuse."""

import hashlib
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from notarykit.blob.content import OCTET_STREAM, StreamBlob
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitError, PluginResponseError, SigningKeyError, UsageError
from notarykit.keys.spec import KEY_SPECS, KeySpec, key_spec
from notarykit.oci.manifest import MANIFEST_TYPES
from notarykit.signing.blob import sign_blob
from notarykit.signing.options import SignOptions
from tests.support.ca import NOT_BEFORE, make_chain
from tests.support.envelopes import FORMATS, sign_envelope
from tests.unit.signers import CHAIN, Envelopes, Key

_NOW = NOT_BEFORE + timedelta(days=10)
_OPTIONS = SignOptions(now=_NOW)
# Signature specification, "Algorithm Selection".
_HASHES = {
    "RSA-2048": "sha256",
    "RSA-3072": "sha384",
    "RSA-4096": "sha512",
    "EC-256": "sha256",
    "EC-384": "sha384",
    "EC-521": "sha512",
}


def _blob(body: bytes = b"hello") -> StreamBlob:
    return StreamBlob(io.BytesIO(body))


@pytest.mark.requirement(
    "signature:payload-blob-descriptor",
    "signature:payload-blob-digest-algorithm",
    "plugin:blob-digest",
    "workflow:sign-blob",
)
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", KEY_SPECS)
def test_the_key_decides_the_digest(spec: str, media_type: str) -> None:
    """The payload has the blob's length, its digest by the hash of the key's spec, and the default media type."""
    signed = sign_blob(_blob(), Key(make_chain(spec)), _OPTIONS._replace(media_type=media_type))
    digest = f"{_HASHES[spec]}:{hashlib.new(_HASHES[spec], b'hello').hexdigest()}"
    assert signed.blob == Descriptor(OCTET_STREAM, digest, 5)
    assert signed.signature.content.target == signed.blob
    assert signed.signature.media_type == media_type


@pytest.mark.requirement("signature:payload-annotations", "workflow:sign-metadata")
def test_what_is_signed_along() -> None:
    """The media type is the user's, and metadata are annotations of the payload."""
    options = _OPTIONS._replace(user_metadata={"build": "42"}, expires_in=timedelta(hours=1))
    signed = sign_blob(_blob(b""), Key(), options, "text/plain; charset=utf-8")
    target = signed.signature.content.target
    assert (target.media_type, target.size, target.annotations) == ("text/plain; charset=utf-8", 0, {"build": "42"})
    assert signed.blob.annotations == {}


@pytest.mark.parametrize(
    "media_type", ["", "text", "text/", "/plain", "text/pl ain", "text/plain;", "a/b; c", "a/b\n", "a/b;c=d;C=d"]
)
def test_malformed_media_types(media_type: str) -> None:
    """What is no media type is refused before the key is used."""
    key = Key()
    with pytest.raises(UsageError, match="is malformed"):
        sign_blob(_blob(), key, _OPTIONS, media_type)
    assert not key.asked


@pytest.mark.parametrize("media_type", [*MANIFEST_TYPES, f"{MANIFEST_TYPES[0].upper()}", f"{MANIFEST_TYPES[0]} ;a=b"])
def test_media_types_of_artifacts(media_type: str) -> None:
    """The signature of a blob with an artifact's media type would be the artifact's own, so it is not made."""
    key = Key()
    with pytest.raises(UsageError, match="is the media type of an artifact"):
        sign_blob(_blob(), key, _OPTIONS, media_type)
    assert not key.asked


class _Unread:
    name = "unread"

    def size(self) -> int | None:
        pytest.fail("the blob was looked at")

    def describe(self, media_type: str, algorithm: str, most: int | None = None) -> Descriptor:
        pytest.fail("the blob was read")


@pytest.mark.parametrize(
    "options", [SignOptions(expires_in=timedelta(milliseconds=1)), SignOptions(expires_in=timedelta.max)]
)
def test_wrong_options_are_found_first(options: SignOptions) -> None:
    """An expiry that is no time is said before a large blob is read."""
    with pytest.raises(UsageError, match="expiry"):
        sign_blob(_Unread(), Key(), options)


class _Enveloping(Envelopes):
    """A maker of envelopes that names its key's spec."""

    def __init__(self, spec: str, make: Any) -> None:
        super().__init__(make)
        self._spec = spec

    def key_spec(self) -> KeySpec:
        return key_spec(self._spec)


@pytest.mark.requirement("plugin:blob-digest", "plugin:blob-signature")
@pytest.mark.parametrize("spec", ["EC-384", "RSA-4096"])
def test_makers_of_envelopes_name_the_key(spec: str) -> None:
    """The blob is described by the key that describe-key told of, and the payload is signed as it is."""
    chain = make_chain(spec)
    signer = _Enveloping(spec, lambda payload: sign_envelope(chain, payload=payload, now=_NOW))
    signed = sign_blob(_blob(), signer, _OPTIONS)
    (payload, _, _), *_ = signer.asked
    assert json.loads(payload)["targetArtifact"]["digest"] == signed.blob.digest
    assert signed.blob.digest.startswith(f"{_HASHES[spec]}:")


@pytest.mark.requirement("signature:payload-blob-digest-algorithm")
def test_a_maker_of_envelopes_that_used_another_key() -> None:
    """A digest that verifiers do not accept with the certificate is the maker's mistake, and is found here."""
    signer = _Enveloping("EC-384", lambda payload: sign_envelope(CHAIN, payload=payload, now=_NOW))
    with pytest.raises(PluginResponseError, match=r"digest is by sha384.*needs sha256"):
        sign_blob(_blob(), signer, _OPTIONS)


@pytest.mark.requirement("plugin:blob-key-description")
def test_a_maker_of_envelopes_for_artifacts_alone() -> None:
    """A signer that knows no key spec signs no blobs, and says so before the blob is read."""
    with pytest.raises(SigningKeyError, match="signs artifacts and no blobs"):
        sign_blob(_Unread(), Envelopes(lambda payload: payload), _OPTIONS)


@pytest.mark.requirement("plugin:blob-signature")
def test_a_key_that_signs_something_else() -> None:
    """A signature that does not hold is found before anybody gets it."""
    with pytest.raises(NotarykitError, match="does not hold"):
        sign_blob(_blob(), Key(sign=lambda _: bytes(64)), _OPTIONS)
