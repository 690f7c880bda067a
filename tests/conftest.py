"""What all tests share: nothing may be skipped under a switch, examples are searched for in one way, and a server."""

import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from support.responders import Responder

settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under NOTARYKIT_NO_SKIP=1 a skipped test is a failed one."""
    report = yield
    if os.environ.get("NOTARYKIT_NO_SKIP") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but NOTARYKIT_NO_SKIP is set: {report.longrepr}"
    return report


@pytest.fixture
def responder() -> Iterator["Responder"]:
    """Where certificates can be looked up and signatures stamped: a server that has nothing yet, for one test alone."""
    from support.checking import close_clients
    from support.responders import Responder

    with Responder() as running:
        yield running
        close_clients()
