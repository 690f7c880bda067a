"""The program's log in JSON."""

import json
import logging
import warnings
from collections.abc import Iterator

import pytest

from notarykit.errors import ConfigurationWarning
from notarykit_admission.telemetry.log import JSONHandler, configure_logging, lost_line
from tests.unit.admission.telemetry.reviews import Lines


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Collects what is logged, and leaves the logging as it was."""
    root = logging.getLogger()
    before, level, form = list(root.handlers), root.level, warnings.formatwarning
    lines = Lines()
    configure_logging(lines.write)
    yield lines
    logging.captureWarnings(capture=False)
    warnings.formatwarning = form
    root.handlers[:] = before
    root.setLevel(level)


def test_line_of_an_event(lines: Lines) -> None:
    """A line says when, how grave it is, who says it, and what."""
    logging.getLogger("one.two").info("port %d", 8443)
    logging.getLogger("one.two").debug("nobody needs this")
    (line,) = lines.parsed
    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "event": "log", "message": "port 8443", "logger": "one.two"}


def test_exception(lines: Lines) -> None:
    """An exception is there with its kind and the places that it came through, and without its text."""
    try:
        raise RuntimeError("password=hunter2")
    except RuntimeError:
        logging.getLogger("one").exception("it cannot be done")
    (line,) = lines.parsed
    assert (line["level"], line["error"], line["message"]) == ("error", "RuntimeError", "it cannot be done")
    assert [place.partition(":")[0] for place in line["where"]] == ["test_log.py"]
    assert line["where"][0].endswith(" test_exception")
    assert b"hunter2" not in lines.raw[0]


def test_text_of_others(lines: Lines) -> None:
    """Line breaks and control characters in what is logged become one printable line, and a long text a short one."""
    logging.getLogger("one").warning("first\nsecond\x1b[31m %s", "x" * 10_000)
    (line,) = lines.parsed
    assert line["message"].startswith(r"first second\x1b[31m xxx")
    assert len(line["message"]) <= 1000
    assert b"\n" not in lines.raw[0]


def test_mistaken_call() -> None:
    """A line with too few arguments is not lost."""
    lines = Lines()
    JSONHandler(lines.write).emit(logging.LogRecord("one", logging.ERROR, __file__, 1, "%s and %s", ("one",), None))
    assert lines.parsed[0]["message"] == "%s and %s"


def test_warnings_are_logged(lines: Lines) -> None:
    """Warnings of Python are lines of the log."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", stacklevel=1)
    (line,) = lines.parsed
    assert line["level"] == "warning"
    assert "UserWarning: old" in line["message"]


def test_warning_about_the_configuration(lines: Lines) -> None:
    """A warning of notarykit is said in its own words, without a place in its code."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("member 'trustStore' is not known", ConfigurationWarning, stacklevel=1)
    assert lines.parsed[0]["message"] == "member 'trustStore' is not known"


def test_line_about_lost_lines() -> None:
    """What was lost is said in a line of the same form."""
    line = json.loads(lost_line(3))
    assert (line["level"], line["message"]) == ("error", "3 lines of the log were lost, because it was not read")
