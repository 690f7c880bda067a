"""What one side signs in a registry, the other finds and verifies: four kinds of registries, the API and the tag.

Where the Go side (notation-go v1.3.2) does not see a signature, `unseen_there` says why.
"""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import (
    AuthenticityError,
    IntegrityError,
    NoAcceptedSignatureError,
    NoSignatureError,
    UserMetadataError,
)
from notarykit.oci.manifest import SIGNATURE_TYPE, ManifestForm
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.verification.artifact import VerifiedArtifact
from notarykit.verification.verdict import Verified
from tests.interop.go_peer import Peer
from tests.interop.registry_places import Kind, Place, unseen_there
from tests.interop.scene import METADATA
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.support.ca import make_chain
from tests.support.envelopes import FORMATS, JWS
from tests.support.homes import OTHER_IDENTITY, complete_home
from tests.support.registries import fallback_entries, push_artifacts

FORMS: tuple[ManifestForm, ...] = ("current", "older")
TAG = {False: "as the registry can", True: "tag forced"}


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
