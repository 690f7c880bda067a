"""Image indexes of go-containerregistry: each manifest signed on one side is verified on the other."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from notarykit.keys.local import LocalSigner
from notarykit.oci.index import IndexMember, index_members, platform_manifests
from notarykit.oci.layout import ImageLayout
from notarykit.oci.platform import parse_platform
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.repository import RegistryRepository
from notarykit.signing.artifact import sign_artifact
from notarykit.signing.options import SignOptions
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.verdict import Verified
from notarykit.verification.verifier import verify_artifact
from tests.interop import image_program
from tests.interop.go_peer import Peer
from tests.interop.image_program import Digests
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.support.ca import make_chain
from tests.support.envelopes import JWS
from tests.support.homes import Home, complete_home, policy_document

_PLATFORMS = ("linux/amd64", "linux/arm64/v8", "linux/arm/v6", "linux/arm/v7")


class _Place(NamedTuple):
    """Image index in a registry.

    Attributes:
        registry: The registry.
        repository: The repository with the tag v1.
        digests: Digests of the index's parts.
        home: Settings of a signer who is trusted.
    """

    registry: Registry
    repository: RegistryRepository
    digests: Digests
    home: Home

    @property
    def name(self) -> str:
        """Name of the repository with its registry."""
        return f"{self.registry.host}/team/app"

    def members(self) -> tuple[IndexMember, ...]:
        """Returns the index and the manifests below it."""
        return index_members(self.repository, Tag("v1"))

    def is_verified_there(self, peer: Peer, digest: str) -> bool:
        """Returns True if the Go side verifies a manifest."""
        answer = peer.ask(
            "verifyRemote",
            reference=f"{self.name}@{digest}",
            policy=policy_document(),
            trustStore=str(self.home.folder),
            metadata={},
        )
        assert answer["ok"] or "no signature is associated" in answer["error"], answer
        return bool(answer["ok"])


_Opener = Callable[..., _Place]


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, stack: contextlib.ExitStack) -> _Opener:
    """Return what starts a registry with an image index, or a Docker manifest list."""

    def opened(kind: str, *, docker: bool) -> _Place:
        if kind == "memory":
            go: GoRegistries = request.getfixturevalue("plain_registry")
            registry = go.memory()
        else:
            debian: DockerRegistries = request.getfixturevalue("docker_registry")
            registry = debian()
        digests = image_program.push(f"{registry.host}/team/app:v1", docker=docker)
        client = stack.enter_context(contextlib.closing(RegistryHost(registry.host, RegistrySettings())))
        home = complete_home(tmp_path / "home", make_chain())
        return _Place(registry, RegistryRepository(client, "team/app"), digests, home)

    return opened


@pytest.mark.parametrize("docker", [False, True], ids=["image index", "manifest list"])
@pytest.mark.parametrize("kind", ["memory", "docker-registry"])
def test_go_verifies_each_manifest_that_was_signed_here(peer: Peer, place: _Opener, kind: str, *, docker: bool) -> None:
    """The Go side verifies the index and each manifest after all were signed here, and none of them before."""
    there = place(kind, docker=docker)
    signer = LocalSigner.from_files(str(there.home.folder / "build.key"), str(there.home.folder / "build.chain.pem"))
    members = there.members()
    digests = [member.descriptor.digest for member in members]
    wanted = ("index", *_PLATFORMS[:2], "nested", *_PLATFORMS[2:])
    assert digests == [there.digests[name] for name in wanted]
    for member in members:
        digest = member.descriptor.digest
        assert not there.is_verified_there(peer, digest)
        signed = sign_artifact(there.repository, Digest(digest), signer, SignOptions(JWS))
        member.check(signed.artifact)
        assert there.is_verified_there(peer, digest)
    assert not there.is_verified_there(peer, there.digests["unknown/unknown"])


@pytest.mark.parametrize("docker", [False, True], ids=["image index", "manifest list"])
def test_manifests_that_go_signed_are_verified_here(peer: Peer, place: _Opener, *, docker: bool) -> None:
    """Each manifest that the Go side signed is verified here, by the descriptor that the index lists."""
    there = place("memory", docker=docker)
    policies = parse_policy_document(json.dumps(policy_document()).encode())
    store = DirectoryTrustStore(str(there.home.folder / "truststore"))
    for member in there.members():
        answer = peer.ask(
            "signRemote",
            reference=f"{there.name}@{member.descriptor.digest}",
            keyFile=str(there.home.folder / "build.key"),
            chainFile=str(there.home.folder / "build.chain.pem"),
            mediaType=JWS,
            expirySeconds=0,
            metadata={},
            forceReferrersTag=False,
        )
        assert answer["ok"], answer["error"]
        found = verify_artifact(there.repository, Digest(member.descriptor.digest), there.name, policies, store)
        assert isinstance(found.verdict, Verified)
        assert found.artifact is not None
        member.check(found.artifact)


def test_manifests_for_platforms(place: _Opener, tmp_path: Path) -> None:
    """The manifests of a real index are found by platform, in a registry and in a layout."""
    there, layout = place("memory", docker=False), tmp_path / "layout"
    digests = image_program.write(layout)
    wanted = [parse_platform(name) for name in (*_PLATFORMS, "linux/arm64", "linux/arm")]
    for repository, parts in ((there.repository, there.digests), (ImageLayout(str(layout)), digests)):
        chosen = platform_manifests(repository, Tag("v1"), wanted)
        expected = [parts[name] for name in (*_PLATFORMS, "linux/arm64/v8", "linux/arm/v7")]
        assert [member.descriptor.digest for member in chosen if isinstance(member, IndexMember)] == expected
        single = platform_manifests(repository, Digest(parts["linux/amd64"]), [parse_platform("linux/amd64")])
        assert isinstance(single[0], IndexMember)
