"""Fixtures of the tests of bundles."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bundles import Parts
from tests.support.checking import close_clients
from tests.support.responders import Responder
from tests.unit.bundle.making import Scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A layout with signed artifacts."""
    with Responder() as responder:
        yield Scene(tmp_path_factory.mktemp("scene"), responder)
        close_clients()


@pytest.fixture(scope="module")
def made(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A bundle of both artifacts, which no test changes."""
    return scene.write(tmp_path_factory.mktemp("bundle") / "made.tar")


@pytest.fixture
def parts(made: str) -> Parts:
    """The bundle, taken apart."""
    return Parts(made)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A place for another bundle."""
    return tmp_path / "changed.tar"
