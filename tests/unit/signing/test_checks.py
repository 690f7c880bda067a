"""The check of what was made: a signature that a verifier would refuse never leaves, whoever made it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from notarykit._internal.rfc3339 import utc_now
from notarykit.envelope.attributes import SIGNING_AUTHORITY, X509, ExtendedAttribute, SigningScheme
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import (
    CertificateError,
    PluginResponseError,
)
from notarykit.keys.chain import check_chain
from notarykit.keys.local import LocalSigner
from notarykit.signing.envelope import SignedEnvelope, sign_descriptor
from notarykit.signing.options import SignOptions
from tests.support.ca import NOT_AFTER, NOT_BEFORE, Changes, TestChain, key_usage, make_chain
from tests.support.envelopes import (
    COSE,
    DIGEST,
    FORMATS,
    JWS,
    build,
    build_jws,
    jws_header,
    primitive,
    sign_envelope,
)
from tests.unit.signers import CHAIN, Envelopes, Key

_OTHER = make_chain()
_AGAINST_A_RULE = make_chain(leaf=Changes(put=((key_usage("digital_signature", "crl_sign"), True),)))
_NOW = NOT_BEFORE + timedelta(days=10)
_SECOND = timedelta(seconds=1)
_ARTIFACT = Descriptor("application/vnd.oci.image.manifest.v1+json", DIGEST, 16724)


def _local(chain: TestChain = CHAIN) -> LocalSigner:
    return LocalSigner(chain.leaf_key, check_chain(chain.ders))


def _sign(signer: Any = None, **changes: Any) -> SignedEnvelope:
    return sign_descriptor(_ARTIFACT, signer or _local(), SignOptions(**{"now": _NOW, **changes}))


# The check of what was made


@pytest.mark.requirement("signature:valid-at-signing-time", "workflow:sign-certificate")
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


@pytest.mark.requirement("signature:valid-at-signing-time", "workflow:sign-certificate")
@pytest.mark.parametrize("place", [1, 2])
def test_every_certificate_is_valid_at_the_signing_time(place: int) -> None:
    """One expired CA of the chain is enough to refuse."""
    chain = make_chain(cas={place: Changes(not_after=_NOW - _SECOND)})
    with pytest.raises(CertificateError, match="expired on"):
        _sign(_local(chain))


@pytest.mark.requirement(
    "signature:certificates-are-checked-twice",
    "jws:alg-of-the-key",
    "cose:alg-of-the-key",
    "workflow:sign-algorithm",
    "workflow:sign-certificate",
)
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(
    ("key", "message"),
    [
        (Key(sign=lambda message: primitive(_OTHER, message)), "signature does not hold"),
        (Key(sign=lambda message: primitive(CHAIN, message + b"x")), "signature does not hold"),
        (Key(sign=lambda _: bytes(64)), "signature does not hold"),
        (Key(sign=lambda _: b"x"), "signature is 1 bytes long, not the 64 of ES256"),
        (Key(CHAIN.with_ders(CHAIN.ders[::-1])), "chain|certificate"),
        (Key(CHAIN.with_ders(CHAIN.ders[:1])), "is not self-signed"),
        (Key(_AGAINST_A_RULE), "keyUsage has cRLSign"),
        (Key(make_chain("EC-384"), spec="EC-256"), "algorithm is for a key of EC-256"),
    ],
    ids=["another's", "other bytes", "nulls", "short", "turned", "no root", "rule", "spec"],
)  # fmt: skip
def test_what_was_made_holds(media_type: str, key: Key, message: str) -> None:
    """A signature that a verifier would refuse never leaves, whatever the signer says about itself."""
    with pytest.raises(PluginResponseError, match=f"^the new signature does not hold: .*({message})") as caught:
        _sign(key, media_type=media_type)
    assert caught.value.exit_code == 4


# Signers of whole envelopes


def _with(payload: bytes, **members: Any) -> bytes:
    document = json.loads(payload)
    document["targetArtifact"].update(members)
    return json.dumps(document).encode()


@pytest.mark.parametrize("media_type", FORMATS)
def test_an_envelope_of_somebody_else(media_type: str) -> None:
    """The maker of envelopes gets payload, format and expiry; its envelope and annotations come back."""
    signer = Envelopes(lambda payload: sign_envelope(CHAIN, media_type, payload, expires_in=_SECOND), {"a": "b"})
    signed = _sign(signer, media_type=media_type, expires_in=_SECOND, user_metadata={"c": "d"})
    ((payload, asked_type, expires_in),) = signer.asked
    assert json.loads(payload)["targetArtifact"]["annotations"] == {"c": "d"}
    assert (asked_type, expires_in) == (media_type, _SECOND)
    assert signed.content.chain.ders == CHAIN.ders
    assert signed.content.target.annotations == {"c": "d"}
    assert signed.annotations == {"a": "b"}


def test_an_envelope_that_does_not_expire() -> None:
    """An envelope without the expiry that was asked for is not what was asked for."""
    signer = Envelopes(lambda payload: sign_envelope(CHAIN, FORMATS[0], payload, now=_NOW))
    with pytest.raises(PluginResponseError, match="does not expire"):
        _sign(signer, media_type=FORMATS[0], expires_in=_SECOND)


@pytest.mark.requirement("plugin:envelope-payload")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(
    "changes",
    [
        {"annotations": {"user": "data", "more": "x"}},
        {"urls": ["https://example.com"]},
    ],
)
def test_a_plugin_may_add(media_type: str, changes: dict[str, Any]) -> None:
    """The maker of an envelope may add annotations, and what does not change the target."""
    signer = Envelopes(lambda payload: sign_envelope(CHAIN, media_type, _with(payload, **changes), now=_NOW))
    signed = _sign(signer, media_type=media_type, user_metadata={"user": "data"})
    assert signed.content.target.annotations == changes.get("annotations", {"user": "data"})


@pytest.mark.requirement("plugin:envelope-payload")
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
    signer = Envelopes(lambda payload: build(CHAIN, media_type, payload=_with(payload, **changes)))
    with pytest.raises(PluginResponseError, match=r"^the envelope does not carry the payload that was to be signed$"):
        _sign(signer, media_type=media_type, user_metadata={"user": "data"})


@pytest.mark.requirement("plugin:envelope-payload", "signature:metadata-outside-the-payload")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("place", [(), ("targetArtifact",)], ids=["payload", "descriptor"])
def test_a_plugin_must_not_add(media_type: str, place: tuple[str, ...]) -> None:
    """An envelope whose payload says something that no payload says is refused."""

    def envelope(payload: bytes) -> bytes:
        document = json.loads(payload)
        (document[place[0]] if place else document)["approvedBy"] = "nobody"
        return build(CHAIN, media_type, payload=json.dumps(document).encode())

    with pytest.raises(PluginResponseError, match=r"^the envelope's payload has 'approvedBy'"):
        _sign(Envelopes(envelope), media_type=media_type)


@pytest.mark.requirement("plugin:envelope-format", "plugin:envelope-holds", "plugin:plugin-timestamp-form")
@pytest.mark.parametrize(
    "make",
    [
        lambda _: b"",
        lambda payload: build(CHAIN, COSE, payload=payload),
        lambda payload: build(CHAIN.with_ders(_OTHER.ders), JWS, payload=payload),
        lambda _: build(CHAIN, JWS, payload=b"{}"),
        lambda payload: build(CHAIN, JWS, {"cty": "application/json"}, payload),
        lambda payload: build_jws(CHAIN, jws_header(CHAIN), payload, top={"more": 1}),
    ],
    ids=["empty", "other format", "another's chain", "other payload", "content type", "member"],
)
def test_an_envelope_that_does_not_hold(make: Callable[[bytes], bytes]) -> None:
    """An envelope that a verifier would refuse is the plugin's mistake."""
    with pytest.raises(PluginResponseError, match=r"^the new signature does not hold: "):
        _sign(Envelopes(make))


