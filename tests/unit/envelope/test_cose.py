"""COSE envelopes: structure, unprotected headers, assembly."""

from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest

from notarykit.envelope.attributes import SignedAttributes
from notarykit.envelope.cose import assemble, parse
from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.unverified import UnverifiedEnvelope
from notarykit.errors import EnvelopeError
from notarykit.keys.spec import key_spec
from tests.support.ca import SPECS, make_chain
from tests.support.envelopes import (
    ABSENT,
    AGENT,
    COSE,
    EXPIRY,
    PAYLOAD,
    PAYLOAD_TYPE,
    SCHEME,
    TIME,
    TIMESTAMP,
    build_cose,
    cose_header,
    epoch,
    sign_envelope,
)  # fmt: skip
from tests.unit.envelope.cose_envelopes import CHAIN, HEADER, NOW, parsed_with
from tests.unit.envelope.messages import one_line

_GOOD = build_cose(CHAIN, HEADER)
_PROTECTED, _UNPROTECTED, _PAYLOAD, _SIGNATURE = cbor2.loads(_GOOD).value


@pytest.mark.requirement("cose:sig-structure")
@pytest.mark.parametrize("spec", SPECS)
def test_valid_envelope_is_parsed(spec: str) -> None:
    """Each part of an envelope comes out as it was put in, for each algorithm."""
    chain = make_chain(spec)
    envelope = build_cose(chain, cose_header(chain))
    protected, _, _, signature = cbor2.loads(envelope).value
    signed = cbor2.dumps(["Signature1", protected, b"", PAYLOAD])
    time = datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)
    expected = SignedAttributes(key_spec(spec), PAYLOAD_TYPE, "notary.x509", time, None, None)
    parsed = parse(envelope)
    assert parsed == UnverifiedEnvelope(COSE, PAYLOAD, expected, chain.ders, signature, signed, None, "tests/1.0")
    check_integrity(parsed)


@pytest.mark.requirement("cose:tagged")
@pytest.mark.parametrize(
    "envelope",
    [
        b"", b"\xd2", _GOOD[1:], b"\xd8\x12" + _GOOD[1:], b"\xd2" + _GOOD, b"\xd9\xd9\xf7" + _GOOD, _GOOD + b"\0",
        _GOOD[:-1], b"\xd3" + _GOOD[1:], b"\xd8\x61" + _GOOD[1:], b"\xd2\xf6", b"\xd2\xa0", b"\xd2\x80",
        b"\xd2\x9f" + _GOOD[2:] + b"\xff", b"\xd2\x98\x04" + _GOOD[2:-1],
    ],
)  # fmt: skip
def test_other_structure_is_refused(envelope: bytes) -> None:
    """Only tag 18 in its shortest form around one array of definite length is a COSE_Sign1 envelope."""
    with pytest.raises(EnvelopeError, match=one_line("COSE")):
        parse(envelope)


def test_lengths_need_not_be_shortest() -> None:
    """A length in what is signed may be written in more bytes than needed; the array around it may not."""
    for head in (b"\xd2\x98\x04", b"\xd2\x9b" + (4).to_bytes(8, "big"), b"\xd8\x12\x84"):
        with pytest.raises(EnvelopeError, match=one_line("COSE", "tag 18")):
            parse(head + _GOOD[2:])
    long_header = b"\xb8" + bytes((HEADER[0] & 31,)) + HEADER[1:]
    assert long_header != HEADER
    check_integrity(parse(build_cose(CHAIN, long_header)))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_other_number_of_parts_is_refused(count: int) -> None:
    """An array of fewer or more parts is refused."""
    parts = [_PROTECTED, _UNPROTECTED, _PAYLOAD, _SIGNATURE, b""][:count]
    with pytest.raises(EnvelopeError, match=one_line("COSE", "four parts")):
        parse(cbor2.dumps(cbor2.CBORTag(18, parts)))


@pytest.mark.parametrize(("place", "named"), [(0, "protected header"), (2, "payload"), (3, "signature")])
@pytest.mark.parametrize("value", [None, b"", "text", 1, [], {}, True, [b"x"]])
def test_part_of_another_type_is_refused(place: int, named: str, value: Any) -> None:
    """Header, payload and signature are byte strings that are not empty; a detached payload is none."""
    with pytest.raises(EnvelopeError, match=one_line("COSE", named)):
        parse(build_cose(CHAIN, HEADER, parts={place: value}))


@pytest.mark.parametrize("value", [None, b"", b"\xa0", [], 1, "x"])
def test_unprotected_header_must_be_a_map(value: Any) -> None:
    """The unprotected header is a map and not the encoding of one."""
    with pytest.raises(EnvelopeError, match=one_line("COSE", "unprotected header is not a map")):
        parse(build_cose(CHAIN, HEADER, parts={1: value}))


