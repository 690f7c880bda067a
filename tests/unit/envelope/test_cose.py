"""COSE envelopes: every refusal that the specification demands, and everything that an honest signer may write."""

from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest

from notarykit.envelope.attributes import ExtendedAttribute, SignedAttributes
from notarykit.envelope.cose import assemble, parse
from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.unverified import UnverifiedEnvelope
from notarykit.keys.spec import key_spec
from tests.support.ca import SPECS, make_chain
from tests.support.envelopes import (
    ABSENT,
    AGENT,
    AUTHENTIC_TIME,
    COSE,
    EXPIRY,
    PAYLOAD,
    PAYLOAD_TYPE,
    PLUGIN,
    SCHEME,
    TIME,
    TIMESTAMP,
    build_cose,
    cose_header,
    epoch,
    sign_envelope,
)  # fmt: skip
from tests.unit.envelope.refusals import refusal_of

_CHAIN = make_chain()
_HEADER = cbor2.dumps(cose_header(_CHAIN))
_GOOD = build_cose(_CHAIN, _HEADER)
_PROTECTED, _UNPROTECTED, _PAYLOAD, _SIGNATURE = cbor2.loads(_GOOD).value
_NOW = 1649228480


def _with(changes: dict[Any, Any], **others: Any) -> UnverifiedEnvelope:
    """The envelope whose protected header has the changes; its signature holds."""
    envelope = parse(build_cose(_CHAIN, cose_header(_CHAIN, changes), **others))
    check_integrity(envelope)
    return envelope


def _refused(envelope: bytes) -> str:
    return refusal_of(parse, envelope, "COSE: ")


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


@pytest.mark.parametrize(
    "envelope",
    [
        b"", b"\xd2", _GOOD[1:], b"\xd8\x12" + _GOOD[1:], b"\xd2" + _GOOD, b"\xd9\xd9\xf7" + _GOOD, _GOOD + b"\0",
        _GOOD[:-1], b"\xd3" + _GOOD[1:], b"\xd8\x61" + _GOOD[1:], b"\xd2\xf6", b"\xd2\xa0", b"\xd2\x80",
        b"\xd2\x9f" + _GOOD[2:] + b"\xff", b"\xd2\x98\x04" + _GOOD[2:-1],
    ],
)  # fmt: skip
def test_refuses_what_is_not_a_tagged_sign1(envelope: bytes) -> None:
    """Only tag 18 in its shortest form around one array of definite length is a COSE_Sign1 envelope."""
    _refused(envelope)


def test_lengths_need_not_be_shortest() -> None:
    """A length in what is signed may be written in more bytes than needed; the array around it may not."""
    for head in (b"\xd2\x98\x04", b"\xd2\x9b" + (4).to_bytes(8, "big"), b"\xd8\x12\x84"):
        assert "tag 18" in _refused(head + _GOOD[2:])
    long_header = b"\xb8" + bytes((_HEADER[0] & 31,)) + _HEADER[1:]
    assert long_header != _HEADER
    check_integrity(parse(build_cose(_CHAIN, long_header)))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_there_are_four_parts(count: int) -> None:
    """An array of fewer or more parts is refused."""
    parts = [_PROTECTED, _UNPROTECTED, _PAYLOAD, _SIGNATURE, b""][:count]
    assert "four parts" in _refused(cbor2.dumps(cbor2.CBORTag(18, parts)))


@pytest.mark.parametrize(("place", "named"), [(0, "protected header"), (2, "payload"), (3, "signature")])
@pytest.mark.parametrize("value", [None, b"", "text", 1, [], {}, True, [b"x"]])
def test_byte_strings_are_byte_strings(place: int, named: str, value: Any) -> None:
    """Header, payload and signature are byte strings that are not empty; a detached payload is none."""
    assert named in _refused(build_cose(_CHAIN, _HEADER, parts={place: value}))


@pytest.mark.parametrize("value", [None, b"", b"\xa0", [], 1, "x"])
def test_the_unprotected_header_is_a_map(value: Any) -> None:
    """The unprotected header is a map and not the encoding of one."""
    assert "unprotected header is not a map" in _refused(build_cose(_CHAIN, _HEADER, parts={1: value}))


