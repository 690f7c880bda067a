"""Timeline of ends by week and month."""

from datetime import UTC, date, datetime, timedelta

import pytest

from notarykit.audit.record import ArtifactRecord, EndsBy
from notarykit.audit.reports.page.timeline import Window, months, weeks
from tests.support.audit_records import records

_START = datetime(2026, 11, 29, 2, 15, tzinfo=UTC)
_WINDOW = Window(_START, _START + timedelta(days=90))


def _ending(*ends: datetime) -> list[ArtifactRecord]:
    record = next(records(1, 1))
    return [record._replace(ends=end, ends_by=EndsBy.CERTIFICATE) for end in ends]


def test_weeks_reach_to_the_end_of_the_window() -> None:
    """Weeks begin with the day of the audit and include the window's last day."""
    periods = weeks(_ending(_START, _START + timedelta(days=7), _WINDOW.end, _WINDOW.end + timedelta(days=7)), _WINDOW)
    assert (periods[0].first, periods[0].last) == (date(2026, 11, 29), date(2026, 12, 5))
    assert [period.total for period in periods] == [1, 1, *[0] * 10, 1]


@pytest.mark.parametrize(
    ("days", "number"), [(0, 4), (7, 4), (90, 13), (91, 13), (92, 14), (3650, 26), (2_900_000, 26)]
)
def test_number_of_weeks_is_bounded(days: int, number: int) -> None:
    """A window of any length has 4 to 26 weeks."""
    assert len(weeks([], Window(_START, _START + timedelta(days=days)))) == number


def test_months_go_over_the_end_of_a_year() -> None:
    """Months are those of the calendar."""
    periods = months(_ending(datetime(2027, 2, 28, 23, 59, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)), _WINDOW)
    assert [str(period) for period in periods[:3]] == [
        "2026-11-01 to 2026-11-30", "2026-12-01 to 2026-12-31", "2027-01-01 to 2027-01-31",
    ]  # fmt: skip
    assert [period.total for period in periods] == [0, 0, 0, 1, 1, 0]


def test_last_period_has_all_later_ends() -> None:
    """After three years one period has all the rest, up to the end of the calendar."""
    periods = months(_ending(datetime(2029, 10, 31, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)), _WINDOW)
    assert len(periods) == 37
    assert [(str(period), period.total) for period in periods[-2:]] == [
        ("2029-10-01 to 2029-10-31", 1), ("2029-11-01 and later", 1),
    ]  # fmt: skip
    assert periods[-1].fragment == "#ends=2029-11-01.."


def test_window_includes_its_last_moment() -> None:
    """An end at the window's end is within it, one second later is not."""
    assert _WINDOW.has(_WINDOW.end)
    assert not _WINDOW.has(_WINDOW.end + timedelta(seconds=1))
    assert not _WINDOW.has(None)


@pytest.mark.parametrize(
    ("length", "words"), [({"days": 90}, "90 days"), ({"hours": 36}, "1 day"), ({"hours": 12}, "12 hours")]
)
def test_length_is_in_days_or_hours(length: dict[str, int], words: str) -> None:
    """The window's length is in whole days, and in hours below a day."""
    assert Window(_START, _START + timedelta(**length)).words == words
