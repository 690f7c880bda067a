"""What the tests of the command line share."""

from pathlib import Path

import pytest

from tests.cli.world import World
from tests.support.ca import TestChain, make_chain


@pytest.fixture(scope="session")
def chain() -> TestChain:
    """The signer's chain of three."""
    return make_chain("EC-256", 3)


@pytest.fixture
def world(
    tmp_path: Path, chain: TestChain, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> World:
    """A user with settings and a layout."""
    return World(tmp_path, chain, monkeypatch, capsys)
