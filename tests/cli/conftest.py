"""Fixtures of the tests of the command line."""

from pathlib import Path

import pytest

from tests.cli.key_certificates import CA_SUBJECT, list_plugin_key
from tests.cli.world import World
from tests.servers.registry.certificates import RegistryCA
from tests.support.ca import TestChain, make_chain


@pytest.fixture(scope="session")
def chain() -> TestChain:
    """The signer's chain of three."""
    return make_chain("EC-256", 3)


@pytest.fixture(scope="session")
def publishers_ca(tmp_path_factory: pytest.TempPathFactory) -> RegistryCA:
    """The authority of publishers' servers."""
    return RegistryCA(str(tmp_path_factory.mktemp("ca")))


@pytest.fixture
def world(
    tmp_path: Path, chain: TestChain, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> World:
    """A user with settings and a layout."""
    return World(tmp_path, chain, monkeypatch, capsys)


@pytest.fixture
def ca(world: World) -> str:
    """A CA's root, `ca.pem`, and its key `ca` on the list, which has that certificate."""
    list_plugin_key(world, "ca", "EC-384", 1)
    world.did("cert", "generate", "--key", "ca", "--ca", "--validity", "8760h", "--subject", CA_SUBJECT, "-o", "ca.pem")
    world.did("key", "update", "--default", "build")
    return "ca.pem"
