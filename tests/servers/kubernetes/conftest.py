"""A cluster with the program beside it, shared by the session's tests; each has its own namespaces."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from notarykit import LocalSigner
from tests.charts.conftest import helm
from tests.charts.helm import Helm
from tests.servers.kubernetes import cluster as clusters
from tests.servers.kubernetes import scene as scenes
from tests.servers.kubernetes.build import API_SERVER
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.images import Images
from tests.servers.kubernetes.private import Private, Setting, make_account, opened
from tests.servers.kubernetes.program import PIN, VALIDATE, further_policy, policy_files, skipping_policy
from tests.servers.kubernetes.scene import Scene
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.conftest import fault_proxy, registry_ca, registry_program, stack
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.token_server import TokenServer
from tests.support.ca import make_chain, name
from tests.support.homes import Home
from tests.support.requirements import require
from tests.unit.admission.policy.volumes import write_files

__all__ = ["fault_proxy", "helm", "registry_ca", "registry_program", "stack"]


@pytest.fixture(scope="session")
def api_server() -> str:
    """Path of the API server's program."""
    require("etcd-server", "util-linux")
    return API_SERVER.build()


@pytest.fixture(scope="session")
def cluster(api_server: str, registry_ca: RegistryCA) -> Iterator[Cluster]:
    """Cluster shared by all tests of the session."""
    with clusters.running(api_server, registry_ca) as running:
        yield running


@pytest.fixture(scope="session")
def images(
    registry_ca: RegistryCA, registry_program: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Images]:
    """Images in a registry, of which one signer is trusted."""
    home = Home(tmp_path_factory.mktemp("signers"))
    chains = [make_chain(subject=name(who)) for who in ("acme", "stranger")]
    keys = [home.add_key(chain, f"key{number}") for number, chain in enumerate(chains)]
    signers = [LocalSigner.from_files(str(key), str(certificates)) for key, certificates in keys]
    with contextlib.ExitStack() as servers:
        registry = GoRegistries(servers, registry_ca, registry_program).memory()
        proxy = servers.enter_context(FaultProxy(registry.address))
        yield Images(registry, proxy, chains, signers)


@pytest.fixture(scope="session")
def scene(
    cluster: Cluster, registry_ca: RegistryCA, images: Images, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """Cluster with both webhooks, and a namespace for each rule."""
    namespaces = {
        "warns": {"mode": "warn"},
        "warns-and-pins": {"mode": "warn"},
        "audits": {"mode": "audit"},
        "resolves": {"tags": "resolve"},
        "exempts": {"exempt": [f"{images.proxy.host}/base/"]},
        "others": {"policy": "stranger.json"},
        "skips-and-pins": {"policy": "skip.json"},
    }
    files = policy_files(images.trusted, {"namespaces": namespaces}) | further_policy("stranger", images.stranger)
    files["skip.json"] = skipping_policy(images.unsigned.repository)
    folder = write_files(tmp_path_factory.mktemp("admission") / "policy", files)
    with scenes.opened(cluster, registry_ca, images, folder) as scene:
        for each in namespaces:
            scene.namespace(*([PIN, VALIDATE] if each.endswith("-pins") else [VALIDATE]), name=each)
        yield scene


@pytest.fixture
def judged(scene: Scene) -> str:
    """Namespace of the test alone, whose images are judged and stay as they are."""
    return scene.namespace(VALIDATE)


@pytest.fixture
def pinned(scene: Scene) -> str:
    """Namespace of the test alone, whose images are judged and get their digests."""
    return scene.namespace(PIN, VALIDATE)


@pytest.fixture(scope="module")
def private_signer(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalSigner, Path]:
    """A signer of private images, and a folder of policies that trust it."""
    chain, home = make_chain(), Home(tmp_path_factory.mktemp("signer"))
    folder = write_files(tmp_path_factory.mktemp("private") / "policy", policy_files(chain))
    key, certificates = home.add_key(chain)
    return LocalSigner.from_files(str(key), str(certificates)), folder


@pytest.fixture(scope="module")
def private(registry_ca: RegistryCA, private_signer: tuple[LocalSigner, Path]) -> Iterator[Private]:
    """Debian's registry, behind a token server."""
    require("docker-registry")
    with contextlib.ExitStack() as stack:
        tokens = stack.enter_context(TokenServer("ES256", certificate=registry_ca.server()))
        registry = DockerRegistries(stack, registry_ca)(tokens=tokens, realm=f"https://{tokens.host}/token", tls=True)
        yield Private(registry, tokens, private_signer[0])


@pytest.fixture(scope="module")
def setting(
    cluster: Cluster,
    helm: Helm,
    private: Private,
    private_signer: tuple[LocalSigner, Path],
    registry_ca: RegistryCA,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Setting]:
    """The cluster with the program beside it, which may read pull secrets everywhere."""
    account = make_account(cluster, helm, tmp_path_factory.mktemp("account"), {"enabled": True})
    with opened(cluster, account, private, private_signer[1], registry_ca) as setting:
        yield setting
