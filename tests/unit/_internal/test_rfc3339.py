"""Times are read by the grammar of RFC 3339 and nothing wider, and written as RFC 3339 for every year."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notarykit._internal.rfc3339 import format_rfc3339, parse_rfc3339, utc_now


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2022-04-06T07:01:20Z", datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)),
        ("2022-04-06t07:01:20z", datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)),
        ("2022-04-06T07:01:20+00:00", datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)),
        ("2022-04-06T07:01:20-00:00", datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)),
        ("2022-04-06T07:01:20+05:30", datetime(2022, 4, 6, 1, 31, 20, tzinfo=UTC)),
        ("2022-04-06T20:01:20-08:00", datetime(2022, 4, 7, 4, 1, 20, tzinfo=UTC)),
        ("2022-04-06T07:01:20+23:59", datetime(2022, 4, 5, 7, 2, 20, tzinfo=UTC)),
        ("2022-04-06T07:01:20.5Z", datetime(2022, 4, 6, 7, 1, 20, 500_000, tzinfo=UTC)),
        ("2022-04-06T07:01:20.000001Z", datetime(2022, 4, 6, 7, 1, 20, 1, tzinfo=UTC)),
        ("2022-04-06T07:01:20.999999999999Z", datetime(2022, 4, 6, 7, 1, 20, 999_999, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_valid_timestamp_is_parsed_to_utc(text: str, time: datetime) -> None:
    """Lower-case letters, offsets and fractions are all of the grammar, and the time comes in UTC."""
    read = parse_rfc3339(text)
    assert read == time
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "", "2022-04-06", "2022-04-06T07:01:20", "2022-04-06T07:01Z", "2022-04-06 07:01:20Z", "20220406T070120Z",
        "2022-4-6T07:01:20Z", "2022-04-06T7:01:20Z", " 2022-04-06T07:01:20Z", "2022-04-06T07:01:20Z\n",
        "2022-04-06T07:01:20.Z", "2022-04-06T07:01:20,5Z", "2022-04-06T07:01:20+0000", "2022-04-06T07:01:20+24:00",
        "2022-04-06T07:01:20+00:60", "2022-04-06T07:01:20+00", "2022-04-06T07:01:20UTC", "2022-04-06T07:01:20+00:00Z",
        "2022-W14-3T07:01:20Z", "+2022-04-06T07:01:20Z", "12022-04-06T07:01:20Z", "-022-04-06T07:01:20Z",
        "2022-13-06T07:01:20Z", "2022-00-06T07:01:20Z", "2022-02-29T07:01:20Z", "2022-04-06T24:00:00Z",
        "2022-04-06T25:00:00Z", "2022-04-06T07:60:20Z", "2022-12-31T23:59:60Z", "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01", "\u0662022-04-06T07:01:20Z", "2022\u201304\u201306T07:01:20Z",
    ],
)  # fmt: skip
def test_invalid_timestamp_is_refused(text: str) -> None:
    """What the grammar does not give, or what is no time of the calendar, is refused."""
    with pytest.raises(ValueError, match="not a time"):
        parse_rfc3339(text)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2022, 4, 6, 7, 1, 20, 999_999, tzinfo=UTC), "2022-04-06T07:01:20Z"),
        (datetime(2022, 4, 6, 7, 1, 20, tzinfo=timezone(timedelta(hours=2))), "2022-04-06T05:01:20Z"),
        (datetime(7, 1, 1, tzinfo=UTC), "0007-01-01T00:00:00Z"),
    ],
)
def test_format_is_utc_to_the_second(time: datetime, text: str) -> None:
    """A time is written in UTC, to the second, with four digits of the year."""
    assert format_rfc3339(time) == text


@given(st.datetimes(timezones=st.just(UTC)))
def test_formatted_time_is_parsed_back(time: datetime) -> None:
    """Every time that is written is read back as the same second."""
    assert parse_rfc3339(format_rfc3339(time)) == time.replace(microsecond=0)


def test_utc_now_is_in_utc() -> None:
    """The present time knows that it is in UTC."""
    before = datetime.now(UTC)
    assert before <= utc_now() <= datetime.now(UTC)
