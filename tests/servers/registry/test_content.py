"""The generated content of a registry: verdicts, lists in pages, and the same artifacts in every run."""

import contextlib
from pathlib import Path

import pytest

from notarykit.oci.reference import Digest
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.repository import RegistryRepository
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact
from notarykit.verification.verifier import Verifier
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.raw_client import ask
from tests.servers.registry.running import Registry
from tests.support.registry_content import RegistryContent

REPOSITORIES, ARTIFACTS = 8, 200


@pytest.fixture(scope="module")
def content() -> RegistryContent:
    """Returns a small content that has every kind of artifact."""
    content = RegistryContent(REPOSITORIES, ARTIFACTS)
    kinds = {artifact.kind for artifact in content.artifacts}
    assert len(kinds) == 9
    return content


@pytest.fixture
def registry(plain_registry: GoRegistries, content: RegistryContent, tmp_path: Path) -> Registry:
    """Returns a registry with the content, which lists at most five names in a response."""
    return plain_registry.memory(content.write(tmp_path / "content"), page_size=5)


def _pages(registry: Registry, target: str, member: str) -> list[str]:
    names: list[str] = []
    while target:
        page = ask(registry, "GET", target)
        assert len(page.json[member]) <= 5
        names += page.json[member]
        target = (page.headers["Link"] or "").partition(">")[0].removeprefix("<")
    return names


def test_lists_come_in_pages(registry: Registry, content: RegistryContent) -> None:
    """Pages of the catalogue and of the tags have all names, and links to the next page."""
    repositories = sorted({artifact.repository for artifact in content.artifacts})
    assert _pages(registry, "/v2/_catalog", "repositories") == repositories
    assert len(repositories) == REPOSITORIES
    for repository in repositories:
        tags = {artifact.tag for artifact in content.artifacts if artifact.repository == repository} - {""}
        assert set(_pages(registry, f"/v2/{repository}/tags/list?n=1000", "tags")) == tags


def test_artifacts_have_the_stated_verdicts(registry: Registry, content: RegistryContent, tmp_path: Path) -> None:
    """Verification comes to the verdict that the content states for each artifact."""
    home = content.home(tmp_path / "home")
    policies = parse_policy_document(home.policy_file.read_bytes())
    with contextlib.closing(RegistryHost(registry.host, RegistrySettings())) as host:

        def request(repository: str, digest: Digest) -> ArtifactRequest:
            return ArtifactRequest(
                lambda: RegistryRepository(host, repository), digest, f"{registry.host}/{repository}"
            )

        requests = [request(artifact.repository, artifact.digest) for artifact in content.artifacts]
        outcomes = Verifier(policies, DirectoryTrustStore(str(home.folder / "truststore"))).artifacts(requests)
    names = {"NoSignatureError": "unsigned", "NoAcceptedSignatureError": "failed"}
    verdicts = [
        "verified" if isinstance(outcome, VerifiedArtifact) else names[type(outcome).__name__] for outcome in outcomes
    ]
    assert verdicts == [artifact.verdict for artifact in content.artifacts]


def test_signatures_are_those_of_the_stated_signers(registry: Registry, content: RegistryContent) -> None:
    """Each artifact has one signature for each of its signers, and each index lists the manifests under it."""
    for artifact in content.artifacts:
        referrers = ask(registry, "GET", f"/v2/{artifact.repository}/referrers/{artifact.digest}")
        assert len(referrers.json["manifests"] or []) == len(artifact.signers)
    indexes = [artifact for artifact in content.artifacts if artifact.kind == "index"]
    for index in indexes:
        manifests = ask(registry, "GET", f"/v2/{index.repository}/manifests/{index.tag}").json["manifests"]
        children = [artifact.digest for artifact in content.artifacts if artifact.parent == index.digest]
        assert [manifest["digest"] for manifest in manifests] == children
        assert len(children) == 2


def test_artifacts_are_the_same_in_every_run(content: RegistryContent) -> None:
    """Content of the same size has the same artifacts, which are spread evenly over the repositories."""
    assert RegistryContent(REPOSITORIES, ARTIFACTS).artifacts == content.artifacts
    counts = [
        sum(artifact.repository == repository for artifact in RegistryContent(3, 20).artifacts)
        for repository in ("data/app-000", "payments/app-001", "platform/app-002")
    ]
    assert counts == [7, 7, 6]
