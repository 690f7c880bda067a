"""CBOR as far as COSE needs it: one item, definite, each key once, no tag but times, and bounded."""

import tracemalloc
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest

from notarykit.envelope.cbor import CBORFormError, loads


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("00", 0), ("1817", 23), ("1b7fffffffffffffff", 2**63 - 1), ("20", -1),
        ("3b7fffffffffffffff", -(2**63)), ("40", b""), ("43010203", b"\1\2\3"), ("60", ""), ("62c3bc", "ü"), ("80", []),
        ("8201820203", [1, [2, 3]]), ("a0", {}), ("a2016161206162", {1: "a", -1: "b"}), ("f4", False), ("f5", True),
        ("f6", None), ("f7", cbor2.undefined), ("f93c00", 1.0), ("fa3f800000", 1.0), ("fb3ff0000000000000", 1.0),
        ("5803010203", b"\1\2\3"), ("9a0000000101", [1]), ("e0", cbor2.CBORSimpleValue(0)),
    ],
)  # fmt: skip
def test_item_is_read(data: str, value: Any) -> None:
    """Items of all kinds are read, in whatever width their lengths are written."""
    read = loads(bytes.fromhex(data))
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("", "ends too early"), ("18", "ends too early"), ("1900", "ends too early"), ("42ff", "ends too early"),
        ("61", "ends too early"), ("81", "ends too early"), ("a101", "ends too early"),
        ("5bffffffffffffffff", "ends too early"), ("7bffffffffffffffff00", "ends too early"),
        ("9bffffffffffffffff", "ends too early"), ("bbffffffffffffffff", "ends too early"), ("fb00", "ends too early"),
        ("0000", "1 bytes follow"), ("f6f6f6", "2 bytes follow"),
        ("1c", "not well formed"), ("1d", "not well formed"), ("1e", "not well formed"), ("3f", "indefinite"),
        ("5f4101ff", "indefinite"), ("7f6161ff", "indefinite"), ("9f01ff", "indefinite"), ("bf0102ff", "indefinite"),
        ("819f01ff", "indefinite"), ("ff", "indefinite"), ("81ff", "indefinite"), ("fc", "not well formed"),
        ("f800", "simple value"), ("f818", "simple value"), ("f81f", "simple value"),
        ("61ff", "utf-8"), ("63eda080", "utf-8"), ("62c0af", "utf-8"),
        ("a201020103", "Duplicate"), ("a20102180103", "Duplicate"), ("a2616101616102", "Duplicate"),
        ("a2410101410102", "Duplicate"), ("81a201020103", "Duplicate"), ("a101a201020103", "Duplicate"),
        ("a2010201f6", "Duplicate"), ("a20100f93c0001", "key of a map"), ("a1f501", "key of a map"),
        ("a1a10102f6", "key of a map"), ("a1810102", "key of a map"), ("a1f600", "key of a map"),
        ("1b8000000000000000", "64 bits"), ("3bffffffffffffffff", "64 bits"),
        ("a20001200100", "1 bytes follow"), ("a220012001", "Duplicate"),
    ],
)  # fmt: skip
def test_other_forms_are_refused(data: str, text: str) -> None:
    """What ends early, goes on, is indefinite, not well formed, or has a key twice is refused."""
    with pytest.raises(CBORFormError, match=text) as caught:
        loads(bytes.fromhex(data), allow_times=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "tag", [0, 2, 3, 4, 5, 18, 24, 25, 28, 29, 30, 35, 36, 37, 43000, 55799, 100, 256, 258, 260, 261, 1004]
)
@pytest.mark.parametrize("allow_times", [True, False])
def test_tag_is_refused(tag: int, allow_times: bool) -> None:
    """No tag but a time is allowed at any depth, so that no meaning is ever given to one."""
    for item in (
        cbor2.CBORTag(tag, "2022-04-06T07:01:20Z"),
        [cbor2.CBORTag(tag, 1)],
        {"x": {1: cbor2.CBORTag(tag, [])}},
    ):
        with pytest.raises(CBORFormError, match=f"tag {tag} is not allowed here"):
            loads(cbor2.dumps(item), allow_times=allow_times)


def test_time_is_refused_where_none_is_expected() -> None:
    """A time is read where times may occur, and refused elsewhere."""
    data = cbor2.dumps({"t": cbor2.CBORTag(1, 1649228480)})
    assert loads(data, allow_times=True) == {"t": datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)}
    with pytest.raises(CBORFormError, match="tag 1 is not allowed here"):
        loads(data)


@pytest.mark.parametrize(
    "content", ["40", "4101", "60", "6130", "80", "a0", "f4", "f5", "f6", "f7", "e0", "c100", "c24101"]
)
def test_time_other_than_a_number_is_refused(content: str) -> None:
    """What stands in a time is an integer or a floating-point number and nothing else, no boolean either."""
    with pytest.raises(CBORFormError, match="neither an integer nor a floating-point number"):
        loads(bytes.fromhex("c1" + content), allow_times=True)


@pytest.mark.parametrize(
    "content", ["1bffffffffffffffff", "3bffffffffffffffff", "f97e00", "f97c00", "f9fc00", "fb7fefffffffffffff"]
)
def test_time_outside_the_calendar_is_refused(content: str) -> None:
    """A number that is no time of the years 1 to 9999 is refused."""
    with pytest.raises(CBORFormError):
        loads(bytes.fromhex("c1" + content), allow_times=True)


def test_depth_is_bounded() -> None:
    """Arrays and maps nest 15 deep around a value and no deeper."""
    for head in (b"\x81", b"\xa1\x00"):
        assert loads(head * 15 + b"\x00")
        for deep in (16, 17, 100_000):
            with pytest.raises(CBORFormError, match="too deep"):
                loads(head * deep + b"\x00")


def test_parts_are_bounded() -> None:
    """An item has at most 4,096 parts, itself included."""
    assert len(loads(cbor2.dumps([0] * 4095))) == 4095
    for item in ([0] * 4096, dict.fromkeys(range(2048), 0), [[0] * 2000, [0] * 2100]):
        with pytest.raises(CBORFormError, match="more than 4096 parts"):
            loads(cbor2.dumps(item))


def test_claimed_length_allocates_nothing() -> None:
    """Lengths that are claimed but not there are refused before anything of that size is made."""
    tracemalloc.start()
    for data in ("5bffffffffffffffff", "5a7fffffff", "9a7fffffff00", "ba7fffffff", "819a7fffffff"):
        with pytest.raises(CBORFormError):
            loads(bytes.fromhex(data))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1_000_000
