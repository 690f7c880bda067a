"""New envelopes: what is signed, and that what is put together is what is read."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import cbor2
import pytest

from notarykit.envelope.attributes import SIGNING_AUTHORITY, X509, ExtendedAttribute, Label, SigningScheme
from notarykit.envelope.builder import attributes_for, prepare
from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.unverified import LARGEST_ENVELOPE
from notarykit.errors import EnvelopeError
from notarykit.keys.spec import key_spec
from tests.support.ca import SPECS, make_chain
from tests.support.envelopes import COSE, EXPIRY, FORMATS, JWS, PAYLOAD, PAYLOAD_TYPE, SCHEME, primitive, sign_envelope

_CHAIN = make_chain()
_SPEC = key_spec("EC-256")
_NOW = datetime(2022, 4, 6, 7, 1, 20, 987_654, tzinfo=UTC)


@pytest.mark.requirement(
    "signature:critical-attributes-are-marked",
    "jws:crit-content",
    "cose:crit-content",
    "jws:alg-of-the-key",
    "cose:alg-of-the-key",
)
@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("scheme", [X509, SIGNING_AUTHORITY])
def test_built_envelope_is_parsed_back(spec: str, media_type: str, scheme: SigningScheme) -> None:
    """An envelope of each format, scheme and algorithm is read as it was meant."""
    chain = make_chain(spec)
    extended = (ExtendedAttribute("com.example.b", "value", True), ExtendedAttribute("com.example.a", [1], False))
    attributes = attributes_for(key_spec(spec), _NOW, expires_in=timedelta(days=1), scheme=scheme, extended=extended)
    envelope = sign_envelope(chain, media_type, attributes=attributes, agent="a/1", timestamp=b"token")
    intact = check_integrity(parse_envelope(envelope, media_type))
    assert sorted(intact.attributes.extended) == sorted(extended)
    assert intact.attributes._replace(extended=()) == attributes._replace(extended=())
    assert intact.chain.ders == chain.ders
    assert (intact.media_type, intact.signing_agent, intact.timestamp_signature) == (media_type, "a/1", b"token")


@pytest.mark.parametrize("media_type", FORMATS)
def test_optional_parts_may_be_missing(media_type: str) -> None:
    """An envelope without expiry, agent and timestamp is read as one without them."""
    intact = check_integrity(parse_envelope(sign_envelope(_CHAIN, media_type, agent=""), media_type))
    assert intact.attributes.expiry is None
    assert intact.signing_agent == ""
    assert intact.timestamp_signature is None


@pytest.mark.requirement("jws:signing-input", "cose:sig-structure")
@pytest.mark.parametrize("media_type", FORMATS)
def test_to_be_signed_equals_the_parsed_signed_bytes(media_type: str) -> None:
    """What a key is given to sign is what the reader takes to be signed, and it is the same each time."""
    attributes = attributes_for(_SPEC, _NOW)
    unsigned = prepare(media_type, PAYLOAD, attributes)
    assert prepare(media_type, PAYLOAD, attributes).to_be_signed == unsigned.to_be_signed
    envelope = unsigned.finish(primitive(_CHAIN, unsigned.to_be_signed), _CHAIN.ders, "")
    assert parse_envelope(envelope, media_type).signed_bytes == unsigned.to_be_signed
    assert check_integrity(parse_envelope(envelope, media_type))


@pytest.mark.requirement("signature:signing-time", "signature:authentic-signing-time", "signature:content-type")
def test_times_are_truncated_to_seconds() -> None:
    """Times have no fractions, the expiry counts from the cut time, and each scheme has its own time."""
    attributes = attributes_for(_SPEC, _NOW, expires_in=timedelta(hours=24))
    assert attributes.content_type == PAYLOAD_TYPE
    assert attributes.signing_time == datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)
    assert attributes.expiry == datetime(2022, 4, 7, 7, 1, 20, tzinfo=UTC)
    assert attributes.authentic_signing_time is None
    by_authority = attributes_for(_SPEC, _NOW, scheme=SIGNING_AUTHORITY)
    assert by_authority.authentic_signing_time == attributes.signing_time
    assert by_authority.signing_time is None
    assert by_authority.expiry is None


@pytest.mark.requirement("jws:times-without-fractions", "cose:times-without-fractions")
@pytest.mark.parametrize("scheme", [X509, SIGNING_AUTHORITY])
def test_times_are_written_in_whole_seconds(scheme: SigningScheme) -> None:
    """No time in an envelope has a fraction: RFC 3339 in JWS, and an integer under tag 1 in COSE."""
    attributes = attributes_for(_SPEC, _NOW, expires_in=timedelta(hours=24), scheme=scheme)
    own = "io.cncf.notary.signingTime" if scheme == X509 else "io.cncf.notary.authenticSigningTime"
    in_jws = json.loads(prepare(JWS, PAYLOAD, attributes).protected)
    assert (in_jws[own], in_jws[EXPIRY]) == ("2022-04-06T07:01:20Z", "2022-04-07T07:01:20Z")
    in_cose = prepare(COSE, PAYLOAD, attributes).protected
    for name, seconds in ((own, 1649228480), (EXPIRY, 1649314880)):
        assert cbor2.dumps(name) + b"\xc1\x1a" + seconds.to_bytes(4, "big") in in_cose


@pytest.mark.parametrize("media_type", FORMATS)
def test_time_in_another_zone_is_the_same_moment(media_type: str) -> None:
    """A time with another offset is written as the same moment."""
    now = _NOW.astimezone(timezone(timedelta(hours=-11)))
    parsed = parse_envelope(sign_envelope(_CHAIN, media_type, now=now), media_type)
    assert parsed.unverified_attributes.signing_time == _NOW.replace(microsecond=0)


@pytest.mark.parametrize(
    ("media_type", "key"),
    [
        *((JWS, key) for key in (1, "alg", "cty", "crit", "x5c", "kid", "b64")),
        *((COSE, key) for key in (1, 2, 3, 0, 8, 33, True, None, b"x")),
        *((each, f"io.cncf.notary.{key}") for each in FORMATS for key in (
            "signingScheme", "signingTime", "authenticSigningTime", "expiry",
        )),
    ],
)  # fmt: skip
def test_extended_attribute_named_as_a_header_is_refused(media_type: str, key: Any) -> None:
    """An extended attribute with the name of a header that has a meaning of its own is refused by that name."""
    for scheme in (X509, SIGNING_AUTHORITY):
        attributes = attributes_for(_SPEC, _NOW, scheme=scheme, extended=(ExtendedAttribute(key, "x", False),))
        with pytest.raises(EnvelopeError, match=r"^extended attribute ") as caught:
            prepare(media_type, PAYLOAD, attributes)
        assert repr(key) in caught.value.message


@pytest.mark.parametrize("media_type", FORMATS)
def test_duplicate_extended_attribute_is_refused(media_type: str) -> None:
    """Two extended attributes of one name are refused."""
    twice = (ExtendedAttribute("a", 1, False), ExtendedAttribute("a", 2, True))
    with pytest.raises(EnvelopeError, match="extended attribute 'a' has the"):
        prepare(media_type, PAYLOAD, attributes_for(_SPEC, _NOW, extended=twice))


@pytest.mark.parametrize(
    ("media_type", "value"), [(JWS, b"bytes"), (JWS, float("nan")), (JWS, _NOW), (JWS, "\ud800"), (COSE, object())]
)
def test_value_without_a_form_is_refused(media_type: str, value: Any) -> None:
    """A value that the format has no form for is refused as such."""
    attributes = attributes_for(_SPEC, _NOW, extended=(ExtendedAttribute("a", value, False),))
    with pytest.raises(EnvelopeError, match="cannot carry"):
        prepare(media_type, PAYLOAD, attributes)


def test_cose_carries_times_and_bytes() -> None:
    """A time in an extended attribute is written as COSE writes times, and read as the same moment."""
    values: dict[Label, Any] = {
        "time": _NOW.replace(microsecond=0),
        "half": _NOW.replace(microsecond=500_000),
        "bytes": b"\0",
        99: None,
    }
    extended = tuple(ExtendedAttribute(key, value, False) for key, value in values.items())
    parsed = parse_envelope(sign_envelope(_CHAIN, COSE, extended=extended), COSE)
    assert {one.key: one.value for one in parsed.unverified_attributes.extended} == values


@pytest.mark.requirement("signature:manifest-layer", "signature:formats")
@pytest.mark.parametrize(
    "media_type", ["", "application/json", "application/jose", "application/COSE", "application/cose;a=b"]
)
def test_other_formats_are_refused(media_type: str) -> None:
    """A format that is not one of the two is refused, in writing and in reading."""
    with pytest.raises(EnvelopeError, match=f"envelope format '{media_type}' is not supported") as caught:
        prepare(media_type, PAYLOAD, attributes_for(_SPEC, _NOW))
    assert caught.value.advice == "use application/jose+json or application/cose"
    with pytest.raises(EnvelopeError, match="is not supported"):
        parse_envelope(b"", media_type)


@pytest.mark.requirement("signature:formats")
@pytest.mark.parametrize("media_type", FORMATS)
def test_envelope_of_the_other_format_is_refused(media_type: str) -> None:
    """The format is what the media type says, and is not guessed."""
    other = JWS if media_type == COSE else COSE
    with pytest.raises(EnvelopeError):
        parse_envelope(sign_envelope(_CHAIN, media_type), other)


@pytest.mark.parametrize("media_type", FORMATS)
def test_envelope_size_is_limited(media_type: str) -> None:
    """An envelope beyond the limit is refused before it is looked at."""
    with pytest.raises(EnvelopeError, match=f"more than the limit of {LARGEST_ENVELOPE}"):
        parse_envelope(bytes(LARGEST_ENVELOPE + 1), media_type)


@pytest.mark.requirement("signature:signing-scheme", "scheme:other-schemes-fail")
@pytest.mark.parametrize("media_type", FORMATS)
def test_unknown_scheme_is_refused(media_type: str) -> None:
    """A new envelope with a scheme that nobody supports is one that nobody reads."""
    strange: Any = "notary.other"
    attributes = attributes_for(_SPEC, _NOW)._replace(signing_scheme=strange)
    with pytest.raises(EnvelopeError, match=f"{SCHEME} 'notary.other' is not supported"):
        parse_envelope(sign_envelope(_CHAIN, media_type, attributes=attributes), media_type)
