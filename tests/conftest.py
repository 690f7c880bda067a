"""What all tests share: what is left out is said, examples are searched for in one way, and a server."""

import os
import signal
from collections import Counter
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support.requirements import EVERYTHING, is_everything_asked, leave_out

if TYPE_CHECKING:
    from tests.support.responders import Responder

settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")

_SKIPPED = "Skipped: "


# Shells start what runs in the background with Ctrl-C ignored, and what the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under NOTARYKIT_NO_SKIP=1 a skipped test is a failed one."""
    report = yield
    if os.environ.get("NOTARYKIT_NO_SKIP") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but NOTARYKIT_NO_SKIP is set: {report.longrepr}"
    return report


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what takes long, unless everything is asked for."""
    if item.get_closest_marker("slow") and not is_everything_asked():
        leave_out("takes long", EVERYTHING)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, and how to include it."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(each.longrepr[2].removeprefix(_SKIPPED) for each in reports)
    if not reasons:
        return
    terminalreporter.section("left out")
    for reason, number in reasons.most_common():
        terminalreporter.line(f"{number:5} {reason}")
    terminalreporter.line(f"With all of that installed, everything is tested by: {EVERYTHING}")


@pytest.fixture
def responder() -> Iterator["Responder"]:
    """Where certificates can be looked up and signatures stamped: a server that has nothing yet, for one test alone."""
    from tests.support.checking import close_clients
    from tests.support.responders import Responder

    with Responder() as running:
        yield running
        close_clients()
