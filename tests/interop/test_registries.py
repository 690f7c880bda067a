"""What one side signs in a registry, the other finds and verifies: four kinds of registries, the API and the tag.

Where the Go side (notation-go v1.3.2) does not see a signature, `unseen_there` says why.
"""

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from notarykit.errors import (
    AuthenticityError,
    IntegrityError,
    NoAcceptedSignatureError,
    NoSignatureError,
    UserMetadataError,
)
from notarykit.keys.local import LocalSigner
from notarykit.oci.manifest import SIGNATURE_TYPE, ManifestForm, signature_annotations
from notarykit.oci.reference import Digest
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.repository import RegistryRepository
from notarykit.signing.artifact import SignedArtifact, sign_artifact
from notarykit.signing.options import SignOptions
from notarykit.trust.policy import parse_policy_document
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.artifact import VerifiedArtifact
from notarykit.verification.verdict import Verified
from notarykit.verification.verifier import verify_artifact
from tests.interop.go_peer import Peer
from tests.interop.scene import DAY, METADATA
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.support.ca import make_chain
from tests.support.envelopes import FORMATS, JWS
from tests.support.homes import OTHER_IDENTITY, Home, complete_home, policy_document
from tests.support.registries import fallback_entries, push_artifacts
from tests.support.signatures import flipped

FORMS: tuple[ManifestForm, ...] = ("current", "older")
TAG = {False: "as the registry can", True: "tag forced"}


class Kind(StrEnum):
    """A registry, by what it knows of referrers."""

    MEMORY = "API with filter and OCI-Subject"
    PLAIN = "API without filter or OCI-Subject"
    NO_API = "no API"
    DOCKER = "docker-registry"

    @property
    def lists_referrers(self) -> bool:
        """Whether it says of a manifest with a subject that it lists it, so that nobody has to under the tag."""
        return self is Kind.MEMORY


def unseen_there(kind: Kind, form: ManifestForm) -> bool:
    """Whether the Go side does not see a signature of ours.

    The registry of go-containerregistry lists each referrer with its config's media type as the artifact type and does
    not filter. The Go side filters by what the list says, and so passes over a manifest that has its type in
    `artifactType` and the empty config. It looks neither into the manifest nor at the tag, since the API answered; so
    forcing the tag does not help.
    """
    return kind is Kind.PLAIN and form == "current"


