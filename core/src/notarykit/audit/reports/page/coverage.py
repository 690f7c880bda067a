"""Coverage by repository: bars, the repository with the most uncovered artifacts first."""

from collections.abc import Sequence

from notarykit.audit.reports.page.markup import Element, counted, element, filter_of, foreign, link, share, visible
from notarykit.audit.reports.page.tally import LABELS, STATUSES, Coverage

_FIRST = 12


def bar(coverage: Coverage, height: int = 12) -> Element:
    """Draws the shares of the statuses as one bar, with a text of the same content."""
    present = [status for status in STATUSES if coverage.statuses[status]]
    parts, left = [], 0.0
    for status in present:
        width = 100 * coverage.statuses[status] / coverage.total
        title = element("title", f"{LABELS[status]}: {counted(coverage.statuses[status])}")
        parts.append(
            element("rect", title, class_=status, x=f"{left:.3f}%", width=f"{width:.3f}%", y=0.5, height=height - 1)
        )
        left += width
    text = ", ".join(f"{counted(coverage.statuses[status])} {LABELS[status]}" for status in present)
    return element("svg", *parts, class_="bar", height=height, width="100%", role="img", aria_label=text)


def section(rows: Sequence[Coverage]) -> Element:
    """Builds the section."""
    rest, complete = rows[_FIRST:], sum(not row.uncovered for row in rows[_FIRST:])
    return element(
        "section",
        element("h2", "Coverage by repository", id="coverage"),
        element(
            "p",
            "The repository with the most uncovered artifacts (failed, no policy, unknown, unsigned) comes first.",
            class_="lead",
        ),
        _table(rows[:_FIRST]),
        element(
            "details",
            element(
                "summary",
                f"{counted(len(rest), 'more repository', 'more repositories')}, {counted(complete)} of them covered",
            ),
            _table(rest),
        )
        if rest
        else None,
        aria_labelledby="coverage",
    )


def _table(rows: Sequence[Coverage]) -> Element:
    heads = (
        element("th", "Repository", scope="col", role="columnheader"),
        element("th", "Shares", scope="col", role="columnheader"),
        element("th", "Uncovered", scope="col", role="columnheader", class_="number"),
        element("th", "Artifacts", scope="col", role="columnheader", class_="number"),
        element("th", "Covered", scope="col", role="columnheader", class_="number"),
    )
    return element(
        "table",
        element("thead", element("tr", *heads, role="row"), role="rowgroup"),
        element("tbody", *map(_row, rows), role="rowgroup"),
        class_="coverage",
        role="table",
    )


def _row(row: Coverage) -> Element:
    name = link(filter_of(repository=visible(row.name)), foreign(row.name))
    numbers = (
        (counted(row.uncovered), "uncovered"),
        (counted(row.total), "total"),
        (share(row.total - row.uncovered, row.total), "share"),
    )
    return element(
        "tr",
        element("th", name, scope="row", role="rowheader"),
        element("td", bar(row), role="cell", class_="shares"),
        *(element("td", text, role="cell", class_=f"number {kind}") for text, kind in numbers),
        role="row",
    )
