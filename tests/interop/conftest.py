"""The Go peer and the Go plugins, made once for all interop tests of a session."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from notarykit.plugin.discovery import executable
from notarykit.plugin.discovery.process import Ended, run
from notarykit.plugin.host import retry
from tests.interop import go_blob_peer, go_plugin, our_plugin
from tests.interop.go_peer import Peer, build
from tests.interop.go_plugin_users import Users
from tests.interop.go_user import GoUser
from tests.interop.our_plugin_host import LOCAL_FILE, Host
from tests.interop.peer_site import Site, Tsa
from tests.servers.registry.conftest import docker_registry, plain_registry, registry_ca, registry_program, stack
from tests.support.ca import make_chain
from tests.support.homes import Home

__all__ = ["docker_registry", "peer", "plain_registry", "registry_ca", "registry_program", "stack"]


@pytest.fixture(scope="session")
def peer() -> Iterator[Peer]:
    """Yield a running peer."""
    with Peer(build()) as running:
        yield running


@pytest.fixture(scope="session")
def blob_peer() -> Iterator[Peer]:
    """Yield a running peer that knows blobs."""
    with Peer(go_blob_peer.build()) as running:
        yield running


@pytest.fixture(scope="session")
def go_plugins(peer: Peer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plugins folder with the Go plugins of all kinds."""
    folder = tmp_path_factory.mktemp("go") / "plugins"
    for name in go_plugin.CAPABILITIES:
        go_plugin.install(folder, name)
    return folder


@pytest.fixture(scope="session")
def host(peer: Peer, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """The Go side with our plugins; that of a package is there because the command line installed it."""
    home = Home(tmp_path_factory.mktemp("ours"))
    plugins = our_plugin.install_by_command(home, "--from-package", LOCAL_FILE)
    for name in our_plugin.TARGETS:
        our_plugin.install(plugins, name)
    return Host(peer, plugins)


@pytest.fixture
def make_user(
    go_plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Users:
    """Return what makes a user."""

    def make(spec: str = "EC-256") -> GoUser:
        return GoUser(tmp_path, make_chain(spec), go_plugins, monkeypatch, capsys)

    return make


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that executables were run with, in order; attempts follow each other without long pauses."""
    commands: list[str] = []

    def noted(command: list[str], *arguments: Any) -> Ended:
        commands.append(command[1])
        return run(command, *arguments)

    monkeypatch.setattr(executable, "run", noted)
    monkeypatch.setattr(retry, "_FIRST_PAUSE", 0.0001)
    return commands


@pytest.fixture
def site() -> Iterator[Site]:
    """Site of one test."""
    with Site() as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def tsa(tmp_path: Path) -> Tsa:
    """Timestamp authority with certificates that are not revocable."""
    return Tsa(tmp_path / "tsa")
