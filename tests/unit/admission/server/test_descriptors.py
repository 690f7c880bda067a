"""File descriptors that the system allows."""

import resource
from collections.abc import Callable

import pytest

from notarykit_admission.server.descriptors import allow_descriptors

_UNLIMITED = resource.RLIM_INFINITY
Allow = Callable[[int, int], list[tuple[int, int]]]


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Allow:
    """Asks for 1,000 connections on a system with given limits, and returns what was set."""

    def ask(soft: int, hard: int) -> list[tuple[int, int]]:
        changes: list[tuple[int, int]] = []
        monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
        monkeypatch.setattr(resource, "setrlimit", lambda _, limits: changes.append(limits))
        allow_descriptors(1000)
        return changes

    return ask


@pytest.mark.parametrize(
    ("soft", "hard", "changes"),
    [
        (1024, 524288, [(1512, 524288)]),
        (1024, _UNLIMITED, [(1512, _UNLIMITED)]),
        (1512, 4096, []),
        (_UNLIMITED, _UNLIMITED, []),
    ],
)
def test_limit_is_raised_as_far_as_needed(
    allow: Allow, soft: int, hard: int, changes: list[tuple[int, int]], caplog: pytest.LogCaptureFixture
) -> None:
    """Where the system allows it, the limit is raised to what is needed, and never lowered."""
    assert allow(soft, hard) == changes
    assert caplog.text == ""


def test_limit_that_is_too_low(allow: Allow, caplog: pytest.LogCaptureFixture) -> None:
    """Where the system allows no more, as much as it allows is taken, and what is missing is said."""
    assert allow(256, 1024) == [(1024, 1024)]
    assert "the system allows 1024 open files, and 1000 connections need 1512" in caplog.text
