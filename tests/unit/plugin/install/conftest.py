"""A folder to unpack into."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where files go."""
    made = tmp_path / "work" / "folder"
    made.mkdir(parents=True)
    return made
