"""What the tests of the kit share: large requests are smaller here, but for the test that is about their size."""

import pytest

from notarykit.plugin.conformance.rules import compatibility, signing


@pytest.fixture(autouse=True)
def smaller_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests of 64 MiB take half a second each."""
    monkeypatch.setattr(compatibility, "_HUGE", 128 * 1024)
    monkeypatch.setattr(signing, "_LARGE", signing._LARGE[: 64 * 1024])
