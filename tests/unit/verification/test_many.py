"""Verifying several artifacts at once."""

import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.unverified import LARGEST_ENVELOPE
from notarykit.errors import (
    ArtifactNotFoundError,
    NoAcceptedSignatureError,
    NoApplicablePolicyError,
    NoSignatureError,
    UnforeseenError,
)
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.repository import Repository, StoredSignature
from notarykit.trust.policy import TrustPolicyDocument
from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact
from notarykit.verification.verdict import Skipped, Verified
from notarykit.verification.verifier import WORKERS, Verifier
from tests.support.envelopes import JWS, sign_envelope
from tests.unit.verification.setting import ARTIFACT, CHAIN, NOW, SCOPE, document, forbidden, store

_GOOD = sign_envelope(CHAIN, now=NOW)


class _Place(Repository):
    """A repository with one signature, or with none; coming to it may be held up."""

    def __init__(self, envelope: bytes | None = _GOOD, meet: threading.Barrier | None = None) -> None:
        self._envelope = envelope
        self._meet = meet

    def resolve(self, identifier: Tag | Digest) -> Descriptor:
        if self._meet is not None:
            self._meet.wait(20)
        if identifier == "absent":
            raise ArtifactNotFoundError("absent")
        return ARTIFACT

    def signatures(self, subject: Descriptor) -> Iterator[Descriptor]:
        if self._envelope is not None:
            yield Descriptor("application/vnd.oci.image.manifest.v1+json", ARTIFACT.digest, 1)

    def fetch_signature(self, manifest: Descriptor, largest: int = LARGEST_ENVELOPE) -> StoredSignature:
        assert self._envelope is not None
        return StoredSignature(manifest, JWS, self._envelope)

    def push_signature(self, *_: object) -> Descriptor:
        raise AssertionError("verifying writes nothing")


def _artifact(place: Repository | None = None, tag: str = "v1", scope: str = SCOPE) -> ArtifactRequest:
    return ArtifactRequest(lambda: place or _Place(), Tag(tag), scope)


def _verify(
    *requests: ArtifactRequest,
    trusted: TrustPolicyDocument | None = None,
    now: datetime = NOW,
    user_metadata: Mapping[str, str] | None = None,
    workers: int | None = None,
) -> list[Any]:
    verifier = Verifier(trusted or document(), store(), now=now, find_plugin=forbidden)
    return list(verifier.artifacts(requests, user_metadata=user_metadata, workers=workers or WORKERS))


def test_each_has_its_own_verdict() -> None:
    """Results come in the order of the artifacts, and what is wrong with one is its own result."""
    results = _verify(
        _artifact(),
        _artifact(_Place(None)),
        _artifact(_Place(b"")),
        _artifact(tag="absent"),
        _artifact(scope="registry.example.com/other"),
        _artifact(),
    )
    kinds = [type(result) for result in results]
    assert kinds == [
        VerifiedArtifact, NoSignatureError, NoAcceptedSignatureError, ArtifactNotFoundError, NoApplicablePolicyError,
        VerifiedArtifact,
    ]  # fmt: skip
    assert all(isinstance(results[at].verdict, Verified) for at in (0, 5))


def test_nothing_to_verify() -> None:
    """No artifacts have no results."""
    assert _verify() == []


def test_an_artifact_that_is_skipped() -> None:
    """Where the policy skips an artifact its place is not opened."""
    artifact = ArtifactRequest(lambda: pytest.fail("the place was opened"), Tag("v1"), SCOPE)
    assert _verify(artifact, trusted=document("skip")) == [VerifiedArtifact(Skipped("acme"))]


@pytest.mark.parametrize("workers", [None, 1, 2, 7])
def test_as_many_at_once_as_allowed(workers: int | None) -> None:
    """While one waits for its registry others go on, in the number that is allowed."""
    count = workers or WORKERS
    place = _Place(meet=threading.Barrier(count))  # nobody passes before so many are there
    results = _verify(*[_artifact(place)] * count, workers=workers)
    assert all(isinstance(result, VerifiedArtifact) for result in results)


def test_not_more_at_once_than_allowed() -> None:
    """No more are in their registries at a time than workers are allowed."""

    class Counting(_Place):
        inside = 0
        most = 0
        lock = threading.Lock()

        def resolve(self, identifier: Tag | Digest) -> Descriptor:
            with self.lock:
                Counting.inside += 1
                Counting.most = max(self.most, self.inside)
            return super().resolve(identifier)

        def fetch_signature(self, manifest: Descriptor, largest: int = LARGEST_ENVELOPE) -> StoredSignature:
            with self.lock:
                Counting.inside -= 1
            return super().fetch_signature(manifest, largest)

    place = Counting()
    assert len(_verify(*[_artifact(place)] * 30, workers=2)) == 30
    assert 1 <= place.most <= 2


def test_everything_that_was_given_is_used() -> None:
    """User metadata, the limit of signatures and the time are those of the caller for every artifact."""
    for changes, text in (
        ({"user_metadata": {"a": "b"}}, "carries no user metadata 'a'"),
        ({"now": NOW.replace(year=2001)}, "is not valid before"),
    ):
        results = _verify(_artifact(), _artifact(), **changes)
        assert [text in result.message for result in results] == [True, True]


def test_a_mistake_is_nobodys_verdict() -> None:
    """What nobody foresaw ends in an error of its own, and the other artifacts keep their verdicts."""

    class Broken(_Place):
        def resolve(self, identifier: Tag | Digest) -> Descriptor:
            raise ZeroDivisionError("swordfish")

    first, broken, last = _verify(_artifact(), _artifact(Broken()), _artifact())
    assert all(isinstance(each.verdict, Verified) for each in (first, last))
    assert isinstance(broken, UnforeseenError)
    assert broken.message == "internal error: ZeroDivisionError: swordfish"
    assert isinstance(broken.__cause__, ZeroDivisionError)
    assert broken.exit_code == 70
