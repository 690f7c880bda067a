"""A registry with generated content, and settings under which its signers are trusted."""

from pathlib import Path

import pytest

from tests.servers.registry.audits.commands import ARTIFACTS, REPOSITORIES
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.support.homes import Home
from tests.support.registry_content import RegistryContent


@pytest.fixture(scope="module")
def content() -> RegistryContent:
    """Returns a small content that has every kind of artifact."""
    return RegistryContent(REPOSITORIES, ARTIFACTS)


@pytest.fixture
def home(content: RegistryContent, tmp_path: Path) -> Home:
    """Returns settings with which the teams are trusted."""
    return content.home(tmp_path / "home")


@pytest.fixture
def registry(plain_registry: GoRegistries, content: RegistryContent, tmp_path: Path) -> Registry:
    """Returns a registry with the content, which lists at most five names in a response."""
    return plain_registry.memory(content.write(tmp_path / "content"), page_size=5)
