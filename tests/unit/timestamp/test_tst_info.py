"""TSTInfo of a token."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from notarykit.errors import TimestampError
from notarykit.timestamp import tsp
from notarykit.timestamp.records import TimestampInfo
from tests.support.asn1 import HASHES, NULL, integer, octet_string, oid
from tests.support.der import sequence, tlv
from tests.support.token_changes import POLICY, Accuracy, TokenExtension
from tests.unit.timestamp.setting import MESSAGE, MOMENT, info_with

BASELINE = "0.4.0.2023.1.1"
OTHER = "1.3.6.1.4.1.99999.7"
SECOND = timedelta(seconds=1)


def test_tst_info_is_read() -> None:
    """Every relevant field of the TSTInfo is read."""
    info = tsp.read_info(info_with(nonce=2**158 + 1, serial=2**150, ordering=True, tsa="right"))
    assert info._replace(authority=None) == TimestampInfo(
        POLICY,
        "SHA-256",
        hashlib.sha256(MESSAGE).digest(),
        2**150,
        MOMENT - SECOND,
        MOMENT,
        MOMENT + SECOND,
        2**158 + 1,
        None,
    )
    assert tsp.read_info(info_with(accuracy=None)).nonce is None


@pytest.mark.parametrize("short", ["sha256", "sha384", "sha512"])
def test_imprint_hash_is_read(short: str) -> None:
    """Each supported hash is read, with and without parameters."""
    digest = hashlib.new(short, MESSAGE).digest()
    for parameters in (NULL, b""):
        algorithm = sequence(oid(HASHES[short]), parameters)
        info = tsp.read_info(info_with(imprint=digest, imprint_algorithm=algorithm))
        assert (info.hash_name, info.imprint) == (f"SHA-{short[3:]}", digest)


def _limits(**changes: Any) -> tuple[timedelta, timedelta]:
    info = tsp.read_info(info_with(**changes))
    return info.time - info.earliest, info.latest - info.time


@pytest.mark.requirement("trust:timestamp-range")
@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        (None, timedelta(0)),
        (Accuracy(), timedelta(0)),
        (Accuracy(0), timedelta(0)),
        (Accuracy(1), SECOND),
        (Accuracy(millis=1), timedelta(milliseconds=1)),
        (Accuracy(micros=999), timedelta(microseconds=999)),
        (Accuracy(2, 999, 1), timedelta(seconds=2, milliseconds=999, microseconds=1)),
        (Accuracy(86400), timedelta(days=1)),
    ],
)
def test_accuracy_makes_the_limits(accuracy: Accuracy | None, expected: timedelta) -> None:
    """The limits lie the accuracy before and after the time; a missing part is zero."""
    assert _limits(accuracy=accuracy) == (expected, expected)


@pytest.mark.requirement("trust:timestamp-range")
@pytest.mark.parametrize(
    ("policy", "accuracy", "expected"),
    [
        (BASELINE, None, SECOND),
        (BASELINE, Accuracy(), timedelta(0)),
        (BASELINE, Accuracy(0), timedelta(0)),
        (BASELINE, Accuracy(millis=5), timedelta(milliseconds=5)),
        (BASELINE, Accuracy(7), timedelta(seconds=7)),
        (f"{BASELINE}.1", None, timedelta(0)),
        ("0.4.0.2023.1", None, timedelta(0)),
        ("0.4.0.2023.1.2", None, timedelta(0)),
    ],
)
def test_baseline_policy_has_one_second_by_default(policy: str, accuracy: Accuracy | None, expected: timedelta) -> None:
    """The default accuracy is one second under the baseline policy alone."""
    assert _limits(policy=policy, accuracy=accuracy) == (expected, expected)


@pytest.mark.parametrize(
    "accuracy",
    [
        Accuracy(-1),
        Accuracy(-1, 999, 999),
        Accuracy(1, 0),
        Accuracy(1, 1000),
        Accuracy(1, -1),
        Accuracy(1, None, 0),
        Accuracy(1, None, 1000),
        Accuracy(2**63),
        Accuracy(2**4000),
        octet_string(b""),
        sequence(tlv(0x81, b"\1"), tlv(0x80, b"\1")),
        sequence(integer(1), integer(1)),
        sequence(tlv(0x82, b"\1")),
        sequence(integer(1), tlv(0x80, b"\1"), tlv(0x81, b"\1"), tlv(0x82, b"\1")),
        sequence(tlv(0x02, b"\0\1")),
        sequence(tlv(0x02, b"")),
        sequence(integer(1)) * 2,
    ],
    ids=str,
)
def test_malformed_accuracy_is_refused(accuracy: Accuracy | bytes) -> None:
    """A malformed accuracy is refused, and not taken for an absent one."""
    with pytest.raises(TimestampError):
        tsp.read_info(info_with(accuracy=accuracy))


@pytest.mark.parametrize(
    ("text", "microsecond", "is_rounded"),
    [
        ("20260301123015Z", 0, False),
        ("20260301123015.5Z", 500_000, False),
        ("20260301123015.000001Z", 1, False),
        ("20260301123015.123456Z", 123_456, False),
        ("20260301123015.1234561Z", 123_456, True),
        ("20260301123015.0000000001Z", 0, True),
        ("20260301123015.9999999Z", 999_999, True),
    ],
)
def test_fraction_below_a_microsecond_widens_the_range(text: str, microsecond: int, is_rounded: bool) -> None:
    """A fraction below a microsecond widens the range by one."""
    info = tsp.read_info(info_with(gen_time=text.encode(), accuracy=None))
    assert info.time == info.earliest == MOMENT.replace(microsecond=microsecond)
    assert info.latest == info.time + timedelta(microseconds=is_rounded)


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "20260301123015", "20260301123015z", "20260301123015+0000", "20260301133015+0100",
        "20260301123015.Z", "20260301123015.0Z", "20260301123015.50Z", "20260301123015,5Z", "202603011230Z",
        "2026030112Z", "260301123015Z", "20260229123015Z", "20261301123015Z", "20260300123015Z", "20260301240000Z",
        "20260301126015Z", "20260301123060Z", "00000101000000Z", " 20260301123015Z", "20260301123015Z\0",
        "20260301123015.-5Z", "+0260301123015Z",
    ],
)  # fmt: skip
def test_malformed_time_is_refused(text: str) -> None:
    """The genTime has seconds, no trailing zero in its fraction, and the zone Z."""
    with pytest.raises(TimestampError):
        tsp.read_info(info_with(gen_time=text.encode()))


@pytest.mark.parametrize(("text", "accuracy"), [("00010101000000Z", Accuracy(1)), ("99991231235959.9Z", Accuracy(1))])
def test_limits_beyond_year_9999_are_refused(text: str, accuracy: Accuracy) -> None:
    """A limit outside the years 1 to 9999 is refused."""
    with pytest.raises(TimestampError):
        tsp.read_info(info_with(gen_time=text.encode(), accuracy=accuracy))
    assert tsp.read_info(info_with(gen_time=text.encode(), accuracy=None)).time


def test_time_of_another_type_is_refused() -> None:
    """A UTCTime in place of the GeneralizedTime is refused."""
    info = info_with(accuracy=None)
    assert info.count(b"\x18\x0f20260301123015Z") == 1
    for other in (b"\x17\x0f20260301123015Z", b"\x0c\x0f20260301123015Z", b"\x38\x0f20260301123015Z"):
        with pytest.raises(TimestampError):
            tsp.read_info(info.replace(b"\x18\x0f20260301123015Z", other))


def test_critical_extension_is_refused() -> None:
    """An unknown extension is ignored unless it is critical."""
    known = TokenExtension(critical=False)
    assert tsp.read_info(info_with(extensions=(known, known._replace(oid=OTHER)))) == tsp.read_info(info_with())
    for extensions in ((TokenExtension(),), (known, TokenExtension(oid=OTHER))):
        with pytest.raises(TimestampError, match=r"critical extension 1\.3\.6\.1\.4\.1\.99999\."):
            tsp.read_info(info_with(extensions=extensions))


@pytest.mark.requirement("trust:timestamp-token")
@pytest.mark.parametrize(
    "info",
    [
        b"",
        b"\x30\x00",
        info_with() + b"\0",
        info_with()[:-1],
        info_with(info_version=0),
        info_with(info_version=2),
        info_with(info_version=257),
        info_with(imprint_hash="sha1"),
        info_with(imprint_algorithm=sequence(oid(HASHES["md5"]), NULL)),
        info_with(tsa=NULL),
        info_with(ordering=True).replace(b"\x01\x01\xff", b"\x01\x01\x01"),
        info_with(ordering=True).replace(b"\x01\x01\xff", b"\x21\x01\xff"),
        info_with(nonce=1, accuracy=None).replace(b"15Z\x02\x01\x01", b"15Z\x03\x01\x01"),
        info_with(extensions=(TokenExtension(critical=False),)).replace(b"\xa1", b"\xa2"),
    ],
    ids=range(14),
)
def test_malformed_tst_info_is_refused(info: bytes) -> None:
    """Bytes that are not the DER of a TSTInfo of version 1 are refused (RFC 3161, section 2.4.2)."""
    with pytest.raises(TimestampError):
        tsp.read_info(info)