@pytest.mark.parametrize(
    "header",
    [
        b"\xa0", b"\x80", b"\xf6", b"\x40", _HEADER + b"\0", _HEADER[:-1], b"\xff", b"\xbf\x01\x26\xff",
        bytes((_HEADER[0] + 1,)) + _HEADER[1:] + b"\x01\x26", bytes((_HEADER[0] + 1,)) + _HEADER[1:] + b"\x18\x01\x26",
        bytes((_HEADER[0] + 1,)) + _HEADER[1:] + b"\xf9\x3c\x00\x26",
        bytes((_HEADER[0] + 1,)) + _HEADER[1:] + b"\xf5\x26",
        cbor2.dumps(_HEADER), cbor2.dumps(cbor2.CBORTag(24, _HEADER)),
    ],
)  # fmt: skip
def test_refuses_a_malformed_protected_header(header: bytes) -> None:
    """The protected header is one map with each label once, however the label is written."""
    _refused(build_cose(_CHAIN, header))


@pytest.mark.parametrize("label", [1.0, True, None, b"x", (1,), -1.5])
def test_labels_are_integers_or_texts(label: Any) -> None:
    """A label of another type is refused in both headers."""
    changed = cose_header(_CHAIN, {1: ABSENT} if label in (1, True) else {})
    for envelope in (
        build_cose(_CHAIN, {**changed, label: -7}),
        build_cose(_CHAIN, _HEADER, unprotected={label: 1}),
    ):
        message = _refused(envelope)
        assert "label" in message or "key of a map" in message


@pytest.mark.parametrize(
    ("label", "value"), [(4, "text"), (5, 1), (6, "x"), (16, b"x"), (7, b"x"), (9, b"x"), (11, b"x"), (12, b"x")]
)
def test_common_headers_are_what_they_must_be(label: int, value: Any) -> None:
    """A protected common header of a wrong type is refused, and so is a countersignature."""
    assert f"header {label}" in _refused(build_cose(_CHAIN, cose_header(_CHAIN, {label: value})))


@pytest.mark.parametrize(("label", "value"), [(4, b"key"), (5, b"iv"), (6, b"iv"), (16, 1), (16, "text")])
def test_common_headers_pass(label: int, value: Any) -> None:
    """A protected common header of the right type is an extended attribute."""
    assert _with({label: value}).unverified_attributes.extended == (ExtendedAttribute(label, value, False),)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        *(({1: value}, "alg") for value in (
            ABSENT, None, "ES256", 5, 4, -8, -47, -257, -258, -259, -65535, 7, -7.0, True, [-7], b"\x26",
        )),
        *(({2: value}, "crit") for value in (
            ABSENT, None, [], SCHEME, [SCHEME, None], [SCHEME, b"x"], [[SCHEME]], {SCHEME: 1}, [SCHEME, SCHEME],
            [TIME], [SCHEME, TIME], [SCHEME, "unknown"], [SCHEME, 1.0], [SCHEME, True], [SCHEME, 99], [SCHEME, -7],
        )),
        *(({0: 0, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0, 2: [SCHEME, label]}, f"must not name {label}") for label in range(9)),
        ({2: [SCHEME, AGENT]}, AGENT),
        *(({3: value}, "content type") for value in (ABSENT, None, 0, b"x", ["x"])),
        *(({SCHEME: value}, SCHEME) for value in (
            ABSENT, None, "", 1, b"notary.x509", "notary.x509 ", "Notary.X509", ["notary.x509"], {},
        )),
        *(({TIME: value}, TIME) for value in (
            ABSENT, None, "", _NOW, float(_NOW), "2022-04-06T07:01:20Z", {}, True, [epoch(_NOW)],
        )),
        *(({TIME: epoch(value)}, "protected header") for value in (
            None, "2022-04-06T07:01:20Z", True, False, b"x", [1], epoch(1), float("nan"), float("inf"), -1e300, 2**63,
            -62135596801, 253402300800,
        )),
        ({TIME: cbor2.CBORTag(0, "2022-04-06T07:01:20Z")}, "tag 0"),
        ({TIME: cbor2.CBORTag(1004, "2022-04-06")}, "tag 1004"),
        ({"x": cbor2.CBORTag(37, bytes(16))}, "tag 37"),
        ({"x": 2**64}, "tag 2"),
        ({AUTHENTIC_TIME: epoch(_NOW)}, AUTHENTIC_TIME),
        ({AUTHENTIC_TIME: epoch(_NOW), 2: [SCHEME, AUTHENTIC_TIME]}, AUTHENTIC_TIME),
        ({EXPIRY: epoch(_NOW + 1)}, EXPIRY),
        ({EXPIRY: None, 2: [SCHEME, EXPIRY]}, EXPIRY),
        ({EXPIRY: _NOW + 1, 2: [SCHEME, EXPIRY]}, EXPIRY),
        ({EXPIRY: epoch(_NOW), 2: [SCHEME, EXPIRY]}, EXPIRY),
    ],
)  # fmt: skip
def test_refuses_a_signed_header(changes: dict[Any, Any], text: str) -> None:
    """A protected header against a rule is refused with its name, although the signature holds."""
    assert text in _refused(build_cose(_CHAIN, cose_header(_CHAIN, changes)))


