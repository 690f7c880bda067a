"""Pages of audits in a real browser."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from notarykit.audit.header import AuditHeader
from notarykit.audit.record import ArtifactRecord
from notarykit.audit.reports.page import write_page
from tests.support import audit_records
from tests.support.chromium import Chromium, Tab


class Open(Protocol):
    """Writes a page and opens it in a tab of its own."""

    def __call__(
        self,
        records: Sequence[ArtifactRecord] = ...,
        *,
        fragment: str = "",
        header: AuditHeader | None = None,
        prepare: Callable[[Tab], object] = ...,
        **window: Any,
    ) -> Tab:
        """Opens the page of the records with a fragment; `prepare` gets the tab before."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    """A browser for all tests."""
    with Chromium() as running:
        yield running


@pytest.fixture(scope="session")
def audit() -> list[ArtifactRecord]:
    """Records of 400 artifacts in 20 repositories."""
    return list(audit_records.records(400, 20))


@pytest.fixture
def opened(browser: Chromium, audit: list[ArtifactRecord], tmp_path: Path) -> Iterator[Open]:
    """Function that writes a page and opens it."""
    tabs: list[Tab] = []

    def run(
        records: Sequence[ArtifactRecord] = audit,
        *,
        fragment: str = "",
        header: AuditHeader | None = None,
        prepare: Callable[[Tab], object] = lambda _: None,
        **window: Any,
    ) -> Tab:
        path = tmp_path / "audit.html"
        with path.open("w", encoding="utf-8") as file:
            write_page(records, header or audit_records.header(), file)
        tab = Tab(browser, **window)
        tabs.append(tab)
        prepare(tab)
        tab.open(f"{path.as_uri()}{fragment}")
        return tab

    yield run
    for tab in tabs:
        tab.close()
