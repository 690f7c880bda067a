"""Many signers of one artifact where the referrers are under a tag, which has no way to be changed in one step."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.interop.go_peer import Peer, build
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.support.ca import make_chain
from tests.support.homes import Home, complete_home
from tests.support.many_signers import REPOSITORY, Count, Signers
from tests.support.registries import push_artifacts

SIGNERS = 20
PEERS = 2

Report = Callable[[str, Count], None]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return settings with a key."""
    return complete_home(tmp_path / "home", make_chain())


@pytest.fixture(params=["in memory", "docker-registry"])
def tag_registry(request: pytest.FixtureRequest) -> Registry:
    """Return a registry without the referrers API."""
    if request.param == "docker-registry":
        docker: DockerRegistries = request.getfixturevalue("docker_registry")
        return docker()
    plain: GoRegistries = request.getfixturevalue("plain_registry")
    return plain(referrers=False)


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str], record_property: Callable[[str, Any], None]) -> Report:
    """Return what says in the test's output how it went, whether the test passes or not."""

    def tell(name: str, count: Count) -> None:
        again = sum(push.writes - 1 for push in count.pushes)
        text = f"lost {count.ours_lost} of {len(count.pushes)}, index written again {again} times"
        if count.theirs:
            text += f"; lost {count.theirs_lost} of the Go side's {count.theirs}"
        record_property(name, text)
        with capsys.disabled():
            print(f"\n  {name}: {text}")

    return tell


def _signed(registry: Registry, signers: Signers, lock_folder: str) -> Count:
    (digest,) = push_artifacts(registry.address, REPOSITORY, ["v1"])
    count = signers.sign(registry, digest, lock_folder)
    assert len({push.digest for push in count.pushes}) == SIGNERS
    assert len(set(count.entries)) == len(count.entries)
    return count


def test_nothing_is_lost_under_one_lock(tag_registry: Registry, home: Home, tmp_path: Path, report: Report) -> None:
    """Twenty signers in four processes that share a lock leave all their entries, and each writes once."""
    count = _signed(tag_registry, Signers(home), str(tmp_path / "locks"))
    report("one lock", count)
    assert sorted(count.entries) == sorted(push.digest for push in count.pushes)
    assert {push.writes for push in count.pushes} == {1}


def test_nothing_of_ours_is_lost_without_a_lock(tag_registry: Registry, home: Home, report: Report) -> None:
    """Twenty signers in four processes that share nothing, as on machines of their own, leave all their entries."""
    count = _signed(tag_registry, Signers(home), "")
    report("no lock", count)
    assert sorted(count.entries) == sorted(push.digest for push in count.pushes)


@pytest.mark.parametrize("is_locked", [True, False], ids=["one lock", "no lock"])
def test_go_writes_beside_us(
    tag_registry: Registry, home: Home, tmp_path: Path, report: Report, *, is_locked: bool
) -> None:
    """Every signer saw its entry after it was written; what the Go side, which never looks again, loses is counted."""
    with contextlib.ExitStack() as peers:
        beside = [peers.enter_context(Peer(build())) for _ in range(PEERS)]
        count = _signed(tag_registry, Signers(home, beside), str(tmp_path / "locks") if is_locked else "")
    report(f"{'one lock' if is_locked else 'no lock'}, the Go side beside", count)
    assert count.theirs
    assert all(push.covered > 0 for push in count.pushes)
