"""Suppression of the log records of an SDK."""

import logging
import threading

import pytest

from notarykit.plugin.service.logging import suppress_logs


@pytest.mark.parametrize("name", ["sdk", "sdk.auth", "its_http.connectionpool"])
def test_records_of_the_sdk_are_dropped(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Records are dropped while the context is active; before, afterwards and in other threads they pass."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger(name).warning("before")
    other = threading.Thread(target=lambda: logging.getLogger(name).warning("elsewhere"))
    with suppress_logs("sdk", "its_http"):
        logging.getLogger(name).warning("swordfish")
        logging.getLogger("of.an.application").warning("heard")
        logging.getLogger("sdk2").warning("heard too")
        other.start()
        other.join()
    logging.getLogger(name).warning("afterwards")
    heard = [record.getMessage() for record in caplog.records]
    assert heard == ["before", "heard", "heard too", "elsewhere", "afterwards"]
