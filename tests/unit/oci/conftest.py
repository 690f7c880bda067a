"""Layout of a test."""

from pathlib import Path

import pytest

from tests.unit.oci.layouts import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty layout."""
    return Layout(tmp_path / "layout")
