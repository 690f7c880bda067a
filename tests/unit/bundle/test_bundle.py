"""A bundle that is open: its artifacts as repositories, its trust by a digest, and its content."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from notarykit.bundle.reading import open_bundle
from notarykit.bundle.trust import TrustProposal
from notarykit.errors import ArtifactNotFoundError, ContentError, SignatureSizeError, TrustPolicyError
from notarykit.oci.reference import Digest, Tag
from tests.support.bundles import Parts, members_of, write_members
from tests.unit.bundle.making import Scene


def test_artifact_is_a_repository_of_its_own(scene: Scene, made: str) -> None:
    """Neither another artifact of the bundle nor a tag is found in an artifact's repository, nor its signatures."""
    bundle = open_bundle(made)
    first, second = bundle.artifacts
    repository = bundle.repository(first)
    assert repository.resolve(Digest(first.artifact.digest)) == first.artifact
    for other in (Digest(second.artifact.digest), Tag("v1")):
        with pytest.raises(ArtifactNotFoundError):
            repository.resolve(other)
    assert list(repository.signatures(first.artifact)) == list(first.signatures)
    assert list(repository.signatures(second.artifact)) == []


def test_signatures_have_a_limit(made: str) -> None:
    """Neither a manifest nor an envelope beyond the limit is taken."""
    bundle = open_bundle(made)
    (artifact, _) = bundle.artifacts
    (signature,) = artifact.signatures
    repository = bundle.repository(artifact)
    size = len(repository.fetch_signature(signature).envelope)
    assert size > signature.size
    assert len(repository.fetch_signature(signature, size).envelope) == size
    for limit, text in ((size - 1, "envelope"), (signature.size - 1, "manifest")):
        with pytest.raises(SignatureSizeError, match=text):
            repository.fetch_signature(signature, limit)


def test_trust_counts_by_its_digest_alone(made: str) -> None:
    """Another digest is refused, of the same length or empty."""
    bundle = open_bundle(made)
    digest = bundle.trust.descriptor.digest
    assert bundle.trusted(digest) is bundle.trust
    for other in (bundle.digest, "", digest.removeprefix("sha256:"), digest.upper()):
        with pytest.raises(TrustPolicyError, match="is sha256:"):
            bundle.trusted(other)


def test_trust_in_another_form(parts: Parts) -> None:
    """A proposal that says the same in other bytes is refused: its digest is that of one form alone."""
    document = parts.take(parts.manifest["layers"][0]["digest"])
    assert TrustProposal.parse(document).document == document
    for other in (document + b"\n", json.dumps(json.loads(document)).encode()):
        with pytest.raises(ContentError, match="not in the form in which it is written"):
            TrustProposal.parse(other)


def test_damaged_content_is_found_each_time(made: str, path: Path) -> None:
    """A layer that is damaged is refused whenever its artifact is checked, and keeps no other from being accepted."""
    members = {name: content.replace(b"content of v1", b"content of v9") for name, content in members_of(made).items()}
    bundle = open_bundle(write_members(path, members))
    first, second = bundle.artifacts
    for _ in range(2):
        with pytest.raises(ContentError, match="has another digest"):
            bundle.check_content(first)
    bundle.check_content(second)
    bundle.check_content(second)


def test_end_of_the_evidence(made: str) -> None:
    """What has ended is what held until before that moment."""
    bundle = open_bundle(made)
    first = bundle.ends
    assert first is not None
    assert bundle.ended(first) == []
    ended = bundle.ended(first + timedelta(seconds=1))
    assert ended
    assert {part.until for part in ended} == {first}
