"""Integrity: a well-formed chain, the algorithm of its key, a signature that holds, and only then the payload."""

import json
from typing import Any

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.integrity import IntactEnvelope, check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import CertificateError, EnvelopeError, NotarykitError
from tests.support.ca import SPECS, Changes, TestChain, key_usage, make_chain
from tests.support.envelopes import (
    ALGORITHMS,
    DIGEST,
    FORMATS,
    JWS,
    PAYLOAD,
    PAYLOAD_TYPE,
    build,
    primitive,
    sign_envelope,
)  # fmt: skip

_CHAIN = make_chain()
_ALG: dict[str, Any] = {"application/jose+json": "alg", "application/cose": 1}
_CONTENT_TYPE: dict[str, Any] = {"application/jose+json": "cty", "application/cose": 3}


def _check(envelope: bytes, media_type: str) -> IntactEnvelope:
    return check_integrity(parse_envelope(envelope, media_type))


@pytest.mark.requirement("signature:algorithms")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_envelope_of_another_implementation_is_intact(media_type: str, spec: str, length: int) -> None:
    """An envelope that another implementation made is intact, for each algorithm and length of chain."""
    chain = make_chain(spec, length)
    intact = _check(build(chain, media_type), media_type)
    assert intact.target == Descriptor("application/vnd.oci.image.manifest.v1+json", DIGEST, 16724)
    assert intact.chain.ders == chain.ders
    assert intact.attributes.key_spec.name == spec


@pytest.mark.requirement(
    "signature:algorithm-selection",
    "jws:alg-of-the-key",
    "cose:alg-of-the-key",
    "trust:algorithm",
)
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_algorithm_of_another_key_is_refused(media_type: str, spec: str) -> None:
    """An algorithm that is not that of the key is refused, although the signature holds under the key."""
    chain = make_chain(spec)
    for other, (jws, cose, _, _) in ALGORITHMS.items():
        if other != spec:
            envelope = build(chain, media_type, {_ALG[media_type]: jws if media_type == JWS else cose})
            with pytest.raises(EnvelopeError, match=f"for a key of {other}, the signing certificate's is {spec}"):
                _check(envelope, media_type)


@pytest.mark.requirement("trust:signature")
@pytest.mark.parametrize("media_type", FORMATS)
def test_signature_of_another_key_is_refused(media_type: str) -> None:
    """A chain that is not the signer's does not confirm the signature."""
    other = make_chain()
    envelope = build(_CHAIN.with_ders(other.ders), media_type)
    with pytest.raises(EnvelopeError, match="signature does not hold"):
        _check(envelope, media_type)


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("size", [0, 63, 65, 128])
def test_signature_of_another_length_is_refused(media_type: str, size: int) -> None:
    """A signature of another length than the algorithm's is refused with both lengths."""
    unverified = parse_envelope(build(_CHAIN, media_type), media_type)._replace(signature=bytes(size))
    with pytest.raises(EnvelopeError, match=f"signature is {size} bytes long, not the 64"):
        check_integrity(unverified)


@pytest.mark.requirement(
    "signature:certificates-are-checked-twice",
    "jws:x5c",
    "cose:x5chain",
    "jws:code-signing-certificate",
    "trust:complete-chain",
)
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(
    "chain",
    [
        _CHAIN.with_ders(_CHAIN.ders[:2]),
        _CHAIN.with_ders([*_CHAIN.ders, _CHAIN.ders[2]]),
        _CHAIN.with_ders(_CHAIN.ders[::-1]),
        _CHAIN.with_ders([_CHAIN.ders[0][:-1], *_CHAIN.ders[1:]]),
        make_chain(leaf=Changes(put=((key_usage("digital_signature"), False),))),
        make_chain(purpose="timestamping"),
    ],
    ids=["no root", "two roots", "turned", "cut", "rule", "purpose"],
)
def test_invalid_chain_is_refused(media_type: str, chain: TestChain) -> None:
    """A chain against a rule is refused as such, although the signature holds."""
    with pytest.raises(CertificateError):
        _check(build(chain, media_type), media_type)


