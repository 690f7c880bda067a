"""Verifying an artifact with its signatures: which are tried, in which order, and which one counts."""

from collections.abc import Iterator
from typing import Any

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.unverified import LARGEST_ENVELOPE
from notarykit.errors import (
    ArtifactNotFoundError,
    AuthenticityError,
    ContentError,
    EnvelopeError,
    IntegrityError,
    NoAcceptedSignatureError,
    NoApplicablePolicyError,
    NoSignatureError,
    NotarykitError,
    StorageError,
)
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.repository import StoredSignature
from notarykit.trust.policy import TrustPolicy
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact
from notarykit.verification.context import EnvelopeRequest
from notarykit.verification.envelope import run_steps
from notarykit.verification.options import VerifierOptions
from notarykit.verification.verdict import Audited, Skipped, Verdict, Verified
from notarykit.verification.verifier import Verifier
from tests.support.envelopes import sign_envelope
from tests.unit.verification.places import Place, manifest_digest
from tests.unit.verification.setting import ARTIFACT, CHAIN, NOW, OTHER, SCOPE, document, forbidden, store

_GOOD = sign_envelope(CHAIN, now=NOW)
_STRANGERS = sign_envelope(OTHER, now=NOW)


def _verify(place: Place, level: str = "strict", **changes: Any) -> VerifiedArtifact:
    arguments: dict[str, Any] = {"now": NOW, "find_plugin": forbidden, "store": store(), **changes}
    metadata = arguments.pop("user_metadata", None)
    verifier = Verifier(arguments.pop("trusted", document(level)), **arguments)
    return verifier.artifact(ArtifactRequest(lambda: place, Tag("v1"), SCOPE), user_metadata=metadata)


@pytest.mark.requirement("workflow:verify-envelope")
def test_one_good_signature() -> None:
    """The verdict comes with the artifact and the signature that was accepted."""
    place = Place(_GOOD)
    found = _verify(place)
    assert isinstance(found.verdict, Verified)
    assert found.artifact == ARTIFACT
    assert found.signature is not None
    assert found.signature.digest == manifest_digest(0)
    assert found.failures == ()
    assert place.resolved == ["v1"]


@pytest.mark.requirement("workflow:fingerprints", "workflow:next-signature")
@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{}",
        _GOOD[:-1],
        _STRANGERS,
        ContentError("malformed"),
        StorageError("absent"),
        EnvelopeError("too large"),
    ],
    ids=["empty", "no envelope", "cut off", "stranger", "malformed manifest", "absent blob", "other"],
)
def test_a_bad_signature_does_not_stop_the_others(bad: bytes | NotarykitError) -> None:
    """Whatever is wrong with one signature, the next is tried, and what was wrong is told."""
    place = Place(bad, _GOOD)
    found = _verify(place)
    assert isinstance(found.verdict, Verified)
    assert found.signature is not None
    assert found.signature.digest == manifest_digest(1)
    ((digest, error),) = found.failures
    assert digest == manifest_digest(0)
    assert error is bad if isinstance(bad, NotarykitError) else isinstance(error, IntegrityError | AuthenticityError)


@pytest.mark.requirement("trust:envelope-type", "workflow:unsupported-formats")
@pytest.mark.parametrize("media_type", ["application/vnd.example.later", "application/cose"])
def test_another_format_does_not_stop_the_others(media_type: str) -> None:
    """A signature of a format that nobody knows, or that its envelope is not of, is left aside and told."""

    class Labelled(Place):
        def fetch_signature(self, manifest: Descriptor, largest: int = LARGEST_ENVELOPE) -> StoredSignature:
            found = super().fetch_signature(manifest, largest)
            return found._replace(media_type=media_type) if len(self.fetched) == 1 else found

    found = _verify(Labelled(_GOOD, _GOOD))
    assert found.signature is not None
    assert found.signature.digest == manifest_digest(1)
    ((digest, error),) = found.failures
    assert digest == manifest_digest(0)
    assert isinstance(error, IntegrityError)


