"""What the tests of the kit share: large requests are smaller here, but for the test that is about their size."""

import pytest

from notarykit.plugin.testing.rules import keys, tolerance


@pytest.fixture(autouse=True)
def smaller_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests of 64 MiB take half a second each."""
    monkeypatch.setattr(tolerance, "_HUGE", 128 * 1024)
    monkeypatch.setattr(keys, "_LARGE", keys._LARGE[: 64 * 1024])
