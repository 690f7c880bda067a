"""Several references of one command, and pushes that were cut off."""

import json
from pathlib import Path

import pytest

from tests.servers.registry import faults
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import Exchange, FaultProxy
from tests.servers.registry.faults import at
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import error_of, run
from tests.support.ca import make_chain
from tests.support.homes import Home, complete_home
from tests.support.registries import push_artifacts

NAME = "some/thing"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A user with a key that is trusted."""
    return complete_home(tmp_path / "home", make_chain())


@pytest.fixture
def proxy(memory_registry: Registry, fault_proxy: FaultProxies) -> FaultProxy:
    """A server in front of the registry that does all."""
    return fault_proxy(memory_registry)


def _did(home: Home, *arguments: str) -> str:
    """The output of a command that must succeed without a word on standard error."""
    done = run(home, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def _listed(home: Home, reference: str) -> list[str]:
    """The digests of the signatures that are listed."""
    members = json.loads(_did(home, "list", "--output", "json", reference))
    return [str(each["digest"]) for each in members["signatures"]]


class _Watch:
    """What passes through a server: its requests, and the connections that they come on."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._connections: list[object] = []
        self._proxy = proxy
        proxy.fault(self._note)

    def _note(self, exchange: Exchange) -> None:
        self._connections.append(exchange.connection)
        exchange.reply(exchange.forwarded())

    @property
    def connections(self) -> int:
        """How many connections there were."""
        return len({id(each) for each in self._connections})

    def count(self, method: str, pattern: str) -> int:
        """How many requests had a method and a path that matches."""
        return sum(at(pattern, method)(seen) for seen in self._proxy.seen)


class TestSeveral:
    """Several references of one command."""

    TAGS = ("v1", "v2", "v3")

    def test_one_connection_signs_all(self, memory_registry: Registry, proxy: FaultProxy, home: Home) -> None:
        """All references are signed over one connection, and what they share is pushed once."""
        digests = push_artifacts(memory_registry.address, NAME, self.TAGS)
        watch = _Watch(proxy)
        references = [f"{proxy.host}/{NAME}@{digest}" for digest in digests]
        signed = _did(home, "sign", "--jobs", "1", *references)
        assert signed == "".join(f"Successfully signed {each}\n" for each in references)
        assert watch.connections == 1
        assert watch.count("HEAD", "/blobs/sha256:44136fa355") == 1
        assert watch.count("PUT", "/manifests/sha256:") == 3

    def test_two_connections_verify_all(self, memory_registry: Registry, proxy: FaultProxy, home: Home) -> None:
        """All references are verified over the connection that asks for content and the one that asks for lists."""
        digests = push_artifacts(memory_registry.address, NAME, self.TAGS)
        references = [f"{memory_registry.host}/{NAME}@{digest}" for digest in digests]
        _did(home, "sign", *references)
        watch = _Watch(proxy)
        output = _did(
            home, "verify", "--jobs", "1", *(each.replace(memory_registry.host, proxy.host) for each in references)
        )
        assert output.count("Successfully verified") == 3
        assert watch.connections <= 2

    def test_one_that_fails(self, memory_registry: Registry, home: Home) -> None:
        """One reference that cannot be signed does not stop those behind it, and its exit code counts."""
        digests = push_artifacts(memory_registry.address, NAME, self.TAGS)
        absent = f"sha256:{'0' * 64}"
        references = [f"{memory_registry.host}/{NAME}@{each}" for each in (digests[0], absent, digests[2])]
        done = run(home, "sign", *references)
        assert done.stdout == "".join(f"Successfully signed {references[number]}\n" for number in (0, 2))
        assert absent in error_of(done, 3)

    def test_two_registries(self, memory_registry: Registry, plain_registry: GoRegistries, home: Home) -> None:
        """References may be in different registries."""
        registries = [memory_registry, plain_registry()]
        references = [
            f"{each.host}/{NAME}@{digest}"
            for each in registries
            for digest in push_artifacts(each.address, NAME, ["v1"])
        ]
        _did(home, "sign", *references)
        assert _did(home, "verify", *references).count("Successfully verified") == 2


class TestInterruptedPush:
    """A push that was cut off is completed by signing again."""

    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", "/blobs/uploads/"), ("PUT", "/blobs/uploads/"), ("PUT", "/manifests/sha256:")],
        ids=["before the upload", "in the upload", "before the manifest"],
    )
    def test_the_second_run(
        self, method: str, path: str, memory_registry: Registry, proxy: FaultProxy, home: Home
    ) -> None:
        """Wherever the first run ended, nothing is listed after it; the second signs as if it were the first."""
        (digest,) = push_artifacts(memory_registry.address, NAME, ["v1"])
        reference = f"{proxy.host}/{NAME}@{digest}"
        proxy.fault(faults.status(400), at(path, method))
        proxy.fault(faults.sessions_only(), faults.is_single_post)
        error_of(run(home, "sign", reference), 3)
        assert _listed(home, reference) == []
        proxy.clear()
        _did(home, "sign", reference)
        assert len(_listed(home, reference)) == 1
        assert "Successfully verified" in _did(home, "verify", reference)

    def test_between_the_manifest_and_the_tag(
        self, plain_registry: GoRegistries, fault_proxy: FaultProxies, home: Home
    ) -> None:
        """Where the tag could not be written the run fails, and the second run's signature is listed."""
        registry = plain_registry(referrers=False)
        proxy = fault_proxy(registry)
        (digest,) = push_artifacts(registry.address, NAME, ["v1"])
        reference = f"{proxy.host}/{NAME}@{digest}"
        proxy.fault(faults.status(400), at("/manifests/sha256-", "PUT"))
        assert "referrers index sha256-" in error_of(run(home, "sign", reference), 3)
        proxy.clear()
        _did(home, "sign", reference)
        assert len(_listed(home, reference)) == 1
        assert "Successfully verified" in _did(home, "verify", reference)