@pytest.mark.requirement("workflow:next-signature")
def test_an_accident_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature that brings an error which nobody meant is not accepted, and the next is tried."""
    good = run_steps

    def run(options: VerifierOptions[Any], policy: TrustPolicy, request: EnvelopeRequest) -> Verdict:
        if not request.envelope:
            raise RecursionError("swordfish")
        return good(options, policy, request)

    monkeypatch.setattr("notarykit.verification.artifact.run_steps", run)
    found = _verify(Place(b"", _GOOD))
    assert isinstance(found.verdict, Verified)
    ((digest, error),) = found.failures
    assert digest == manifest_digest(0)
    assert isinstance(error, IntegrityError)
    assert error.message == "the signature could not be processed: RecursionError"


@pytest.mark.requirement("workflow:next-signature")
def test_signatures_are_tried_in_order_until_one_is_good() -> None:
    """The order is the place's own, and behind the first good signature none is fetched."""
    place = Place(b"", _STRANGERS, _GOOD, _GOOD)
    found = _verify(place)
    assert place.fetched == [manifest_digest(0), manifest_digest(1), manifest_digest(2)]
    assert [digest for digest, _ in found.failures] == [manifest_digest(0), manifest_digest(1)]


def test_a_trusted_signer_is_preferred_under_audit() -> None:
    """Under audit a stranger's signature would pass; one of a trusted signer behind it counts all the same."""
    place = Place(b"", _STRANGERS, _STRANGERS, _GOOD, _STRANGERS)
    found = _verify(place, "audit")
    assert isinstance(found.verdict, Verified)
    assert found.signature is not None
    assert found.signature.digest == manifest_digest(3)
    assert place.fetched[-1] == manifest_digest(3)


def test_the_first_that_passes_counts_where_none_is_trusted() -> None:
    """Under audit, with strangers alone, the first signature that passes is the accepted one."""
    found = _verify(Place(b"", _STRANGERS, _STRANGERS), "audit")
    assert isinstance(found.verdict, Audited)
    assert found.signature is not None
    assert found.signature.digest == manifest_digest(1)
    assert [digest for digest, _ in found.failures] == [manifest_digest(0)]


@pytest.mark.requirement("workflow:no-accepted-signature")
@pytest.mark.parametrize("level", ["strict", "permissive", "audit"])
def test_no_signature(level: str) -> None:
    """An artifact without signatures is accepted at no level but skip."""
    with pytest.raises(NoSignatureError) as caught:
        _verify(Place(), level)
    assert caught.value.message == f"no signature is associated with {ARTIFACT.digest}"
    assert caught.value.advice == "make sure the artifact was signed"
    assert caught.value.exit_code == 1


@pytest.mark.requirement("workflow:no-accepted-signature")
def test_one_signature_that_is_not_accepted() -> None:
    """The message is that of the one signature, and the error carries it whole."""
    with pytest.raises(NoAcceptedSignatureError) as caught:
        _verify(Place(_STRANGERS))
    for part in ("authenticity: no certificate of the chain is in the trust stores ca:acme", "'CN=Root CA,"):
        assert part in caught.value.message
    assert manifest_digest(0) in caught.value.message
    assert caught.value.advice == "add that root to a trust store of the policy if it is to be trusted"
    ((digest, error),) = caught.value.failures
    assert digest == manifest_digest(0)
    assert isinstance(error, AuthenticityError)
    assert caught.value.results == error.results
    assert caught.value.exit_code == 1


@pytest.mark.requirement("workflow:no-accepted-signature")
def test_several_signatures_that_are_not_accepted() -> None:
    """The message counts the signatures and tells about the one that came furthest; the error carries all in order."""
    with pytest.raises(NoAcceptedSignatureError) as caught:
        _verify(Place(ContentError("first one"), _STRANGERS, b""))
    for part in ("none of", "3 signatures", "authenticity: no certificate of the chain", manifest_digest(1)):
        assert part in caught.value.message
    assert [each.step for each in caught.value.results] == ["authenticity"]
    assert [digest for digest, _ in caught.value.failures] == [
        manifest_digest(0),
        manifest_digest(1),
        manifest_digest(2),
    ]


