"""That no request waits for another without need, and none asks for what is known, whatever a registry does then."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.errors import ArtifactNotFoundError
from notarykit.keys.local import LocalSigner
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.registry.auth import Credentials
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.repository import RegistryRepository
from notarykit.signing.artifact import sign_artifact
from tests.servers.registry import faults
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import Exchange, Fault, FaultProxy
from tests.servers.registry.faults import at
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import CREDENTIALS, Registry
from tests.support.ca import make_chain
from tests.support.homes import complete_home
from tests.support.registries import push_artifacts

NAME = "some/thing"
LIST, MANIFEST, CONFIG = "/referrers/", "/manifests/sha256:", "/blobs/sha256:44136fa3"
NOT_THERE = Digest(f"sha256:{'0' * 64}")

Sign = Callable[[RegistryHost, Digest], str]


@pytest.fixture
def sign(tmp_path: Path) -> Sign:
    """Return what signs an artifact and gives the digest of the signature's manifest."""
    home = complete_home(tmp_path / "home", make_chain())
    signer = LocalSigner.from_files(str(home.folder / "build.key"), str(home.folder / "build.chain.pem"))
    return lambda host, digest: sign_artifact(RegistryRepository(host, NAME), digest, signer).manifest.digest


@pytest.fixture
def proxy(fault_proxy: FaultProxies, memory_registry: Registry) -> FaultProxy:
    """Return a server in front of a registry with the referrers API."""
    return fault_proxy(memory_registry)


@pytest.fixture
def host(proxy: FaultProxy, stack: contextlib.ExitStack) -> RegistryHost:
    """Return a client of that server that has not sent anything."""
    return stack.enter_context(contextlib.closing(RegistryHost(proxy.host, RegistrySettings())))


def _requests(proxy: FaultProxy) -> list[str]:
    with proxy.lock:
        return [f"{seen.method} {seen.path.removeprefix(f'/v2/{NAME}')}" for seen in proxy.seen]


def _methods(proxy: FaultProxy) -> list[str]:
    return [each.split()[0] for each in _requests(proxy)]


def _look_up(host: RegistryHost, reference: Tag | Digest) -> tuple[str, list[str]]:
    artifact, signatures = RegistryRepository(host, NAME).resolve_with_signatures(reference)
    return artifact.digest, [each.digest for each in signatures]


def _signed_elsewhere(registry: Registry, sign: Sign) -> tuple[Digest, str]:
    """Pushes and signs an artifact of which the client knows nothing."""
    (digest,) = push_artifacts(registry.address, NAME, ["v1"])
    with contextlib.closing(RegistryHost(registry.host, RegistrySettings())) as other:
        return digest, sign(other, digest)


def _first_answer(host: RegistryHost, registry: Registry, proxy: FaultProxy) -> None:
    (other,) = push_artifacts(registry.address, NAME, ["another"])
    RegistryRepository(host, NAME).resolve(other)
    proxy.clear()