@pytest.mark.requirement("signature:valid-at-signing-time")
def test_an_envelope_of_an_expired_certificate() -> None:
    """The chain of a plugin's envelope is valid at the time of signing as well."""
    with pytest.raises(CertificateError, match="expired on"):
        _sign(Envelopes(lambda payload: sign_envelope(CHAIN, JWS, payload, now=_NOW)), now=NOT_AFTER + _SECOND)


@pytest.mark.requirement("signature:valid-at-signing-time")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("scheme", [X509, SIGNING_AUTHORITY])
@pytest.mark.parametrize(
    ("time", "message"),
    [
        (NOT_BEFORE, None),
        (NOT_AFTER, None),
        (NOT_BEFORE - _SECOND, "is not valid before"),
        (NOT_AFTER + _SECOND, "expired on"),
    ],
)
def test_an_envelope_that_claims_another_time(
    media_type: str, scheme: SigningScheme, time: datetime, message: str | None
) -> None:
    """The chain of a plugin's envelope is valid at the time that the envelope claims, too."""
    signer = Envelopes(lambda payload: sign_envelope(CHAIN, media_type, payload, now=time, scheme=scheme))
    if message is None:
        assert _sign(signer, media_type=media_type)
        return
    claims = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    with pytest.raises(CertificateError, match=f"^the envelope claims to be of {claims}, and signing .*{message}"):
        _sign(signer, media_type=media_type)


