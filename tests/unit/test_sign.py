"""The road of signing: what is signed, and the check of what was made, whoever made it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notarykit.agent import VERSION
from notarykit.descriptor import Descriptor
from notarykit.envelope.parsing import parse
from notarykit.errors import (
    ArtifactNotFoundError,
    CertificateError,
    EnvelopeError,
    PluginResponseError,
    StorageError,
    UsageError,
)
from notarykit.keys.chain import check_chain
from notarykit.keys.local import LocalSigner
from notarykit.keys.spec import KeySpec, key_spec
from notarykit.oci.layout import ImageLayout
from notarykit.sign import SignedEnvelope, sign_artifact, sign_descriptor
from support.ca import NOT_AFTER, NOT_BEFORE, SPECS, Changes, TestChain, key_usage, make_chain
from support.envelopes import (
    COSE,
    DIGEST,
    FORMATS,
    JWS,
    PAYLOAD_TYPE,
    build,
    build_jws,
    jws_header,
    primitive,
    sign_envelope,
)  # fmt: skip
from unit.oci.layouts import Layout

_CHAIN = make_chain()
_OTHER = make_chain()
_AGAINST_A_RULE = make_chain(leaf=Changes(put=((key_usage("digital_signature", "crl_sign"), True),)))
_NOW = NOT_BEFORE + timedelta(days=10)
_SECOND = timedelta(seconds=1)
_ARTIFACT = Descriptor("application/vnd.oci.image.manifest.v1+json", DIGEST, 16724)


def _local(chain: TestChain = _CHAIN) -> LocalSigner:
    return LocalSigner(chain.leaf_key, check_chain(chain.ders))


def _sign(signer: Any = None, **changes: Any) -> SignedEnvelope:
    return sign_descriptor(_ARTIFACT, signer or _local(), **{"now": _NOW, **changes})


def _payload(signed: SignedEnvelope) -> Any:
    return json.loads(parse(signed.envelope, signed.media_type).unverified_payload)


class _Key:
    """A signer that hands out what it is told."""

    agent = ""

    def __init__(
        self, chain: TestChain = _CHAIN, sign: Callable[[bytes], bytes] | None = None, spec: str | None = None
    ) -> None:
        self.chain = chain
        self._sign = sign or (lambda message: primitive(chain, message))
        self._spec = spec or chain.spec
        self.asked: list[bytes] = []

    def key_spec(self) -> KeySpec:
        return key_spec(self._spec)

    def sign(self, to_be_signed: bytes) -> tuple[bytes, tuple[bytes, ...]]:
        self.asked.append(to_be_signed)
        return self._sign(to_be_signed), self.chain.ders


# Both formats and all keys


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
    assert signed.content.signing_agent == f"notarykit/{VERSION}"
    assert not signed.annotations


def test_jws_is_the_default() -> None:
    """Without a format it is JWS."""
    assert _sign().media_type == JWS


@pytest.mark.parametrize("media_type", ["", "application/json", "application/jose"])
def test_other_formats_are_refused(media_type: str) -> None:
    """An unknown format is refused before the key signs."""
    key = _Key()
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
    signed = sign_descriptor(artifact, _local(), media_type=media_type, now=_NOW)
    target = {"mediaType": _ARTIFACT.media_type, "digest": DIGEST, "size": 16724}
    assert _payload(signed) == {"targetArtifact": target}


# User metadata


@pytest.mark.parametrize("media_type", FORMATS)
def test_user_metadata(media_type: str) -> None:
    """The user's metadata is signed as annotations of the payload."""
    metadata = {"b": "2", "a": "", "é": "ü<>&", "io.cncf": "x", "IO.CNCF.NOTARY": "x"}
    signed = _sign(media_type=media_type, user_metadata=metadata)
    assert signed.content.target.annotations == metadata
    assert _payload(signed)["targetArtifact"]["annotations"] == metadata


@pytest.mark.parametrize(
    "key", ["io.cncf.notary", "io.cncf.notary.x", "io.cncf.notary.x509chain.thumbprint#S256", "io.cncf.notaryx"]
)
def test_reserved_metadata(key: str) -> None:
    """The specification's own prefix is refused before the key signs."""
    signer = _Key()
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
    signer = _Key()
    with pytest.raises(UsageError, match=r"^expiry must be a whole number of seconds, at least one$"):
        _sign(signer, expires_in=expires_in)
    assert not signer.asked


@pytest.mark.parametrize("expires_in", [timedelta(days=365 * 8000), timedelta.max.days * timedelta(days=1)])
def test_an_expiry_that_is_no_time(expires_in: timedelta) -> None:
    """An expiry beyond the last year is refused before the key signs."""
    signer = _Key()
    with pytest.raises(UsageError, match=r"^expiry lies beyond the year 9999$"):
        _sign(signer, expires_in=expires_in)
    assert not signer.asked


