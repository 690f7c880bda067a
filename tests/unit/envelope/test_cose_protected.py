"""Protected headers of COSE envelopes: labels, signed attributes, times."""

from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest

from notarykit.envelope.attributes import ExtendedAttribute
from notarykit.envelope.cose import parse
from notarykit.errors import EnvelopeError
from tests.support.envelopes import (
    ABSENT,
    AGENT,
    AUTHENTIC_TIME,
    EXPIRY,
    PLUGIN,
    SCHEME,
    TIME,
    build_cose,
    cose_header,
    epoch,
)  # fmt: skip
from tests.unit.envelope.cose_envelopes import CHAIN, HEADER, NOW, parsed_with
from tests.unit.envelope.messages import one_line


@pytest.mark.requirement("scheme:one-scheme")
@pytest.mark.parametrize(
    "header",
    [
        b"\xa0", b"\x80", b"\xf6", b"\x40", HEADER + b"\0", HEADER[:-1], b"\xff", b"\xbf\x01\x26\xff",
        bytes((HEADER[0] + 1,)) + HEADER[1:] + b"\x01\x26", bytes((HEADER[0] + 1,)) + HEADER[1:] + b"\x18\x01\x26",
        bytes((HEADER[0] + 1,)) + HEADER[1:] + b"\xf9\x3c\x00\x26",
        bytes((HEADER[0] + 1,)) + HEADER[1:] + b"\xf5\x26",
        cbor2.dumps(HEADER), cbor2.dumps(cbor2.CBORTag(24, HEADER)),
    ],
)  # fmt: skip
def test_malformed_protected_header_is_refused(header: bytes) -> None:
    """The protected header is one map with each label once, however the label is written."""
    with pytest.raises(EnvelopeError, match=one_line("COSE")):
        parse(build_cose(CHAIN, header))


@pytest.mark.parametrize("label", [1.0, True, None, b"x", (1,), -1.5])
def test_label_of_another_type_is_refused(label: Any) -> None:
    """A label of another type is refused in both headers."""
    changed = cose_header(CHAIN, {1: ABSENT} if label in (1, True) else {})
    for envelope in (
        build_cose(CHAIN, {**changed, label: -7}),
        build_cose(CHAIN, HEADER, unprotected={label: 1}),
    ):
        with pytest.raises(EnvelopeError, match=r"^COSE: [^\n]*(label|key of a map)[^\n]*\Z"):
            parse(envelope)


@pytest.mark.parametrize(
    "headers",
    [
        {4: "text"}, {5: 1}, {6: "x"}, {16: b"x"}, {16: "text"}, {16: ""}, {16: -1}, {5: b"iv", 6: b"iv"}, {7: b"x"},
        {9: b"x"}, {11: b"x"}, {12: b"x"},
    ],
)  # fmt: skip
def test_malformed_common_header_is_refused(headers: dict[int, Any]) -> None:
    """A common header of a wrong form is refused in both headers, and so is a countersignature."""
    with pytest.raises(EnvelopeError, match=rf"^COSE: protected headers? {min(headers)} "):
        parse(build_cose(CHAIN, cose_header(CHAIN, headers)))
    with pytest.raises(EnvelopeError, match=rf"^COSE: unprotected headers? {min(headers)} "):
        parse(build_cose(CHAIN, HEADER, unprotected=headers))


@pytest.mark.parametrize(("label", "value"), [(4, b"key"), (5, b"iv"), (6, b"iv"), (16, 1), (16, "text/plain")])
def test_common_header_is_an_extended_attribute(label: int, value: Any) -> None:
    """A protected common header of the right type is an extended attribute."""
    assert parsed_with({label: value}).unverified_attributes.extended == (ExtendedAttribute(label, value, False),)


@pytest.mark.requirement(
    "cose:alg",
    "cose:crit",
    "cose:crit-without-common-parameters",
    "cose:content-type",
    "cose:signing-scheme",
    "cose:signing-time",
    "cose:authentic-signing-time",
    "cose:alg-constraints",
)
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
            ABSENT, None, "", NOW, float(NOW), "2022-04-06T07:01:20Z", {}, True, [epoch(NOW)],
        )),
        *(({TIME: epoch(value)}, "protected header") for value in (
            None, "2022-04-06T07:01:20Z", True, False, b"x", [1], epoch(1), float("nan"), float("inf"), -1e300, 2**63,
            -62135596801, 253402300800,
        )),
        ({TIME: cbor2.CBORTag(0, "2022-04-06T07:01:20Z")}, "tag 0"),
        ({TIME: cbor2.CBORTag(1004, "2022-04-06")}, "tag 1004"),
        ({"x": cbor2.CBORTag(37, bytes(16))}, "tag 37"),
        ({"x": 2**64}, "tag 2"),
        ({AUTHENTIC_TIME: epoch(NOW)}, AUTHENTIC_TIME),
        ({AUTHENTIC_TIME: epoch(NOW), 2: [SCHEME, AUTHENTIC_TIME]}, AUTHENTIC_TIME),
        ({EXPIRY: epoch(NOW + 1)}, EXPIRY),
        ({EXPIRY: None, 2: [SCHEME, EXPIRY]}, EXPIRY),
        ({EXPIRY: NOW + 1, 2: [SCHEME, EXPIRY]}, EXPIRY),
        ({EXPIRY: epoch(NOW), 2: [SCHEME, EXPIRY]}, EXPIRY),
    ],
)  # fmt: skip
def test_invalid_signed_header_is_refused(changes: dict[Any, Any], text: str) -> None:
    """A protected header against a rule is refused with its name, although the signature holds."""
    with pytest.raises(EnvelopeError, match=one_line("COSE", text)):
        parse(build_cose(CHAIN, cose_header(CHAIN, changes)))