@pytest.mark.parametrize(
    ("seconds", "time"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (_NOW, datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)),
        (float(_NOW), datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)),
        (_NOW + 0.5, datetime(2022, 4, 6, 7, 1, 20, 500_000, tzinfo=UTC)),
        (2**32, datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC)),
    ],
)
def test_times_in_each_form(seconds: float, time: datetime) -> None:
    """An epoch-based time is an integer or a floating-point number of seconds, before 1970 too."""
    found = _with({TIME: epoch(seconds)}).unverified_attributes.signing_time
    assert found == time


@pytest.mark.parametrize("number", ["1a624d3c80", "1b00000000624d3c80", "fa4ec49a79", "fb41d8934f20000000"])
def test_times_in_each_width(number: str) -> None:
    """The number of a time may have each width that CBOR has for it."""
    marked = cbor2.dumps(cose_header(_CHAIN, {TIME: epoch(_NOW)})).replace(
        b"\xc1\x1a\x62\x4d\x3c\x80", b"\xc1" + bytes.fromhex(number)
    )
    time = parse(build_cose(_CHAIN, marked)).unverified_attributes.signing_time
    assert time is not None
    assert abs(time.timestamp() - _NOW) <= 128


def test_expiry() -> None:
    """An expiry later than the signing time, by a fraction of a second too, is read."""
    for later in (_NOW + 1, _NOW + 0.25):
        attributes = _with({EXPIRY: epoch(later), 2: [EXPIRY, SCHEME]}).unverified_attributes
        assert attributes.expiry == datetime.fromtimestamp(later, UTC)


def test_signing_authority() -> None:
    """Under the signing authority's scheme there is the authentic time alone, and it is critical."""
    good = {
        SCHEME: "notary.x509.signingAuthority", TIME: ABSENT, AUTHENTIC_TIME: epoch(_NOW), 2: [SCHEME, AUTHENTIC_TIME],
    }  # fmt: skip
    attributes = _with(good).unverified_attributes
    assert attributes.authentic_signing_time == datetime.fromtimestamp(_NOW, UTC)
    assert attributes.signing_time is None
    for change in ({2: [SCHEME]}, {TIME: epoch(_NOW)}, {AUTHENTIC_TIME: ABSENT, 2: [SCHEME]}):
        _refused(build_cose(_CHAIN, cose_header(_CHAIN, {**good, **change})))


def test_extended_attributes_of_every_kind() -> None:
    """Extended attributes may be critical or not, have integers as labels, and hold values of every kind."""
    values: dict[Any, Any] = {
        "a": "text", "b": b"bytes", 19: [1, None], -70000: {"e": True, 1: 2}, "": 1.5, 100: epoch(5),
        "c": cbor2.undefined,
    }  # fmt: skip
    extended = _with({**values, 2: [-70000, SCHEME, "a"]}).unverified_attributes.extended
    read = {**values, 100: datetime.fromtimestamp(5, UTC)}
    assert {attribute.key: attribute for attribute in extended} == {
        key: ExtendedAttribute(key, value, key in ("a", -70000)) for key, value in read.items()
    }


def test_the_verification_plugin() -> None:
    """The verification plugin's name is a text, and critical."""
    changes: dict[Any, Any] = {PLUGIN: "com.example.plugin", 2: [SCHEME, PLUGIN]}
    assert _with(changes).unverified_attributes.verification_plugin == "com.example.plugin"
    for wrong in ({2: [SCHEME]}, {PLUGIN: ""}, {PLUGIN: 1}, {PLUGIN: b"x"}, {PLUGIN: None}):
        assert PLUGIN in _refused(build_cose(_CHAIN, cose_header(_CHAIN, {**changes, **wrong})))


