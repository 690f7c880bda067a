"""What all tests share: the switch under which nothing may be skipped, and a fixed way of searching for examples."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

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
