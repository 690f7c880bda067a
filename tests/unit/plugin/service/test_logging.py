"""What an SDK says to the log."""

import logging
import threading

import pytest

from notarykit.plugin.service.logging import unheard


@pytest.mark.parametrize("name", ["sdk", "sdk.auth", "its_http.connectionpool"])
def test_the_sdk_is_not_heard(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """What it logs while it works for the plugin is dropped; before, afterwards and in other threads it is not."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger(name).warning("before")
    other = threading.Thread(target=lambda: logging.getLogger(name).warning("elsewhere"))
    with unheard("sdk", "its_http"):
        logging.getLogger(name).warning("swordfish")
        logging.getLogger("of.an.application").warning("heard")
        logging.getLogger("sdk2").warning("heard too")
        other.start()
        other.join()
    logging.getLogger(name).warning("afterwards")
    heard = [record.getMessage() for record in caplog.records]
    assert heard == ["before", "heard", "heard too", "elsewhere", "afterwards"]
