"""HTML page of an audit of 10,000 artifacts in 200 repositories: time to write it, size, and times in Chromium."""

import os
import statistics
import time
from pathlib import Path
from typing import NamedTuple

from notarykit.audit.record import ArtifactRecord
from notarykit.audit.reports.page import write_page
from tests.support import audit_records
from tests.support.chromium import Chromium, Tab

ARTIFACTS, REPOSITORIES, ROUNDS = 10_000, 200, 7
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
_SEARCH = """
(() => {
  const field = document.querySelector('[name=text]'), start = performance.now();
  field.value = 'payments release';
  field.dispatchEvent(new Event('input', { bubbles: true }));
  document.body.getBoundingClientRect();
  return performance.now() - start;
})()
"""


class Row(NamedTuple):
    """Measure of the page.

    Attributes:
        name: The measure and its unit.
        value: Median of the rounds.
        most: Largest value to keep, if there is one.
    """

    name: str
    value: float
    most: float | None


def measure(folder: str) -> list[Row]:
    """Writes the page, and opens it in a new tab in each round."""
    records, path = list(audit_records.records(ARTIFACTS, REPOSITORIES)), Path(folder, "audit.html")
    written = statistics.median(_write(records, path) for _ in range(3))
    with Chromium() as browser:
        desktop = [_open(browser, path, 1280) for _ in range(ROUNDS)]
        phone = [_open(browser, path, 360) for _ in range(ROUNDS)]
    medians = [statistics.median(values) for values in zip(*desktop, strict=True)]
    return [
        Row("to write, s", written, None),
        Row("size, MB", os.path.getsize(path) / 1e6, 10),
        Row("first paint, s", medians[0], 2),
        Row("first paint at the width of a phone, s", statistics.median(painted for painted, *_ in phone), 2),
        Row("loaded, s", medians[1], None),
        Row("first search, s", medians[2], None),
    ]


def _write(records: list[ArtifactRecord], path: Path) -> float:
    start = time.perf_counter()
    with path.open("w", encoding="utf-8") as file:
        write_page(records, audit_records.header(), file)
    return time.perf_counter() - start


def _open(browser: Chromium, path: Path, width: int) -> tuple[float, ...]:
    tab = Tab(browser, width=width)
    try:
        tab.open(path.as_uri())
        while tab.run(_PAINTED) is None:
            time.sleep(0.01)
        return tuple(tab.run(script) / 1000 for script in (_PAINTED, _LOADED, _SEARCH))
    finally:
        tab.close()