@pytest.mark.requirement("signature:reserved-annotations")
@pytest.mark.parametrize("media_type", FORMATS)
def test_reserved_annotations(media_type: str) -> None:
    """An annotation with the prefix that is the specification's own is not for plugins to add."""
    more = {"annotations": {"user": "data", "io.cncf.notary.x": "y"}}
    signer = Envelopes(lambda payload: build(CHAIN, media_type, payload=_with(payload, **more)))
    with pytest.raises(PluginResponseError, match=r"'io.cncf.notary.x', which is reserved"):
        _sign(signer, media_type=media_type, user_metadata={"user": "data"})


@pytest.mark.requirement("plugin:envelope-expiry")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(("asked", "made"), [(3600, 7200), (3600, 10 * 365 * 86400), (7200, 3600)])
def test_another_expiry(media_type: str, asked: int, made: int) -> None:
    """An envelope that expires at another time than was asked for is refused."""
    signer = Envelopes(lambda payload: sign_envelope(CHAIN, media_type, payload, expires_in=timedelta(seconds=made)))
    with pytest.raises(PluginResponseError, match=r"^the envelope expires after "):
        _sign(signer, media_type=media_type, expires_in=timedelta(seconds=asked))


@pytest.mark.requirement("plugin:envelope-expiry")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(("made", "is_accepted"), [(3597, False), (3598, True), (3602, True), (3603, False)])
def test_an_expiry_that_was_rounded(media_type: str, made: int, is_accepted: bool) -> None:
    """Times in envelopes are whole seconds, so that two seconds are no other expiry, and three are."""
    now = _NOW.replace(microsecond=0)
    expires_in = timedelta(seconds=made)
    signer = Envelopes(lambda payload: sign_envelope(CHAIN, media_type, payload, now=now, expires_in=expires_in))
    if is_accepted:
        assert _sign(signer, media_type=media_type, expires_in=timedelta(hours=1), now=now).content.attributes.expiry
    else:
        with pytest.raises(PluginResponseError, match=r"^the envelope expires after "):
            _sign(signer, media_type=media_type, expires_in=timedelta(hours=1), now=now)


@pytest.mark.parametrize("media_type", FORMATS)
def test_an_envelope_that_has_expired(media_type: str) -> None:
    """An envelope that has expired already, though no expiry was asked for, is refused."""
    past = utc_now() - timedelta(days=2)
    signer = Envelopes(
        lambda payload: sign_envelope(CHAIN, media_type, payload, now=past, expires_in=timedelta(hours=1))
    )
    with pytest.raises(PluginResponseError, match=r"^the envelope has expired already"):
        _sign(signer, media_type=media_type, now=utc_now())


@pytest.mark.parametrize("media_type", FORMATS)
def test_a_critical_attribute_that_nobody_knows(media_type: str) -> None:
    """An envelope with a critical attribute that no verifier accepts is not stored."""
    unknown = (ExtendedAttribute("com.example.secret", "x", critical=True),)
    signer = Envelopes(lambda payload: sign_envelope(CHAIN, media_type, payload, extended=unknown))
    with pytest.raises(PluginResponseError, match=r"'com.example.secret', and names no plugin that could process it"):
        _sign(signer, media_type=media_type)


def test_a_certificate_that_was_issued_for_the_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin may have its certificate issued after it was asked: it is valid when the envelope is there."""
    clock = [NOT_BEFORE - _SECOND]
    monkeypatch.setattr("notarykit.signing.options.utc_now", lambda: clock[0])

    def issued(payload: bytes) -> bytes:
        clock[0] = NOT_BEFORE
        return sign_envelope(CHAIN, JWS, payload, now=NOT_BEFORE)

    assert _sign(Envelopes(issued), now=None).content.chain.ders == CHAIN.ders
    clock[0] = NOT_BEFORE - 2 * _SECOND
    with pytest.raises(CertificateError):
        _sign(Envelopes(lambda payload: sign_envelope(CHAIN, JWS, payload, now=NOT_BEFORE)), now=None)