@pytest.mark.requirement("signature:certificate-chain", "cose:x5chain")
@pytest.mark.parametrize("value", [ABSENT, None, b"", [], {}, ["text"], [None], [1], [[b"x"]], CHAIN.ders[0]])
def test_malformed_x5chain_is_refused(value: Any) -> None:
    """The chain is a non-empty array of byte strings, protected or not."""
    with pytest.raises(EnvelopeError, match=one_line("COSE", "x5chain")):
        parse(build_cose(CHAIN, HEADER, unprotected={33: value}))
    with pytest.raises(EnvelopeError, match=one_line("COSE", "x5chain")):
        parse(build_cose(CHAIN, cose_header(CHAIN, {33: value}), unprotected={33: ABSENT}))


@pytest.mark.requirement("cose:x5chain")
def test_protected_chain_is_read() -> None:
    """The chain may stand in the protected header, is no extended attribute there, and does not stand in both."""
    parsed = parsed_with({33: list(CHAIN.ders)}, unprotected={33: ABSENT})
    assert parsed.unverified_chain == CHAIN.ders
    assert parsed.unverified_attributes.extended == ()
    with pytest.raises(EnvelopeError, match=one_line("COSE", "both")):
        parse(build_cose(CHAIN, cose_header(CHAIN, {33: list(CHAIN.ders)})))


@pytest.mark.parametrize("label", [1, 2, 3, SCHEME, TIME])
def test_label_in_both_headers_is_refused(label: Any) -> None:
    """A label in both headers is refused, and an unprotected one does not stand in for a protected one."""
    value = cose_header(CHAIN)[label]
    with pytest.raises(EnvelopeError, match=one_line("COSE")):
        parse(build_cose(CHAIN, HEADER, unprotected={label: value if label != TIME else 1}))
    with pytest.raises(EnvelopeError, match=one_line("COSE")):
        parse(
            build_cose(CHAIN, cose_header(CHAIN, {label: ABSENT}), unprotected={label: value if label != TIME else 1})
        )


def test_other_unprotected_headers_are_ignored() -> None:
    """Anybody can add an unprotected header, and it changes nothing."""
    outer = {**_UNPROTECTED, "com.example": {"a": [1]}, 4: b"kid", EXPIRY: 1}
    assert parse(cbor2.dumps(cbor2.CBORTag(18, [_PROTECTED, outer, _PAYLOAD, _SIGNATURE]))) == parse(_GOOD)


@pytest.mark.parametrize(
    "tagged", [{TIMESTAMP: cbor2.CBORTag(24, b"x")}, {"x": epoch(1)}, {"x": cbor2.CBORTag(28, [])}]
)
def test_tag_outside_the_protected_header_is_refused(tagged: dict[Any, Any]) -> None:
    """Tags are not expected in the unprotected header, and their meaning is never looked for."""
    with pytest.raises(EnvelopeError, match=one_line("COSE", "tag")):
        parse(build_cose(CHAIN, HEADER, unprotected=tagged))


@pytest.mark.requirement("signature:signing-agent-is-not-validated")
@pytest.mark.parametrize("agent", ["", " ", "notation/1.0.0 plugin/0.8", "\n\x00", "ü" * 5000])
def test_signing_agent_is_not_checked(agent: str) -> None:
    """Verification does not fail for what the signing agent says, or for its absence."""
    assert parse(build_cose(CHAIN, HEADER, unprotected={AGENT: agent})).signing_agent == agent
    assert parse(build_cose(CHAIN, HEADER, unprotected={AGENT: ABSENT})).signing_agent == ""


@pytest.mark.requirement("cose:timestamp-signature")
def test_timestamp_is_read() -> None:
    """The timestamp is a byte string that is not empty, or absent."""
    assert parse(build_cose(CHAIN, HEADER, unprotected={TIMESTAMP: b"token"})).timestamp_signature == b"token"
    for wrong in (b"", None, 1, "token", [b"token"]):
        with pytest.raises(EnvelopeError, match=one_line("COSE", TIMESTAMP)):
            parse(build_cose(CHAIN, HEADER, unprotected={TIMESTAMP: wrong}))


@pytest.mark.requirement(
    "signature:informational-attributes-are-not-critical",
    "cose:tagged",
    "cose:timestamp-signature",
)
def test_new_envelope_has_the_specified_parts() -> None:
    """A new envelope has the tag, the four parts, and the headers that belong into each."""
    now = datetime.fromtimestamp(NOW, UTC)
    envelope = sign_envelope(CHAIN, COSE, agent="a/1", timestamp=b"token", now=now)
    assert envelope[:1] == b"\xd2"
    protected, unprotected, payload, _ = cbor2.loads(envelope[1:])
    assert unprotected == {33: list(CHAIN.ders), AGENT: "a/1", TIMESTAMP: b"token"}
    assert payload == PAYLOAD
    assert protected == cbor2.dumps(cose_header(CHAIN), canonical=True)


def test_assembled_envelope_is_parsed_back() -> None:
    """An envelope put together from its parts is taken apart into the same parts."""
    assert parse(assemble(_PROTECTED, _PAYLOAD, _SIGNATURE, CHAIN.ders, "tests/1.0")) == parse(_GOOD)
