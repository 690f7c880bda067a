"""Audit of artifacts: verdicts as those of `verify`, and what is known of each signature."""

import pickle
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest

from notarykit.audit.record import (
    ArtifactRecord,
    ArtifactVerdict,
    EndsBy,
    SignatureOutcome,
    SignatureRecord,
)
from notarykit.envelope.attributes import SIGNING_AUTHORITY
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ContentError, NetworkError, NotarykitWarning
from notarykit.trust.policy import TrustPolicyDocument
from tests.support.ca import NOT_AFTER, make_chain
from tests.support.envelopes import COSE, JWS, sign_envelope
from tests.unit.audit.artifact_audits import DAY, GOOD, ITEM, STRANGERS, audited, auditor, only
from tests.unit.verification.countersigned import SIGNER, make_timestamped
from tests.unit.verification.places import Place, manifest_digest
from tests.unit.verification.setting import (
    ARTIFACT,
    NOW,
    SCOPE,
    document,
)


def test_verified_artifact() -> None:
    """The record has all that is known, and the facts are vouched for."""
    record = audited(GOOD)
    leaf = SIGNER.certificates[0]
    signature = SignatureRecord(
        manifest_digest(0),
        JWS,
        leaf.subject.rfc4514_string(),
        leaf.issuer.rfc4514_string(),
        sha256(SIGNER.ders[0]).hexdigest(),
        NOW,
        NOW + 10 * DAY,
        NOT_AFTER,
        outcome=SignatureOutcome.ACCEPTED,
    )
    assert record == ArtifactRecord(
        "registry.example.com", "software/net-monitor", ARTIFACT.digest, ARTIFACT.media_type, "x/y", ARTIFACT.size,
        ("v1",), "linux/amd64", "sha256:" + "ab" * 32, ArtifactVerdict.VERIFIED, "acme", "strict", "", "",
        (signature,), NOW + 10 * DAY, EndsBy.EXPIRY, NOW,
    )  # fmt: skip


def test_record_can_be_pickled() -> None:
    """What a worker process returns is the record itself."""
    record = audited(GOOD, STRANGERS)
    assert pickle.loads(pickle.dumps(record)) == record


def test_end_by_a_certificate() -> None:
    """Without an expiry, and without a timestamp, the chain's earliest end is the verdict's."""
    record = audited(sign_envelope(SIGNER, now=NOW))
    assert (record.ends, record.ends_by) == (NOT_AFTER, EndsBy.CERTIFICATE)


def test_timestamped_signature() -> None:
    """The verified timestamp is in the record, with the end of its authority's chain, and nothing ends the verdict."""
    record = audited(make_timestamped(), policies=document(stores=("ca:acme", "tsa:one")))
    signature = only(record)
    assert (record.verdict, record.ends, record.ends_by) == ("verified", None, "")
    assert (signature.timestamp, signature.timestamp_ends) == (NOW, NOT_AFTER)


def test_timestamp_that_was_not_verified_is_no_fact() -> None:
    """Where the policy needs no timestamp, one in an accepted signature is not told, since nothing vouches for it."""
    assert only(audited(make_timestamped())).timestamp is None


def test_unsigned_artifact() -> None:
    """An artifact without signatures has its own verdict, and an advice."""
    record = audited()
    assert (record.verdict, record.policy, record.signatures) == ("unsigned", "acme", ())
    assert record.reason == f"no signature is associated with {ARTIFACT.digest}"
    assert record.advice == "make sure the artifact was signed"
    assert record.ends is None


def test_claims_of_a_refused_signature() -> None:
    """A stranger's signature has the reason, and claims that nobody vouches for."""
    stranger = make_chain()
    envelope = make_timestamped(stranger, media_type=COSE)
    record = audited(envelope)
    signature = only(record)
    assert (record.verdict, record.ends) == ("failed", None)
    # The place says that all envelopes are JWS, so this one cannot be read.
    assert (signature.outcome, signature.signer) == ("refused", "")
    signature = only(audited(make_timestamped(stranger)))
    assert signature.outcome is SignatureOutcome.REFUSED
    assert signature.reason.startswith("authenticity: no certificate of the chain is in the trust stores")
    assert signature.thumbprint == sha256(stranger.ders[0]).hexdigest()
    assert (signature.signed_at, signature.timestamp, signature.timestamp_ends) == (NOW, NOW, NOT_AFTER)


def test_signature_that_cannot_be_read() -> None:
    """A signature that is none, or damaged, has its digest and the reason alone."""
    record = audited(b"{}", ContentError("damaged"))
    first, second = record.signatures
    assert first == SignatureRecord(manifest_digest(0), JWS, outcome=SignatureOutcome.REFUSED, reason=first.reason)
    assert second == SignatureRecord(manifest_digest(1), outcome=SignatureOutcome.REFUSED, reason="damaged")
    assert record.verdict is ArtifactVerdict.FAILED