class TestTheListIsAskedForEarly:
    """Where an artifact is looked up by its digest."""

    def test_neither_request_waits_for_the_other(
        self, memory_registry: Registry, proxy: FaultProxy, host: RegistryHost, sign: Sign
    ) -> None:
        """The manifest is asked for while the list, which was asked for before, has not been answered."""
        digest, signature = _signed_elsewhere(memory_registry, sign)
        _first_answer(host, memory_registry, proxy)
        gate = proxy.gate()

        def opening(exchange: Exchange) -> None:
            gate.reached.wait()
            gate.opened.set()
            exchange.reply(exchange.forwarded())

        proxy.fault(faults.held(gate), at(LIST))
        proxy.fault(opening, at(MANIFEST))
        assert _look_up(host, digest) == (digest, [signature])
        assert sorted(_requests(proxy)) == [f"GET /manifests/{digest}", f"GET /referrers/{digest}"]

    def test_only_after_the_first_answer(
        self, memory_registry: Registry, proxy: FaultProxy, host: RegistryHost, sign: Sign
    ) -> None:
        """A single artifact takes one connection, and what the registry asks for to know us is known by then."""
        digest, signature = _signed_elsewhere(memory_registry, sign)
        assert _look_up(host, digest) == (digest, [signature])
        assert _requests(proxy) == [f"GET /manifests/{digest}", f"GET /referrers/{digest}"]

    def test_not_for_a_tag(self, memory_registry: Registry, proxy: FaultProxy, host: RegistryHost, sign: Sign) -> None:
        """Of a tag the digest is not known before the manifest is there."""
        digest, signature = _signed_elsewhere(memory_registry, sign)
        _first_answer(host, memory_registry, proxy)
        assert _look_up(host, Tag("v1")) == (digest, [signature])
        assert _requests(proxy) == ["GET /manifests/v1", f"GET /referrers/{digest}"]

    def test_what_is_remembered_is_not_asked_for(
        self, memory_registry: Registry, proxy: FaultProxy, host: RegistryHost, sign: Sign
    ) -> None:
        """The second time round only the list is asked for, and a new signature is in it."""
        digest, signature = _signed_elsewhere(memory_registry, sign)
        assert _look_up(host, digest) == (digest, [signature])
        _, another = _signed_elsewhere(memory_registry, sign)
        proxy.clear()
        found, signatures = _look_up(host, digest)
        assert (found, sorted(signatures)) == (digest, sorted([signature, another]))
        assert _requests(proxy) == [f"GET /referrers/{digest}"]

    @pytest.mark.parametrize(
        "fault",
        [
            faults.unavailable(),
            faults.cut_before_headers(),
            faults.cut_in_headers(),
            faults.cut_in_body(10),
            faults.gzipped(),
            faults.claimed_length(1 << 30),
            faults.redirected(),
            faults.status(401),
        ],
        ids=["503", "cut", "cut in head", "cut in body", "compressed", "too long", "redirect", "401"],
    )
    def test_trouble_is_left_to_the_usual_way(
        self, memory_registry: Registry, proxy: FaultProxy, host: RegistryHost, sign: Sign, fault: Fault
    ) -> None:
        """An early answer that is anything but the list or its absence is asked for again, as if nothing had been."""
        digest, signature = _signed_elsewhere(memory_registry, sign)
        _first_answer(host, memory_registry, proxy)
        rule = proxy.fault(fault, at(LIST), times=1)
        assert _look_up(host, digest) == (digest, [signature])
        assert rule.met == 1
        assert _requests(proxy).count(f"GET /referrers/{digest}") == 2

    def test_without_the_api(
        self, fault_proxy: FaultProxies, plain_registry: GoRegistries, stack: contextlib.ExitStack, sign: Sign
    ) -> None:
        """That there is no API is believed the first time, and the tag is read."""
        registry = plain_registry(referrers=False)
        proxy = fault_proxy(registry)
        host = stack.enter_context(contextlib.closing(RegistryHost(proxy.host, RegistrySettings())))
        digest, signature = _signed_elsewhere(registry, sign)
        _first_answer(host, registry, proxy)
        assert _look_up(host, digest) == (digest, [signature])
        tag = digest.replace(":", "-")
        assert sorted(_requests(proxy)) == sorted(
            [f"GET /manifests/{digest}", f"GET /referrers/{digest}", f"GET /manifests/{tag}"]
        )

    def test_an_artifact_that_is_not_there(
        self, memory_registry: Registry, proxy: FaultProxy, host: RegistryHost
    ) -> None:
        """The error is the same, and the connection on which the list would have come is closed."""
        _first_answer(host, memory_registry, proxy)
        with pytest.raises(ArtifactNotFoundError):
            _look_up(host, NOT_THERE)

    def test_a_server_that_has_gone(
        self, memory_registry: Registry, proxy: FaultProxy, host: RegistryHost, sign: Sign
    ) -> None:
        """A connection that the other side has closed meanwhile costs a request and nothing else."""
        digest, signature = _signed_elsewhere(memory_registry, sign)
        _first_answer(host, memory_registry, proxy)
        proxy.fault(faults.cut_before_headers(reset=True), at(LIST), times=1)
        assert _look_up(host, digest) == (digest, [signature])

    def test_with_what_the_registry_asks_for(
        self, fault_proxy: FaultProxies, plain_registry: GoRegistries, stack: contextlib.ExitStack
    ) -> None:
        """The early request says who is asking, as the others do."""
        proxy = fault_proxy(plain_registry(basic=CREDENTIALS))
        known = Credentials(CREDENTIALS.name, CREDENTIALS.password)
        settings = RegistrySettings(credentials=lambda _: known)
        host = stack.enter_context(contextlib.closing(RegistryHost(proxy.host, settings)))
        with pytest.raises(ArtifactNotFoundError):
            RegistryRepository(host, NAME).resolve(NOT_THERE)
        proxy.clear()
        with pytest.raises(ArtifactNotFoundError):
            _look_up(host, NOT_THERE)
        with proxy.lock:
            assert {seen.authorization for seen in proxy.seen} == {CREDENTIALS.basic}


class TestSigning:
    """Where many artifacts of a repository are signed."""

    def test_three_requests_make_a_signature(
        self, memory_registry: Registry, proxy: FaultProxy, host: RegistryHost, sign: Sign
    ) -> None:
        """After the first signature, which finds out what is there, another takes the artifact, a blob, a manifest."""
        first, second = push_artifacts(memory_registry.address, NAME, ["v1", "v2"])
        sign(host, first)
        assert sum(CONFIG in each for each in _requests(proxy)) == 1
        assert _methods(proxy) == ["GET", "HEAD", "POST", "HEAD", "PUT"]
        proxy.clear()
        sign(host, second)
        assert _methods(proxy) == ["GET", "POST", "PUT"]

    def test_a_registry_that_has_only_sessions(
        self, memory_registry: Registry, proxy: FaultProxy, host: RegistryHost, sign: Sign
    ) -> None:
        """The session that it begins is gone on with, and no other blob is offered to it by a single POST."""
        first, second = push_artifacts(memory_registry.address, NAME, ["v1", "v2"])
        rule = proxy.fault(faults.sessions_only(), faults.is_single_post)
        sign(host, first)
        assert _methods(proxy) == ["GET", "HEAD", "POST", "PUT", "PUT"]
        with proxy.lock:
            proxy.seen.clear()
        signature = sign(host, second)
        assert _methods(proxy) == ["GET", "POST", "PUT", "PUT"]
        assert rule.met == 1
        assert _look_up(host, second) == (second, [signature])

    def test_a_config_that_was_removed_meanwhile(
        self, memory_registry: Registry, proxy: FaultProxy, host: RegistryHost, sign: Sign
    ) -> None:
        """Where the registry refuses a manifest whose config was taken for granted, the config is stored again."""
        first, second = push_artifacts(memory_registry.address, NAME, ["v1", "v2"])
        sign(host, first)
        proxy.clear()
        rule = proxy.fault(faults.status(404), at(MANIFEST, "PUT"), times=1)
        signature = sign(host, second)
        assert rule.met == 1
        assert _methods(proxy) == ["GET", "POST", "PUT", "POST", "PUT"]
        assert _look_up(host, second) == (second, [signature])