class Place(NamedTuple):
    """An artifact in a registry, another that is never signed, and a signer who is trusted."""

    registry: Registry
    client: RegistryHost
    digest: Digest
    unsigned: Digest
    home: Home

    def reference(self, digest: str = "") -> str:
        """The artifact's name, as both sides are told it."""
        return f"{self.registry.host}/tests/thing@{digest or self.digest}"

    def repository(self, form: ManifestForm = "current", *, forced: bool = False) -> RegistryRepository:
        """The repository as this side sees it."""
        return RegistryRepository(self.client, "tests/thing", form=form, force_referrers_tag=forced)

    def sign_here(self, media_type: str, form: ManifestForm = "current", *, forced: bool = False) -> SignedArtifact:
        """Signs on this side."""
        signer = LocalSigner.from_files(str(self.home.folder / "build.key"), str(self.home.folder / "build.chain.pem"))
        place = self.repository(form, forced=forced)
        return sign_artifact(
            place, self.digest, signer, SignOptions(media_type=media_type, expires_in=DAY, user_metadata=METADATA)
        )

    def sign_there(self, peer: Peer, media_type: str, *, forced: bool = False) -> str:
        """Signs on the Go side and returns the signature manifest's digest."""
        answer = peer.ask(
            "signRemote",
            reference=self.reference(),
            keyFile=str(self.home.folder / "build.key"),
            chainFile=str(self.home.folder / "build.chain.pem"),
            mediaType=media_type,
            expirySeconds=int(DAY.total_seconds()),
            metadata=METADATA,
            forceReferrersTag=forced,
        )
        assert answer["ok"], answer["error"]
        assert not answer["warning"]
        return str(answer["signature"])

    def spoil(self, signed: SignedArtifact, media_type: str) -> Digest:
        """Stores a signature whose payload was changed with another artifact, and returns that artifact's digest."""
        (digest,) = push_artifacts(self.registry.address, "tests/thing", ["spoiled"])
        place, signature = self.repository("older"), signed.signature
        signed_at = signature.content.attributes.signing_time
        assert signed_at is not None
        annotations = signature_annotations(signature.content.chain.thumbprints(), signed_at)
        place.push_signature(place.resolve(digest), media_type, flipped(signature.envelope, media_type), annotations)
        return digest

    def ask_peer(
        self,
        peer: Peer,
        digest: Digest | None = None,
        metadata: Mapping[str, str] = METADATA,
        identities: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The verdict of the Go side."""
        return peer.ask(
            "verifyRemote",
            reference=self.reference(digest or ""),
            policy=policy_document(identities) if identities else policy_document(),
            trustStore=str(self.home.folder),
            metadata=dict(metadata),
        )

    def ask_us(
        self, digest: Digest | None = None, metadata: Mapping[str, str] = METADATA, identities: Sequence[str] = ()
    ) -> VerifiedArtifact:
        """The verdict of this side."""
        policy = policy_document(identities) if identities else policy_document()
        return verify_artifact(
            self.repository(),
            digest or self.digest,
            f"{self.registry.host}/tests/thing",
            parse_policy_document(json.dumps(policy).encode()),
            DirectoryTrustStore(str(self.home.folder / "truststore")),
            user_metadata=metadata,
        )

    def listed_there(self, peer: Peer, *, by_tag_alone: bool = False) -> list[str]:
        """The signatures that the Go side finds, sorted."""
        answer = peer.ask("listRemote", reference=self.reference(), forceReferrersTag=by_tag_alone)
        assert answer["ok"], answer["error"]
        return sorted(answer["digests"])

    def listed_here(self) -> list[str]:
        """The signatures that this side finds, sorted."""
        place = self.repository()
        return sorted(each.digest for each in place.signatures(place.resolve(self.digest)))

    def entries(self) -> list[str]:
        """What the index under the fallback tag lists, sorted."""
        return sorted(each["digest"] for each in fallback_entries(self.registry.address, "tests/thing", self.digest))


Opener = Callable[[Kind], Place]


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, stack: contextlib.ExitStack) -> Opener:
    """Return what starts a registry of a kind with artifacts in it."""

    def start(kind: Kind) -> Registry:
        if kind is Kind.DOCKER:
            docker: DockerRegistries = request.getfixturevalue("docker_registry")
            return docker()
        plain: GoRegistries = request.getfixturevalue("plain_registry")
        return plain.memory() if kind is Kind.MEMORY else plain(referrers=kind is Kind.PLAIN)

    def opened(kind: Kind) -> Place:
        registry = start(kind)
        client = stack.enter_context(contextlib.closing(RegistryHost(registry.host, RegistrySettings())))
        digest, unsigned = push_artifacts(registry.address, "tests/thing", ["v1", "v2"])
        return Place(registry, client, digest, unsigned, complete_home(tmp_path / "home", make_chain()))

    return opened


def _failed(answer: Mapping[str, Any]) -> list[str]:
    assert not answer["ok"]
    return [each["type"] for each in answer["results"] if each["error"]]


def _refusal(ask: Callable[[], VerifiedArtifact]) -> type[Exception]:
    with pytest.raises(NoAcceptedSignatureError) as refused:
        ask()
    ((_, error),) = refused.value.failures
    return type(error)


@pytest.mark.parametrize("forced", TAG, ids=TAG.get)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("kind", Kind)
def test_go_verifies_what_was_signed_here(
    peer: Peer, place: Opener, kind: Kind, media_type: str, form: ManifestForm, *, forced: bool
) -> None:
    """The Go side finds and accepts a signature that was made here, and refuses it where one thing is wrong."""
    there = place(kind)
    signed = there.sign_here(media_type, form, forced=forced)
    assert there.entries() == ([] if kind.lists_referrers and not forced else [signed.manifest.digest])
    if unseen_there(kind, form):
        assert there.listed_there(peer) == []
        assert "no signature is associated" in there.ask_peer(peer)["error"]
        assert isinstance(there.ask_us().verdict, Verified)
        return
    assert there.listed_there(peer) == [signed.manifest.digest]
    answer = there.ask_peer(peer)
    assert answer["ok"], answer["error"]
    assert answer["metadata"] == METADATA
    assert _failed(there.ask_peer(peer, identities=[OTHER_IDENTITY])) == ["authenticity"]
    assert "unable to find specified metadata" in there.ask_peer(peer, metadata={"build": "43"})["error"]
    assert _failed(there.ask_peer(peer, there.spoil(signed, media_type))) == ["integrity"]
    assert "no signature is associated" in there.ask_peer(peer, there.unsigned)["error"]


@pytest.mark.parametrize("forced", TAG, ids=TAG.get)
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("kind", Kind)
def test_what_go_signed_is_verified_here(
    peer: Peer, place: Opener, kind: Kind, media_type: str, *, forced: bool
) -> None:
    """A signature that the Go side made is found and accepted here, and refused where one thing is wrong."""
    there = place(kind)
    manifest = there.sign_there(peer, media_type, forced=forced)
    assert there.listed_here() == [manifest]
    found = there.ask_us()
    assert isinstance(found.verdict, Verified)
    assert found.signature is not None
    assert found.signature.digest == manifest
    assert found.verdict.user_metadata == METADATA
    assert _refusal(lambda: there.ask_us(identities=[OTHER_IDENTITY])) is AuthenticityError
    assert _refusal(lambda: there.ask_us(metadata={"build": "43"})) is UserMetadataError
    with pytest.raises(NoSignatureError):
        there.ask_us(there.unsigned)


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("kind", Kind)
def test_a_changed_payload_is_refused_here(place: Opener, kind: Kind, media_type: str) -> None:
    """A signature whose payload was changed is found in each registry and refused."""
    there = place(kind)
    spoiled = there.spoil(there.sign_here(media_type), media_type)
    assert _refusal(lambda: there.ask_us(spoiled)) is IntegrityError


@pytest.mark.parametrize("kind", Kind)
def test_signatures_of_both_tools_on_one_artifact(peer: Peer, place: Opener, kind: Kind) -> None:
    """Both tools sign in turns, each sees the signatures of both, and the Go side all but those that it cannot see."""
    there = place(kind)
    theirs, ours = [], {}
    for media_type in FORMATS:
        theirs.append(there.sign_there(peer, media_type))
        for form in FORMS:
            ours[there.sign_here(media_type, form).manifest.digest] = form
    assert there.listed_here() == sorted([*theirs, *ours])
    seen = [digest for digest, form in ours.items() if not unseen_there(kind, form)]
    assert there.listed_there(peer) == sorted([*theirs, *seen])
    assert there.ask_peer(peer)["ok"]
    assert isinstance(there.ask_us().verdict, Verified)
    if not kind.lists_referrers:
        assert there.entries() == sorted([*theirs, *ours])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", Kind)
def test_who_reads_only_the_tag(peer: Peer, place: Opener, kind: Kind, form: ManifestForm) -> None:
    """Whoever reads only the tag sees ours where it sees the Go side's: where the registry does not list by itself."""
    there = place(kind)
    ours, theirs = there.sign_here(JWS, form).manifest.digest, there.sign_there(peer, JWS)
    tagged = [] if kind.lists_referrers else [ours, theirs]
    assert there.listed_there(peer, by_tag_alone=True) == sorted(tagged)
    forced = [there.sign_here(JWS, form, forced=True).manifest.digest, there.sign_there(peer, JWS, forced=True)]
    assert there.listed_there(peer, by_tag_alone=True) == sorted([*tagged, *forced])
    assert there.listed_here() == sorted([ours, theirs, *forced])


@pytest.mark.parametrize("form", FORMS)
def test_entries_of_the_index_are_as_go_makes_them(peer: Peer, place: Opener, form: ManifestForm) -> None:
    """An entry under the tag has the members that the Go side gives it, whatever the form of the manifest."""
    there = place(Kind.DOCKER)
    there.sign_there(peer, JWS)
    there.sign_here(JWS, form)
    theirs, ours = fallback_entries(there.registry.address, "tests/thing", there.digest)
    assert theirs.keys() == ours.keys()
    assert theirs["annotations"].keys() == ours["annotations"].keys()
    assert theirs["artifactType"] == ours["artifactType"] == SIGNATURE_TYPE
