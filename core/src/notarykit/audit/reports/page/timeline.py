"""Timeline of the verdicts' ends: the near ones by week, all of them by month."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from notarykit.audit.record import ArtifactRecord, EndsBy
from notarykit.audit.reports.page.markup import Element, counted, element, link

KINDS = tuple(kind for kind in EndsBy if kind is not EndsBy.NOTHING)
_WEEK, _DAY = timedelta(days=7), timedelta(days=1)
_MOST_WEEKS, _MOST_MONTHS, _MONTHS_OF_A_YEAR = 26, 36, 12
_HEIGHT, _TOP, _BOTTOM = 132, 18, 22
_QUARTERS_UP_TO = 15
"""With at most this number of months each third one is labelled, otherwise each January."""


class Window(NamedTuple):
    """Days after the audit in which an end stands out.

    Attributes:
        start: Time of the audit.
        end: Last moment that stands out.
    """

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """Time from start to end."""
        return self.end - self.start

    @property
    def words(self) -> str:
        """Length in words, in whole days or hours."""
        hours = self.length // timedelta(hours=1)
        return counted(self.length.days, "day") if self.length >= _DAY else counted(hours, "hour")

    def has(self, time: datetime | None) -> bool:
        """Returns true for an end within the window."""
        return time is not None and time <= self.end


class Period(NamedTuple):
    """Week or month of the timeline.

    Attributes:
        first: First day.
        last: Last day, or None for everything later.
        ends: Number of verdicts by reason of their end, and true for those within the window.
    """

    first: date
    last: date | None
    ends: Counter[tuple[EndsBy, bool]]

    @property
    def total(self) -> int:
        """Number of verdicts that end in the period."""
        return self.ends.total()

    @property
    def fragment(self) -> str:
        """Fragment of the filter for this period."""
        return f"#ends={self.first}..{self.last or ''}"

    def of(self, kind: EndsBy) -> int:
        """Returns the number of verdicts that end for a reason."""
        return self.ends[kind, True] + self.ends[kind, False]

    def __str__(self) -> str:
        return f"{self.first} to {self.last}" if self.last else f"{self.first} and later"


def weeks(records: Iterable[ArtifactRecord], window: Window) -> list[Period]:
    """Counts the ends of the weeks that the window reaches into."""
    number = max(4, min(_MOST_WEEKS, -(-window.length // _WEEK)))
    first = window.start.date()
    limits = [first + place * _WEEK for place in range(number + 1)]
    periods = [Period(start, end - _DAY, Counter()) for start, end in pairwise(limits)]
    return _counted(periods, records, window)


def months(records: Sequence[ArtifactRecord], window: Window) -> list[Period]:
    """Counts the ends of each month up to the last one with an end; the last period has all later ones."""
    last = max((record.ends for record in records if record.ends), default=window.start).date()
    first = window.start.date().replace(day=1)
    number = _MONTHS_OF_A_YEAR * (last.year - first.year) + last.month - first.month + 1
    limits = [_month_after(first, place) for place in range(max(6, min(number, _MOST_MONTHS)) + 1)]
    periods = [Period(start, end - _DAY, Counter()) for start, end in pairwise(limits)]
    if number > _MOST_MONTHS:
        periods.append(Period(limits[-1], None, Counter()))
    return _counted(periods, records, window)


def _month_after(first: date, number: int) -> date:
    years, month = divmod(first.month - 1 + number, _MONTHS_OF_A_YEAR)
    return first.replace(year=first.year + years, month=month + 1)


def _counted(periods: list[Period], records: Iterable[ArtifactRecord], window: Window) -> list[Period]:
    days = Counter((record.ends.date(), record.ends_by, window.has(record.ends)) for record in records if record.ends)
    for (day, kind, is_soon), number in days.items():
        for period in periods:
            if period.first <= day and (period.last is None or day <= period.last):
                period.ends[kind, is_soon] += number
    return periods


def chart(periods: Sequence[Period], title: str) -> Element:
    """Draws periods as columns; each one with an end is a link to the filter for it."""
    ceiling = _ceiling(max(period.total for period in periods))
    columns = [_column(period, place, len(periods), ceiling) for place, period in enumerate(periods)]
    grid = [element("line", class_="grid", x1=0, x2="100%", y1=_up(share), y2=_up(share)) for share in (0.0, 0.5, 1.0)]
    height = _HEIGHT + _TOP + _BOTTOM
    scale = [
        element("text", counted(int(ceiling * share)), x=34, y=_up(share) + 4, text_anchor="end") for share in (0.5, 1)
    ]
    return element(
        "figure",
        element("figcaption", title),
        element(
            "div",
            element("svg", *scale, class_="scale", width=40, height=height, aria_hidden="true"),
            element("svg", *grid, *columns, *_labels(periods), height=height, role="group", aria_label=title),
            class_="plot",
        ),
    )


def _ceiling(most: int) -> int:
    """Returns a round even number that is not below `most`."""
    unit = 1
    while True:
        for factor in (2, 4, 6, 10):
            if factor * unit >= most:
                return factor * unit
        unit *= 10


def _up(share: float) -> float:
    return round(_TOP + _HEIGHT * (1 - share), 2)


def _column(period: Period, place: int, number: int, ceiling: int) -> Element | None:
    if not period.total:
        return None
    parts, below = [], 0
    for is_soon in (True, False):
        for kind in KINDS:
            if count := period.ends[kind, is_soon]:
                below += count
                parts.append(
                    element(
                        "rect",
                        class_=f"{kind.value.replace(' ', '-')} {'soon' if is_soon else 'later'}",
                        x=f"{100 * (place + 0.12) / number:.3f}%",
                        width=f"{76 / number:.3f}%",
                        y=_up(below / ceiling),
                        height=round(max(1.0, _HEIGHT * count / ceiling), 2),
                    )
                )
    kinds = ", ".join(f"{counted(period.of(kind))} by {kind.value}" for kind in KINDS if period.of(kind))
    label = f"{period}: {counted(period.total, 'end')}, {kinds}"
    room = element(
        "rect",
        class_="room",
        x=f"{100 * place / number:.3f}%",
        width=f"{100 / number:.3f}%",
        y=0,
        height=_HEIGHT + _TOP,
    )
    return link(period.fragment, element("title", label), room, *parts, aria_label=label)


def _labels(periods: Sequence[Period]) -> list[Element]:
    return [
        element("text", text, x=f"{100 * (place + 0.12) / len(periods):.3f}%", y=_HEIGHT + _TOP + 16)
        for place, text in _marks(periods)
    ]


def _marks(periods: Sequence[Period]) -> list[tuple[int, str]]:
    """Returns the places of labels below the columns, and their texts."""
    starts = [period.first for period in periods]
    if starts[1] - starts[0] == _WEEK:
        return [(place, f"{starts[place]:%m-%d}") for place in range(0, len(starts), 4)]
    if len(periods) <= _QUARTERS_UP_TO:
        return [(place, f"{starts[place]:%Y-%m}") for place in range(0, len(starts), 3)]
    return [(place, f"{start.year}") for place, start in enumerate(starts) if start.month == 1]


def figures(periods: Sequence[Period]) -> Element:
    """Lists the numbers of a chart as a table."""
    kinds = [kind for kind in KINDS if any(period.of(kind) for period in periods)]
    heads = [
        element("th", text, scope="col") for text in ("Period", *(kind.value.capitalize() for kind in kinds), "All")
    ]
    rows = [
        element(
            "tr",
            element("th", link(period.fragment, str(period)), scope="row"),
            *(element("td", counted(period.of(kind)), class_="number") for kind in kinds),
            element("td", counted(period.total), class_="number"),
        )
        for period in periods
        if period.total
    ]
    return element("table", element("thead", element("tr", *heads)), element("tbody", *rows), class_="figures")