@pytest.mark.parametrize(
    ("seconds", "time"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (NOW, datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)),
        (float(NOW), datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)),
        (NOW + 0.5, datetime(2022, 4, 6, 7, 1, 20, 500_000, tzinfo=UTC)),
        (2**32, datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC)),
    ],
)
def test_time_in_each_form_is_read(seconds: float, time: datetime) -> None:
    """An epoch-based time is an integer or a floating-point number of seconds, before 1970 too."""
    found = parsed_with({TIME: epoch(seconds)}).unverified_attributes.signing_time
    assert found == time


@pytest.mark.parametrize("number", ["1a624d3c80", "1b00000000624d3c80", "fa4ec49a79", "fb41d8934f20000000"])
def test_time_in_each_width_is_read(number: str) -> None:
    """The number of a time may have each width that CBOR has for it."""
    marked = cbor2.dumps(cose_header(CHAIN, {TIME: epoch(NOW)})).replace(
        b"\xc1\x1a\x62\x4d\x3c\x80", b"\xc1" + bytes.fromhex(number)
    )
    time = parse(build_cose(CHAIN, marked)).unverified_attributes.signing_time
    assert time is not None
    assert abs(time.timestamp() - NOW) <= 128


def test_expiry_after_the_signing_time_is_read() -> None:
    """An expiry later than the signing time, by a fraction of a second too, is read."""
    for later in (NOW + 1, NOW + 0.25):
        attributes = parsed_with({EXPIRY: epoch(later), 2: [EXPIRY, SCHEME]}).unverified_attributes
        assert attributes.expiry == datetime.fromtimestamp(later, UTC)


@pytest.mark.requirement("cose:authentic-signing-time")
def test_signing_authority_has_the_authentic_time_alone() -> None:
    """Under the signing authority's scheme there is the authentic time alone, and it is critical."""
    good = {
        SCHEME: "notary.x509.signingAuthority", TIME: ABSENT, AUTHENTIC_TIME: epoch(NOW), 2: [SCHEME, AUTHENTIC_TIME],
    }  # fmt: skip
    attributes = parsed_with(good).unverified_attributes
    assert attributes.authentic_signing_time == datetime.fromtimestamp(NOW, UTC)
    assert attributes.signing_time is None
    for change in ({2: [SCHEME]}, {TIME: epoch(NOW)}, {AUTHENTIC_TIME: ABSENT, 2: [SCHEME]}):
        with pytest.raises(EnvelopeError, match=one_line("COSE")):
            parse(build_cose(CHAIN, cose_header(CHAIN, {**good, **change})))


def test_extended_attributes_hold_every_kind_of_value() -> None:
    """Extended attributes may be critical or not, have integers as labels, and hold values of every kind."""
    values: dict[Any, Any] = {
        "a": "text", "b": b"bytes", 19: [1, None], -70000: {"e": True, 1: 2}, "": 1.5, 100: epoch(5),
        "c": cbor2.undefined,
    }  # fmt: skip
    extended = parsed_with({**values, 2: [-70000, SCHEME, "a"]}).unverified_attributes.extended
    read = {**values, 100: datetime.fromtimestamp(5, UTC)}
    assert {attribute.key: attribute for attribute in extended} == {
        key: ExtendedAttribute(key, value, key in ("a", -70000)) for key, value in read.items()
    }


def test_verification_plugin_is_a_critical_text() -> None:
    """The verification plugin's name is a text, and critical."""
    changes: dict[Any, Any] = {PLUGIN: "com.example.plugin", 2: [SCHEME, PLUGIN]}
    assert parsed_with(changes).unverified_attributes.verification_plugin == "com.example.plugin"
    for wrong in ({2: [SCHEME]}, {PLUGIN: ""}, {PLUGIN: 1}, {PLUGIN: b"x"}, {PLUGIN: None}):
        with pytest.raises(EnvelopeError, match=one_line("COSE", PLUGIN)):
            parse(build_cose(CHAIN, cose_header(CHAIN, {**changes, **wrong})))
