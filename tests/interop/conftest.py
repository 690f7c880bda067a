"""The Go peer, started once for all interop tests of a session."""

import os
import shutil
from collections.abc import Iterator

import pytest

from interop.go_peer import Peer, build
from servers.registry.conftest import docker_registry, plain_registry, registry_ca, registry_program, stack

__all__ = ["docker_registry", "peer", "plain_registry", "registry_ca", "registry_program", "stack"]


@pytest.fixture(scope="session")
def peer() -> Iterator[Peer]:
    """Yield a running peer; a run that must not skip fails where the go command is missing."""
    if shutil.which("go") is None:
        reason = "Go is not installed: the interop tests need the go command"
        if os.environ.get("NOTARYKIT_NO_SKIP") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with Peer(build()) as running:
        yield running
