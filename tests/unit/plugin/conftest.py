"""Plugins of a test's own: packages on the path, and executables in a folder of settings."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.distributions import add_distribution
from tests.unit.plugin.clock import Clock, a_clock

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution with one plugin on the path."""
    before = set(sys.modules)

    def installed(
        distribution: str = "acme-plugin",
        plugin: str = "com.acme",
        source: str | None = None,
        *,
        site: str = "site",
        **changes: Any,
    ) -> Path:
        folder = add_distribution(tmp_path / site, distribution, plugin, source, **changes)
        if str(folder) not in sys.path:
            monkeypatch.syspath_prepend(folder)
        return folder

    yield installed
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of executable plugins among the settings; neither exists yet."""
    monkeypatch.setenv("NOTATION_CONFIG", str(tmp_path / "settings"))
    monkeypatch.delenv("NOTATION_LIBEXEC", raising=False)
    return tmp_path / "settings" / "plugins"


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A clock that moves when a wait begins."""
    with a_clock() as clock:
        yield clock
