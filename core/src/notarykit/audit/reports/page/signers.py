"""Signers: who vouches for how many artifacts, and until when."""

from collections.abc import Sequence
from datetime import datetime

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.audit.reports.page.markup import Element, counted, element, filter_of, foreign, link, visible
from notarykit.audit.reports.page.tally import SignerCount
from notarykit.audit.reports.page.timeline import Window

_FIRST = 10


def section(trusted: Sequence[SignerCount], claimed: Sequence[SignerCount], window: Window) -> Element:
    """Builds the section.

    Args:
        trusted: Signers of accepted signatures.
        claimed: Subjects of signatures that were not accepted; everyone can write any name into those.
        window: Ends in it stand out.
    """
    rest = trusted[_FIRST:]
    return element(
        "section",
        element("h2", "Signers", id="signers"),
        _table(trusted[:_FIRST], window) if trusted else element("p", "No signature was accepted.", class_="lead"),
        _folded(counted(len(rest), "more signer"), _table(rest, window)) if rest else None,
        _folded(
            f"{counted(len(claimed), 'name')} in signatures that were not accepted",
            element(
                "p",
                "Unverified claims: anyone with push access can attach a signature with any name.",
                class_="lead",
            ),
            _table(claimed, None),
        )
        if claimed
        else None,
        aria_labelledby="signers",
    )


def _folded(title: str, *content: Element) -> Element:
    return element("details", element("summary", title), *content)


def _table(rows: Sequence[SignerCount], window: Window | None) -> Element:
    numbers = ("Artifacts", "Certificates", *(["First end"] if window else []))
    heads = [element("th", text, scope="col", role="columnheader", class_="number") for text in numbers]
    return element(
        "table",
        element(
            "thead",
            element("tr", element("th", "Subject", scope="col", role="columnheader"), *heads, role="row"),
            role="rowgroup",
        ),
        element("tbody", *(_row(row, window) for row in rows), role="rowgroup"),
        class_="signers",
        role="table",
    )


def _row(row: SignerCount, window: Window | None) -> Element:
    return element(
        "tr",
        element(
            "th", link(filter_of(signer=visible(row.subject)), foreign(row.subject)), scope="row", role="rowheader"
        ),
        element("td", counted(row.artifacts), role="cell", class_="number total"),
        element("td", counted(row.certificates), role="cell", class_="number certificates"),
        element("td", end(row.first_end, window), role="cell", class_="number end") if window else None,
        role="row",
    )


def end(time: datetime | None, window: Window) -> Element:
    """Builds the date of an end; one within the window stands out."""
    if time is None:
        return element("span", "no end")
    return element("time", str(time.date()), datetime=format_rfc3339(time), class_="soon" if window.has(time) else None)