# The check of what was made


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(
    ("now", "message"),
    [
        (NOT_BEFORE, None),
        (NOT_AFTER, None),
        (NOT_AFTER + timedelta(microseconds=999_999), None),
        (NOT_BEFORE - _SECOND, "is not valid before"),
        (NOT_AFTER + _SECOND, "expired on"),
    ],
)
def test_the_chain_is_valid_at_the_signing_time(media_type: str, now: datetime, message: str | None) -> None:
    """Nothing is signed with a certificate that is not valid at the signing time, whose bounds are included."""
    if message is None:
        assert _sign(media_type=media_type, now=now)
        return
    with pytest.raises(CertificateError, match=f"^signing certificate .* {message}") as caught:
        _sign(media_type=media_type, now=now)
    assert caught.value.rule == "valid_at_signing_time"
    assert caught.value.advice == "sign with a certificate that is valid now"
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("place", [1, 2])
def test_every_certificate_is_valid_at_the_signing_time(place: int) -> None:
    """One expired CA of the chain is enough to refuse."""
    chain = make_chain(cas={place: Changes(not_after=_NOW - _SECOND)})
    with pytest.raises(CertificateError, match="expired on"):
        _sign(_local(chain))


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(
    ("key", "message"),
    [
        (_Key(sign=lambda message: primitive(_OTHER, message)), "signature does not hold"),
        (_Key(sign=lambda message: primitive(_CHAIN, message + b"x")), "signature does not hold"),
        (_Key(sign=lambda _: bytes(64)), "signature does not hold"),
        (_Key(sign=lambda _: b"x"), "signature is 1 bytes long, not the 64 of ES256"),
        (_Key(_CHAIN.with_ders(_CHAIN.ders[::-1])), "chain|certificate"),
        (_Key(_CHAIN.with_ders(_CHAIN.ders[:1])), "is not self-signed"),
        (_Key(_AGAINST_A_RULE), "keyUsage has cRLSign"),
        (_Key(make_chain("EC-384"), spec="EC-256"), "algorithm is for a key of EC-256"),
    ],
    ids=["another's", "other bytes", "nulls", "short", "turned", "no root", "rule", "spec"],
)  # fmt: skip
def test_what_was_made_holds(media_type: str, key: _Key, message: str) -> None:
    """A signature that a verifier would refuse never leaves, whatever the signer says about itself."""
    with pytest.raises(PluginResponseError, match=f"^the new signature does not hold: .*({message})") as caught:
        _sign(key, media_type=media_type)
    assert caught.value.exit_code == 4


# Signers of whole envelopes


class _Envelopes:
    """Makes the envelope that it is told to make around the payload that it is given."""

    def __init__(self, make: Callable[[bytes], bytes], annotations: Mapping[str, str] | None = None) -> None:
        self._make = make
        self._annotations = annotations or {}
        self.asked: list[tuple[bytes, str, timedelta | None]] = []

    def sign_payload(
        self, payload: bytes, media_type: str, expires_in: timedelta | None
    ) -> tuple[bytes, Mapping[str, str]]:
        self.asked.append((payload, media_type, expires_in))
        return self._make(payload), self._annotations


def _with(payload: bytes, **members: Any) -> bytes:
    document = json.loads(payload)
    document["targetArtifact"].update(members)
    return json.dumps(document).encode()


@pytest.mark.parametrize("media_type", FORMATS)
def test_an_envelope_of_somebody_else(media_type: str) -> None:
    """The maker of envelopes gets payload, format and expiry; its envelope and annotations come back."""
    signer = _Envelopes(lambda payload: build(_CHAIN, media_type, payload=payload), {"a": "b"})
    signed = _sign(signer, media_type=media_type, expires_in=_SECOND, user_metadata={"c": "d"})
    ((payload, asked_type, expires_in),) = signer.asked
    assert json.loads(payload)["targetArtifact"]["annotations"] == {"c": "d"}
    assert (asked_type, expires_in) == (media_type, _SECOND)
    assert signed.content.chain.ders == _CHAIN.ders
    assert signed.content.target.annotations == {"c": "d"}
    assert signed.annotations == {"a": "b"}


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(
    "changes",
    [
        {"annotations": {"user": "data", "more": "x"}},
        {"annotations": {"user": "data", "io.cncf.notary.x": "y"}},
        {"urls": ["https://example.com"]},
    ],
)
def test_a_plugin_may_add(media_type: str, changes: dict[str, Any]) -> None:
    """The maker of an envelope may add annotations, and what does not change the target."""
    signer = _Envelopes(lambda payload: build(_CHAIN, media_type, payload=_with(payload, **changes)))
    signed = _sign(signer, media_type=media_type, user_metadata={"user": "data"})
    assert signed.content.target.annotations == changes.get("annotations", {"user": "data"})


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(
    "changes",
    [
        {"digest": "sha256:" + "0" * 64},
        {"size": 16725},
        {"mediaType": "a/b"},
        {"annotations": {}},
        {"annotations": {"user": "other"}},
        {"annotations": {"User": "data", "more": "x"}},
    ],
)
def test_a_plugin_must_not_change(media_type: str, changes: dict[str, Any]) -> None:
    """An envelope about another artifact, or with the user's metadata changed or left out, is refused."""
    signer = _Envelopes(lambda payload: build(_CHAIN, media_type, payload=_with(payload, **changes)))
    with pytest.raises(PluginResponseError, match=r"^the envelope does not carry the payload that was to be signed$"):
        _sign(signer, media_type=media_type, user_metadata={"user": "data"})


