"""Form of an audit's page: on a phone, without script, in numbers."""

import io
from collections.abc import Sequence

import pytest

from notarykit.audit.record import ArtifactRecord
from notarykit.audit.reports.page import write_page
from tests.audit.conftest import Open
from tests.support import audit_records

_MOST_BYTES, _MOST_MILLISECONDS = 10_000_000, 2000
_PAINTED = (
    "new Promise((done) => new PerformanceObserver((list) => done(list.getEntries()[0].startTime))"
    ".observe({ type: 'paint', buffered: true }))"
)


@pytest.mark.parametrize("width", [320, 360, 768])
def test_narrow_page_scrolls_in_one_direction(opened: Open, width: int) -> None:
    """At the width of a phone nothing reaches beyond the page's edge, with everything unfolded."""
    tab = opened(width=width, height=760)
    tab.run("for (const details of document.querySelectorAll('details')) details.open = true")
    tab.run("for (const more of document.querySelectorAll('.more')) more.click()")
    assert tab.run("document.documentElement.scrollWidth") == width


def test_page_without_script_has_what_matters(opened: Open, audit: Sequence[ArtifactRecord]) -> None:
    """Without JavaScript the page has its counts, bars and columns, the most urgent rows, and says what it lacks."""
    tab = opened(prepare=lambda tab: tab.call("Emulation.setScriptExecutionDisabled", value=True))
    tab.call("Emulation.setScriptExecutionDisabled", value=False)
    for part in (".counts li", ".coverage tbody tr", "figure a rect", ".signers tbody tr"):
        assert tab.run(f"document.querySelectorAll('{part}').length") > 1
    assert tab.run("document.querySelectorAll('#rows > tr').length") == 25
    reasons = {record.reason for record in audit}
    assert set(tab.run("[...document.querySelectorAll('#rows .reason')].map((cell) => cell.textContent)")) <= reasons
    assert "The 25 most urgent of 400 rows" in tab.run("document.querySelector('noscript').innerText")
    assert tab.run("document.querySelector('#filters').hidden")


def test_first_rows_are_the_same_with_script(opened: Open) -> None:
    """The rows of the file are the first ones that the script shows."""
    cells = "map((row) => [...row.cells].map((cell) => cell.innerText))"
    rows = f"[...document.querySelectorAll('#rows > tr')].slice(0, 25).{cells}"
    plain = opened(prepare=lambda tab: tab.call("Emulation.setScriptExecutionDisabled", value=True))
    plain.call("Emulation.setScriptExecutionDisabled", value=False)
    without = [[text.strip() for text in row] for row in plain.run(rows)]
    assert [[text.replace("Details", "").strip() for text in row] for row in opened().run(rows)] == without


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_follows_the_colour_scheme(opened: Open, scheme: str) -> None:
    """The page is light or dark as the user prefers."""
    tab = opened(scheme=scheme)
    red = int(tab.run("getComputedStyle(document.body).backgroundColor").partition("(")[2].partition(",")[0])
    assert (red < 64) is (scheme == "dark")


def test_page_of_ten_thousand_artifacts_opens_quickly(opened: Open) -> None:
    """A page of 10,000 artifacts in 200 repositories is below 10 MB, and painted within two seconds."""
    records = list(audit_records.records(10_000, 200))
    tab = opened(records)
    assert tab.run("performance.getEntriesByType('navigation')[0].decodedBodySize") < _MOST_BYTES
    painted = tab.run(_PAINTED)
    if painted > _MOST_MILLISECONDS:  # another program had the processor
        tab.call("Page.reload")
        painted = tab.run(_PAINTED)
    assert painted < _MOST_MILLISECONDS
    assert tab.run("document.querySelectorAll('*').length") < 10_000


def test_page_is_ascii_and_the_same_each_time(audit: Sequence[ArtifactRecord]) -> None:
    """The page has no character that an encoding could spoil, and depends on its records and header alone."""
    pages = [io.StringIO(), io.StringIO()]
    for page in pages:
        write_page([audit[0]._replace(reason="\u6f22 \u00e9"), *audit[1:]], audit_records.header(), page)
    assert pages[0].getvalue() == pages[1].getvalue()
    assert pages[0].getvalue().isascii()
