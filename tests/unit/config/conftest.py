"""Settings in a folder of their own for each test."""

from pathlib import Path

import pytest

from tests.unit.config.users import User


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of settings, which does not exist yet."""
    folder = tmp_path / "settings"
    monkeypatch.setenv("NOTATION_CONFIG", str(folder))
    return folder


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    """A user without any credentials."""
    return User(tmp_path / "user", monkeypatch)