@pytest.mark.parametrize(
    "make",
    [
        lambda _: b"",
        lambda payload: build(_CHAIN, COSE, payload=payload),
        lambda payload: build(_CHAIN.with_ders(_OTHER.ders), JWS, payload=payload),
        lambda _: build(_CHAIN, JWS, payload=b"{}"),
        lambda payload: build(_CHAIN, JWS, {"cty": "application/json"}, payload),
        lambda payload: build_jws(_CHAIN, jws_header(_CHAIN), payload, top={"more": 1}),
    ],
    ids=["empty", "other format", "another's chain", "other payload", "content type", "member"],
)
def test_an_envelope_that_does_not_hold(make: Callable[[bytes], bytes]) -> None:
    """An envelope that a verifier would refuse is the plugin's mistake."""
    with pytest.raises(PluginResponseError, match=r"^the new signature does not hold: "):
        _sign(_Envelopes(make))


def test_an_envelope_of_an_expired_certificate() -> None:
    """The chain of a plugin's envelope is valid at the time of signing as well."""
    with pytest.raises(CertificateError, match="expired on"):
        _sign(_Envelopes(lambda payload: sign_envelope(_CHAIN, JWS, payload, now=_NOW)), now=NOT_AFTER + _SECOND)


# Artifacts where they are


@pytest.mark.parametrize("media_type", FORMATS)
def test_signs_an_artifact_in_a_layout(media_type: str, tmp_path: Path) -> None:
    """The signature is stored beside the artifact, with the chain's thumbprints and the signing time."""
    layout = Layout(tmp_path / "layout")
    artifact = layout.put_artifact(tag="v1")
    layout.write_index([artifact])
    image = ImageLayout(layout.path)
    signed = sign_artifact(image, "v1", _local(), media_type=media_type, now=_NOW, user_metadata={"a": "b"})
    assert signed.artifact == image.resolve(artifact["digest"])
    assert list(image.signatures(signed.artifact)) == [signed.manifest]
    assert image.fetch_signature(signed.manifest).envelope == signed.signature.envelope
    assert signed.signature.content.target.digest == artifact["digest"]
    manifest = json.loads(layout.blob_path(signed.manifest.digest).read_bytes())
    thumbprints = [hashlib.sha256(der).hexdigest() for der in _CHAIN.ders]
    assert manifest["layers"][0]["mediaType"] == media_type
    assert manifest["annotations"] == {
        "io.cncf.notary.x509chain.thumbprint#S256": json.dumps(thumbprints, separators=(",", ":")),
        "org.opencontainers.image.created": _NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def test_annotations_of_a_plugin_are_stored(tmp_path: Path) -> None:
    """What a maker of envelopes wants on the manifest is stored there."""
    layout = Layout(tmp_path / "layout")
    layout.write_index([layout.put_artifact(tag="v1")])
    signer = _Envelopes(lambda payload: sign_envelope(_CHAIN, JWS, payload, now=_NOW), {"com.example": "x"})
    signed = sign_artifact(ImageLayout(layout.path), "v1", signer, now=_NOW)
    manifest = json.loads(layout.blob_path(signed.manifest.digest).read_bytes())
    assert manifest["annotations"]["com.example"] == "x"


def test_nothing_is_stored_that_does_not_hold(tmp_path: Path) -> None:
    """An artifact that is not there is not signed, and a signature that does not hold is not stored."""
    layout = Layout(tmp_path / "layout")
    layout.write_index([layout.put_artifact(tag="v1")])
    before = sorted(layout.folder.rglob("*"))
    key = _Key()
    with pytest.raises(ArtifactNotFoundError):
        sign_artifact(ImageLayout(layout.path), "v2", key)
    assert not key.asked
    with pytest.raises(PluginResponseError):
        sign_artifact(ImageLayout(layout.path), "v1", _Key(sign=lambda _: bytes(64)))
    assert sorted(layout.folder.rglob("*")) == before
    layout.blob_path(layout.index()["manifests"][0]["digest"]).unlink()
    with pytest.raises(StorageError):
        sign_artifact(ImageLayout(layout.path), "v1", key)
    assert not key.asked