@pytest.mark.requirement(
    "signature:content-type",
    "signature:payload-versions",
    "jws:cty",
    "cose:content-type",
    "trust:content-type",
)
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        PAYLOAD_TYPE.upper(),
        PAYLOAD_TYPE + " ",
        PAYLOAD_TYPE.replace("v1", "v2"),
        PAYLOAD_TYPE + ";a=b",
    ],
)
def test_other_content_type_is_refused(media_type: str, content_type: str) -> None:
    """A payload of another media type is not one that is understood."""
    with pytest.raises(EnvelopeError, match="content type "):
        _check(build(_CHAIN, media_type, {_CONTENT_TYPE[media_type]: content_type}), media_type)


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("payload", [b"x", b"{}", b'{"targetArtifact":{}}', PAYLOAD[:-1], b"\xff", b"[" * 10_000])
def test_malformed_signed_payload_is_refused(media_type: str, payload: bytes) -> None:
    """A malformed payload is refused, although the signature holds."""
    with pytest.raises(EnvelopeError, match=r"^payload"):
        _check(build(_CHAIN, media_type, payload=payload), media_type)


@pytest.mark.requirement("signature:metadata-outside-the-payload")
@pytest.mark.parametrize("media_type", FORMATS)
def test_payload_is_read_after_the_signature_check(media_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks into a payload of which it is not known that it was signed."""

    def read(payload: bytes) -> None:
        pytest.fail("the payload was read")

    monkeypatch.setattr("notarykit.envelope.integrity.read_payload", read)
    unverified = parse_envelope(build(_CHAIN, media_type), media_type)
    with pytest.raises(NotarykitError):
        check_integrity(unverified._replace(signature=bytes(64)))


@pytest.mark.requirement("trust:signature")
@pytest.mark.parametrize("media_type", FORMATS)
def test_flipped_bit_of_the_signature_is_refused(media_type: str) -> None:
    """A signature with any one bit flipped does not hold."""
    unverified = parse_envelope(build(_CHAIN, media_type), media_type)
    for bit in range(len(unverified.signature) * 8):
        flipped = int.from_bytes(unverified.signature, "big") ^ (1 << bit)
        with pytest.raises(EnvelopeError, match="does not hold"):
            check_integrity(unverified._replace(signature=flipped.to_bytes(64, "big")))


@pytest.mark.parametrize("media_type", FORMATS)
def test_signature_of_another_envelope_is_refused(media_type: str) -> None:
    """The signature of one envelope of a signer does not hold for another one."""
    other = json.dumps({"targetArtifact": {"mediaType": "a/b", "digest": DIGEST, "size": 1}}).encode()
    one = parse_envelope(sign_envelope(_CHAIN, media_type), media_type)
    two = parse_envelope(sign_envelope(_CHAIN, media_type, other), media_type)
    for mixed in (one._replace(signature=two.signature), one._replace(signed_bytes=two.signed_bytes)):
        with pytest.raises(EnvelopeError, match="does not hold"):
            check_integrity(mixed)


def test_signature_of_the_other_format_is_refused() -> None:
    """A signature over the bytes of one format does not hold for the other."""
    jws, cose = (parse_envelope(build(_CHAIN, media_type), media_type) for media_type in FORMATS)
    for one, two in ((jws, cose), (cose, jws)):
        with pytest.raises(EnvelopeError, match="does not hold"):
            check_integrity(one._replace(signature=two.signature))
        assert check_integrity(one._replace(signature=primitive(_CHAIN, one.signed_bytes)))


@pytest.mark.parametrize("media_type", FORMATS)
def test_known_signature_is_known_for_its_key_and_bytes(media_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature that was verified is not verified again, and holds for no other certificate, bytes or value."""
    good = parse_envelope(sign_envelope(_CHAIN, media_type), media_type)
    check_integrity(good)
    other = make_chain()
    moved = good.signed_bytes[:1]  # from one part of what is known to another
    for changes in (
        {"signed_bytes": good.signed_bytes + b"\0"},
        {"signature": good.signature[::-1]},
        {"unverified_chain": other.ders},
        {"signature": good.signature + moved, "signed_bytes": good.signed_bytes[1:]},
    ):
        for _ in range(2):  # and a failure is not remembered
            with pytest.raises(EnvelopeError, match=r"signature does not hold|signature is 65 bytes long"):
                check_integrity(good._replace(**changes))

    def unexpected(*_: Any) -> None:
        raise ValueError("verified again")

    monkeypatch.setattr("notarykit.keys.signature.verify_raw", unexpected)
    assert check_integrity(good).chain.ders == _CHAIN.ders
    with pytest.raises(EnvelopeError, match="verified again"):
        check_integrity(parse_envelope(sign_envelope(other, media_type), media_type))