def test_signatures_that_cannot_be_fetched() -> None:
    """Where no signature could be fetched, the verdict is unknown; where one was judged, it is not."""
    fault = NetworkError("no answer")
    assert audited(fault, fault).verdict is ArtifactVerdict.UNKNOWN
    assert audited(fault, STRANGERS).verdict is ArtifactVerdict.FAILED
    assert audited(fault, GOOD).verdict is ArtifactVerdict.VERIFIED


def test_all_signatures_have_records() -> None:
    """Signatures after the one that decides are in the record, too."""
    record = audited(STRANGERS, GOOD, STRANGERS, b"")
    assert [signature.outcome for signature in record.signatures] == ["refused", "accepted", "refused", "refused"]
    assert (record.verdict, record.reason) == ("verified", "")


def test_audited_signer() -> None:
    """A signer whom the policy lets pass is no trusted one: the facts are claims, and the reason says why."""
    record = audited(STRANGERS, policies=document("audit"))
    signature = only(record)
    assert (record.verdict, record.level, signature.outcome) == ("audited", "audit", "audited")
    assert record.reason == signature.reason
    assert signature.reason.startswith("authenticity: ")
    assert signature.signer


def test_logged_failure_is_the_reason() -> None:
    """A step that failed and is only logged is told, although the verdict is good."""
    expired = sign_envelope(SIGNER, now=NOW - 3 * DAY, expires_in=DAY)
    record = audited(expired, policies=document("permissive"))
    assert (record.verdict, record.ends) == ("verified", None)
    assert record.reason.startswith("expiry: the signature expired on")


def test_artifact_without_a_policy() -> None:
    """Its signatures are listed and not fetched, and the reason says how a policy is made to apply."""
    place = Place(GOOD, GOOD)
    other = document()._replace(policies=(document().policies[0]._replace(scopes=("registry.example.com/other",)),))
    record = audited(place=place, policies=other)
    assert (record.verdict, record.policy, record.ends) == ("no-policy", "", None)
    assert record.reason == f"no trust policy applies to {SCOPE}"
    assert "registryScopes" in record.advice
    assert record.signatures == tuple(SignatureRecord(manifest_digest(number)) for number in range(2))
    assert place.fetched == []


def test_policy_is_looked_up_once_for_each_repository() -> None:
    """A warning about the statement that applies does not come with each artifact."""
    (statement,) = document().policies
    alike = statement._replace(name="alike", scopes=(SCOPE.replace("/", ":443/", 1),))
    audit = auditor(Place(GOOD), TrustPolicyDocument((alike, statement._replace(scopes=("*",)))))
    with pytest.warns(NotarykitWarning, match="letter by letter") as caught:
        records = [audit.begin(ITEM) for _ in range(3)]
    assert [record.policy for record in records] == ["acme"] * 3
    assert len(caught) == 1


def test_skipped_artifact() -> None:
    """Where the policy skips an artifact its signatures are listed, no more than the limit, and not fetched."""
    place = Place(GOOD, GOOD, GOOD)
    record = audited(place=place, policies=document("skip"), max_signatures=2)
    assert (record.verdict, record.level, record.reason) == ("skipped", "skip", "")
    assert [signature.outcome for signature in record.signatures] == ["not tried", "not tried"]
    assert place.fetched == []


class _BrokenPlace(Place):
    """Repository whose list of signatures cannot be read."""

    def signatures(self, subject: Descriptor) -> Any:
        """Raises."""
        raise NetworkError("no answer", advice="try again")


def test_unreadable_list_of_signatures() -> None:
    """What is not known is said, and costs a skipped artifact nothing."""
    record = audited(place=_BrokenPlace())
    assert (record.verdict, record.reason, record.advice) == ("unknown", "no answer", "try again")
    record = audited(place=_BrokenPlace(), policies=document("skip"))
    assert (record.verdict, record.signatures) == ("skipped", ())


class _Accident(Place):
    """Repository with a fault of its own."""

    def signatures(self, subject: Descriptor) -> Any:
        """Raises what nobody expects."""
        raise ZeroDivisionError


def test_accident_costs_one_artifact_its_verdict() -> None:
    """Whatever one artifact does, it has a record."""
    record = audited(place=_Accident())
    assert record.verdict is ArtifactVerdict.UNKNOWN
    assert "ZeroDivisionError" in record.reason


def test_signing_authority_time_is_the_signing_time() -> None:
    """In the scheme of a signing authority its time is in the record."""
    envelope = sign_envelope(SIGNER, now=NOW - DAY, scheme=SIGNING_AUTHORITY)
    assert only(audited(envelope)).signed_at == NOW - DAY


def test_verdict_has_the_time_of_its_verification() -> None:
    """The record says when it was audited, to the second."""
    record = audited(GOOD, now=None)
    assert record.audited_at.microsecond == 0
    assert isinstance(record.audited_at, datetime)