def test_a_missing_store_is_the_users_to_mend() -> None:
    """Where every signature fails for want of a trust store, the exit code is that of a configuration that is wrong."""
    with pytest.raises(NoAcceptedSignatureError) as caught:
        _verify(Place(_GOOD, _STRANGERS), store=MemoryTrustStore({}))
    assert caught.value.exit_code == 2
    with pytest.raises(NoAcceptedSignatureError) as caught:
        _verify(Place(_GOOD, b""), store=MemoryTrustStore({}))
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(("limit", "fetched", "is_cut"), [(1, 1, True), (2, 2, True), (3, 3, False), (100, 3, False)])
def test_the_limit_of_signatures(limit: int, fetched: int, is_cut: bool) -> None:
    """No more signatures are tried than the limit says, and the message tells if there are more."""
    place = Place(b"", b"", b"")
    with pytest.raises(NoAcceptedSignatureError) as caught:
        _verify(place, max_signatures=limit)
    assert len(place.fetched) == fetched
    assert caught.value.message.endswith(f"(there are more than the limit of {limit} signatures)") is is_cut


def test_a_good_signature_at_the_limit() -> None:
    """The last signature within the limit counts, and one beyond it does not."""
    assert isinstance(_verify(Place(b"", _GOOD), max_signatures=2).verdict, Verified)
    with pytest.raises(NoAcceptedSignatureError):
        _verify(Place(b"", _GOOD), max_signatures=1)


def test_a_stranger_within_the_limit_under_audit() -> None:
    """What passes under audit is accepted when the limit is reached before a trusted signer is found."""
    found = _verify(Place(_STRANGERS, b"", _GOOD), "audit", max_signatures=2)
    assert isinstance(found.verdict, Audited)


def test_the_limit_is_a_hundred() -> None:
    """Without a limit of the caller a hundred signatures are tried."""
    place = Place(*[b""] * 101)
    with pytest.raises(NoAcceptedSignatureError, match="more than the limit of 100"):
        _verify(place)
    assert len(place.fetched) == 100


@pytest.mark.requirement("trust:skip", "workflow:skipped-artifact")
def test_a_skipped_artifact_is_not_even_looked_at() -> None:
    """Where the policy skips the artifact the place is not opened."""

    def opened() -> Place:
        pytest.fail("the place was opened")

    request = ArtifactRequest(opened, Tag("v1"), SCOPE)
    found = Verifier(document("skip"), MemoryTrustStore({})).artifact(request)
    assert found == VerifiedArtifact(Skipped("acme"))
    assert (found.artifact, found.signature, found.failures) == (None, None, ())


@pytest.mark.requirement("trust:no-statement", "workflow:applicable-policy")
def test_no_policy_no_look() -> None:
    """An artifact that no statement applies to is refused before the place is opened."""

    def opened() -> Place:
        pytest.fail("the place was opened")

    request = ArtifactRequest(opened, Tag("v1"), "registry.example.com/other")
    with pytest.raises(NoApplicablePolicyError, match=r"no trust policy applies to registry.example.com/other"):
        Verifier(document(), store()).artifact(request)


def test_what_the_place_cannot_find() -> None:
    """An artifact that is not there, or a place that cannot be read, is the place's own error."""

    class Empty(Place):
        def resolve(self, identifier: Tag | Digest) -> Descriptor:
            raise ArtifactNotFoundError(f"no artifact {identifier!r}")

    class Unreadable(Place):
        def signatures(self, subject: Descriptor) -> Iterator[Descriptor]:
            raise StorageError("cannot be listed")

    with pytest.raises(ArtifactNotFoundError, match="no artifact 'v1'"):
        _verify(Empty(_GOOD))
    with pytest.raises(StorageError, match="cannot be listed"):
        _verify(Unreadable(_GOOD))


@pytest.mark.requirement("trust:payload", "workflow:resolved-tag", "workflow:signed-digest")
def test_the_signature_is_compared_with_what_was_resolved() -> None:
    """A good signature of another artifact, attached to this one, is not accepted."""
    other = ARTIFACT._replace(digest="sha256:" + "0" * 64)
    with pytest.raises(NoAcceptedSignatureError, match=f"integrity: the signature is for {ARTIFACT.digest}"):
        _verify(Place(_GOOD, artifact=other))


def test_everything_that_was_given_is_used() -> None:
    """User metadata and the time are those of the caller for every signature."""
    with pytest.raises(NoAcceptedSignatureError, match="userMetadata: the signature carries no user metadata 'a'"):
        _verify(Place(_GOOD), user_metadata={"a": "b"})
    with pytest.raises(NoAcceptedSignatureError, match=r"authenticTimestamp: .* is not valid before"):
        _verify(Place(_GOOD), now=NOW.replace(year=2001))