@pytest.mark.parametrize("value", [ABSENT, None, b"", [], {}, ["text"], [None], [1], [[b"x"]], _CHAIN.ders[0]])
def test_refuses_a_malformed_x5chain(value: Any) -> None:
    """The chain is a non-empty array of byte strings, protected or not."""
    assert "x5chain" in _refused(build_cose(_CHAIN, _HEADER, unprotected={33: value}))
    assert "x5chain" in _refused(build_cose(_CHAIN, cose_header(_CHAIN, {33: value}), unprotected={33: ABSENT}))


def test_the_chain_may_be_protected() -> None:
    """The chain may stand in the protected header, is no extended attribute there, and does not stand in both."""
    parsed = _with({33: list(_CHAIN.ders)}, unprotected={33: ABSENT})
    assert parsed.unverified_chain == _CHAIN.ders
    assert parsed.unverified_attributes.extended == ()
    assert "both" in _refused(build_cose(_CHAIN, cose_header(_CHAIN, {33: list(_CHAIN.ders)})))


@pytest.mark.parametrize("label", [1, 2, 3, SCHEME, TIME])
def test_no_label_is_both_protected_and_not(label: Any) -> None:
    """A label in both headers is refused, and an unprotected one does not stand in for a protected one."""
    value = cose_header(_CHAIN)[label]
    assert _refused(build_cose(_CHAIN, _HEADER, unprotected={label: value if label != TIME else 1}))
    assert _refused(
        build_cose(_CHAIN, cose_header(_CHAIN, {label: ABSENT}), unprotected={label: value if label != TIME else 1})
    )


def test_other_unprotected_headers_are_left_aside() -> None:
    """Anybody can add an unprotected header, and it changes nothing."""
    outer = {**_UNPROTECTED, "com.example": {"a": [1]}, 4: b"kid", EXPIRY: 1}
    assert parse(cbor2.dumps(cbor2.CBORTag(18, [_PROTECTED, outer, _PAYLOAD, _SIGNATURE]))) == parse(_GOOD)


@pytest.mark.parametrize(
    "tagged", [{TIMESTAMP: cbor2.CBORTag(24, b"x")}, {"x": epoch(1)}, {"x": cbor2.CBORTag(28, [])}]
)
def test_there_are_no_tags_outside_the_protected_header(tagged: dict[Any, Any]) -> None:
    """Tags are not expected in the unprotected header, and their meaning is never looked for."""
    assert "tag" in _refused(build_cose(_CHAIN, _HEADER, unprotected=tagged))


@pytest.mark.parametrize("agent", ["", " ", "notation/1.0.0 plugin/0.8", "\n\x00", "ü" * 5000])
def test_the_signing_agent_is_never_judged(agent: str) -> None:
    """Verification does not fail for what the signing agent says, or for its absence."""
    assert parse(build_cose(_CHAIN, _HEADER, unprotected={AGENT: agent})).signing_agent == agent
    assert parse(build_cose(_CHAIN, _HEADER, unprotected={AGENT: ABSENT})).signing_agent == ""


def test_the_timestamp() -> None:
    """The timestamp is a byte string that is not empty, or absent."""
    assert parse(build_cose(_CHAIN, _HEADER, unprotected={TIMESTAMP: b"token"})).timestamp_signature == b"token"
    for wrong in (b"", None, 1, "token", [b"token"]):
        assert TIMESTAMP in _refused(build_cose(_CHAIN, _HEADER, unprotected={TIMESTAMP: wrong}))


def test_writes_the_parts_of_the_specification() -> None:
    """A new envelope has the tag, the four parts, and the headers that belong into each."""
    now = datetime.fromtimestamp(_NOW, UTC)
    envelope = sign_envelope(_CHAIN, COSE, agent="a/1", timestamp=b"token", now=now)
    assert envelope[:1] == b"\xd2"
    protected, unprotected, payload, _ = cbor2.loads(envelope[1:])
    assert unprotected == {33: list(_CHAIN.ders), AGENT: "a/1", TIMESTAMP: b"token"}
    assert payload == PAYLOAD
    assert protected == cbor2.dumps(cose_header(_CHAIN), canonical=True)


def test_assembled_envelope_is_parsed_back() -> None:
    """An envelope put together from its parts is taken apart into the same parts."""
    assert parse(assemble(_PROTECTED, _PAYLOAD, _SIGNATURE, _CHAIN.ders, "tests/1.0")) == parse(_GOOD)
