"""The road of signing: formats, times, metadata and expiry."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notarykit._internal.version import __version__
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import (
    EnvelopeError,
    UsageError,
)
from notarykit.keys.chain import check_chain
from notarykit.keys.local import LocalSigner
from notarykit.signing.envelope import SignedEnvelope, sign_descriptor
from notarykit.signing.options import SignOptions
from tests.support.ca import NOT_BEFORE, SPECS, TestChain, make_chain
from tests.support.envelopes import (
    DIGEST,
    FORMATS,
    JWS,
    PAYLOAD_TYPE,
)
from tests.unit.signers import CHAIN, Key

_NOW = NOT_BEFORE + timedelta(days=10)
_SECOND = timedelta(seconds=1)
_ARTIFACT = Descriptor("application/vnd.oci.image.manifest.v1+json", DIGEST, 16724)


def _local(chain: TestChain = CHAIN) -> LocalSigner:
    return LocalSigner(chain.leaf_key, check_chain(chain.ders))


def _sign(signer: Any = None, **changes: Any) -> SignedEnvelope:
    return sign_descriptor(_ARTIFACT, signer or _local(), SignOptions(**{"now": _NOW, **changes}))


def _payload(signed: SignedEnvelope) -> Any:
    return json.loads(parse_envelope(signed.envelope, signed.media_type).unverified_payload)


# Both formats and all keys


@pytest.mark.requirement("plugin:payload-to-sign", "workflow:sign", "workflow:sign-format")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_signs_with_each_key(media_type: str, spec: str) -> None:
    """A signature of each format with each key is intact and says what was asked."""
    chain = make_chain(spec)
    signed = _sign(_local(chain), media_type=media_type)
    assert signed.media_type == media_type
    assert signed.content.target == _ARTIFACT
    assert signed.content.chain.ders == chain.ders
    attributes = signed.content.attributes
    assert (attributes.key_spec.name, attributes.content_type) == (spec, PAYLOAD_TYPE)
    assert (attributes.signing_scheme, attributes.signing_time) == ("notary.x509", _NOW)
    assert (attributes.expiry, attributes.extended) == (None, ())
    assert signed.content.timestamp_signature is None
    assert signed.content.signing_agent == f"notarykit/{__version__}"
    assert not signed.annotations


def test_jws_is_the_default() -> None:
    """Without a format it is JWS."""
    assert _sign().media_type == JWS


@pytest.mark.requirement("workflow:sign-format")
@pytest.mark.parametrize("media_type", ["", "application/json", "application/jose"])
def test_other_formats_are_refused(media_type: str) -> None:
    """An unknown format is refused before the key signs."""
    key = Key()
    with pytest.raises(EnvelopeError, match="is not supported"):
        _sign(key, media_type=media_type)
    assert not key.asked


def test_the_present_is_the_signing_time() -> None:
    """Without a time the signing time is now, to the second."""
    before = datetime.now(UTC).replace(microsecond=0)
    time = sign_descriptor(_ARTIFACT, _local()).content.attributes.signing_time
    assert time is not None
    assert before <= time <= datetime.now(UTC)
    assert time.microsecond == 0


@pytest.mark.parametrize("media_type", FORMATS)
def test_the_agent(media_type: str) -> None:
    """The envelope names the software that the caller says."""
    assert _sign(media_type=media_type, agent="mine/2.0").content.signing_agent == "mine/2.0"


@pytest.mark.parametrize("media_type", FORMATS)
def test_only_the_content_is_signed(media_type: str) -> None:
    """Annotations and artifact type of the artifact's descriptor are not signed."""
    artifact = _ARTIFACT._replace(annotations={"tag": "v1"}, artifact_type="application/x")
    signed = sign_descriptor(artifact, _local(), SignOptions(media_type=media_type, now=_NOW))
    target = {"mediaType": _ARTIFACT.media_type, "digest": DIGEST, "size": 16724}
    assert _payload(signed) == {"targetArtifact": target}


# User metadata


@pytest.mark.requirement("signature:payload-annotations", "plugin:signed-metadata", "workflow:sign-metadata")
@pytest.mark.parametrize("media_type", FORMATS)
def test_user_metadata(media_type: str) -> None:
    """The user's metadata is signed as annotations of the payload."""
    metadata = {"b": "2", "a": "", "é": "ü<>&", "io.cncf": "x", "IO.CNCF.NOTARY": "x"}
    signed = _sign(media_type=media_type, user_metadata=metadata)
    assert signed.content.target.annotations == metadata
    assert _payload(signed)["targetArtifact"]["annotations"] == metadata


@pytest.mark.requirement("signature:reserved-annotations")
@pytest.mark.parametrize(
    "key", ["io.cncf.notary", "io.cncf.notary.x", "io.cncf.notary.x509chain.thumbprint#S256", "io.cncf.notaryx"]
)
def test_reserved_metadata(key: str) -> None:
    """The specification's own prefix is refused before the key signs."""
    signer = Key()
    with pytest.raises(UsageError) as caught:
        _sign(signer, user_metadata={"a": "b", key: "x"})
    assert caught.value.message == f"user metadata key {key!r} starts with the reserved prefix 'io.cncf.notary'"
    assert caught.value.exit_code == 2
    assert not signer.asked


# Expiry


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("expires_in", [_SECOND, timedelta(hours=24), timedelta(days=36500)])
def test_expiry(media_type: str, expires_in: timedelta) -> None:
    """The expiry is counted from the signing time, and may lie beyond the certificates' validity."""
    attributes = _sign(
        media_type=media_type, expires_in=expires_in, now=_NOW + timedelta(microseconds=999_999)
    ).content.attributes
    assert (attributes.signing_time, attributes.expiry) == (_NOW, _NOW + expires_in)


@pytest.mark.parametrize(
    "expires_in",
    [
        timedelta(0),
        -_SECOND,
        timedelta(milliseconds=999),
        _SECOND * 1.5,
        timedelta(days=1, microseconds=1),
        timedelta.min,
    ],
)
def test_expiries_that_are_none(expires_in: timedelta) -> None:
    """An expiry is a whole number of seconds, at least one; anything else is refused before the key signs."""
    signer = Key()
    with pytest.raises(UsageError, match=r"^expiry must be a whole number of seconds, at least one$"):
        _sign(signer, expires_in=expires_in)
    assert not signer.asked


@pytest.mark.parametrize("expires_in", [timedelta(days=365 * 8000), timedelta.max.days * timedelta(days=1)])
def test_an_expiry_that_is_no_time(expires_in: timedelta) -> None:
    """An expiry beyond the last year is refused before the key signs."""
    signer = Key()
    with pytest.raises(UsageError, match=r"^expiry lies beyond the year 9999$"):
        _sign(signer, expires_in=expires_in)
    assert not signer.asked
