"""Explanations: the outcome is the verification's, and what stands beside it is of the same policy and stores."""

import json
from hashlib import sha256
from typing import Any

import pytest

from notarykit.errors import NoApplicablePolicyError, NotarykitError, StorageError
from notarykit.explanation.artifact import (
    Explanation,
    explain_artifact,
    explain_envelope,
    explain_repository,
)
from notarykit.explanation.document import explanation_document
from notarykit.oci.reference import Tag
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact
from notarykit.verification.context import EnvelopeRequest
from notarykit.verification.verdict import Skipped, Verified
from notarykit.verification.verifier import Verifier
from tests.support.ca import make_chain
from tests.support.envelopes import JWS, sign_envelope
from tests.unit.verification.places import Place, manifest_digest
from tests.unit.verification.setting import (
    ARTIFACT,
    CHAIN,
    IDENTITY,
    LEVELS,
    NOW,
    OTHER,
    SCOPE,
    STRANGER,
    document,
    forbidden,
    store,
)

_GOOD = sign_envelope(CHAIN, now=NOW)
_STRANGERS = sign_envelope(OTHER, now=NOW)
_SELF_SIGNED = make_chain(length=1)


def _verifier(level: str = "strict", trusted: MemoryTrustStore | None = None, **changes: Any) -> Verifier:
    return Verifier(document(level, **changes), trusted or store(), now=NOW, find_plugin=forbidden)


def _request(place: Place) -> ArtifactRequest:
    return ArtifactRequest(lambda: place, Tag("v1"), SCOPE)


def _facts(outcome: Any) -> Any:
    """All that an outcome says, and the results of its steps."""
    if isinstance(outcome, VerifiedArtifact):
        results = [
            (each.step, each.action, each.outcome, each.note) for each in getattr(outcome.verdict, "results", ())
        ]
        failures = [(name, error.to_json()) for name, error in outcome.failures]
        return type(outcome.verdict), outcome.verdict.policy, outcome.artifact, outcome.signature, failures, results
    failed = [(name, error.to_json()) for name, error in getattr(outcome, "failures", ())]
    return type(outcome), outcome.to_json(), failed, getattr(outcome, "policy", ""), getattr(outcome, "level", "")


@pytest.mark.parametrize("signatures", [(), (_GOOD,), (_STRANGERS, _GOOD, _STRANGERS), (_STRANGERS,), (b"{}", _GOOD)])
@pytest.mark.parametrize("metadata", [{}, {"build": "1"}], ids=str)
@pytest.mark.parametrize("identity", ["*", IDENTITY, STRANGER])
@pytest.mark.parametrize("level", [*LEVELS, "skip"])
def test_outcome_is_that_of_the_verification(
    level: str, identity: str, metadata: dict[str, str], signatures: tuple[bytes, ...]
) -> None:
    """Whatever policy, metadata and signatures are, the explanation ends as the verification, in the same words."""
    verifier = _verifier(level, identities=[identity])
    explained = explain_artifact(verifier, _request(Place(*signatures)), metadata)
    try:
        verified: VerifiedArtifact | NotarykitError = verifier.artifact(
            _request(Place(*signatures)), user_metadata=metadata
        )
    except NotarykitError as error:
        verified = error
    assert _facts(explained.outcome) == _facts(verified)


def test_every_signature_is_explained() -> None:
    """Signatures behind the one that is accepted are explained too, each with its chain and its identities."""
    verifier = _verifier(identities=[IDENTITY])
    explained = explain_artifact(verifier, _request(Place(_STRANGERS, _GOOD, b"", StorageError("gone"))))
    assert isinstance(explained.outcome, VerifiedArtifact)
    assert isinstance(explained.outcome.verdict, Verified)
    strangers, good, broken, gone = explained.signatures
    assert [each.name for each in explained.signatures] == [manifest_digest(number) for number in range(4)]
    assert good.anchor == len(CHAIN.ders) - 1
    assert [each.subject for each in good.chain] == [each.rfc4514_string() for each in CHAIN.subjects]
    assert [each.is_ca for each in good.chain] == [False, True, True]
    assert [each.is_match for each in good.identities] == [True]
    assert (strangers.anchor, strangers.scheme) == (None, "notary.x509")
    assert [each.step for each in strangers.results] == ["authenticity"]
    for unread in (broken, gone):
        assert isinstance(unread.outcome, NotarykitError)
        assert (unread.chain, unread.anchor, unread.identities) == ((), None, ())


def test_nothing_applies() -> None:
    """Without a statement the outcome is the refusal, and nothing is opened."""
    request = ArtifactRequest(lambda: pytest.fail("opened"), Tag("v1"), f"{SCOPE}s")
    explained = explain_artifact(_verifier(), request)
    assert isinstance(explained.outcome, NoApplicablePolicyError)
    assert explained.choice.policy is None
    assert explained.nearest is not None
    assert explained.nearest.scope == SCOPE
    envelope = EnvelopeRequest(_GOOD, JWS, ARTIFACT)
    assert isinstance(explain_envelope(_verifier(), "r.test/a", envelope).outcome, NoApplicablePolicyError)
    assert isinstance(explain_repository(_verifier(), "r.test/a").outcome, NoApplicablePolicyError)


def test_skipped_artifacts_are_not_opened() -> None:
    """Where the statement skips, nothing of the artifact is read."""
    request = ArtifactRequest(lambda: pytest.fail("opened"), Tag("v1"), SCOPE)
    explained = explain_artifact(_verifier("skip"), request)
    assert explained.outcome == VerifiedArtifact(Skipped("acme"))
    assert explained[2:5] == ((), (), ())
    assert explain_envelope(_verifier("skip"), SCOPE, EnvelopeRequest(b"", JWS, ARTIFACT)).outcome == explained.outcome


def test_repository_that_cannot_be_read() -> None:
    """Policy and stores are explained where the artifact cannot be read, with the error as the outcome."""

    def broken() -> Place:
        raise StorageError("no answer")

    explained = explain_artifact(_verifier(), ArtifactRequest(broken, Tag("v1"), SCOPE))
    assert isinstance(explained.outcome, StorageError)
    assert explained.stores


def test_stores_are_shown_with_their_certificates() -> None:
    """Each store has its certificates with subject, thumbprint and end, or the error of reading it."""
    explained = explain_repository(_verifier(stores=["ca:acme", "tsa:absent"]), SCOPE)
    acme, absent = explained.stores
    (root,) = acme.certificates
    assert root.subject == CHAIN.subjects[-1].rfc4514_string()
    assert root.thumbprint == sha256(CHAIN.ders[-1]).hexdigest()
    assert root.ends == CHAIN.certificates[-1].not_valid_after_utc
    assert (absent.certificates, str(absent.problem)) == ((), "trust store tsa:absent has no certificates")
    assert explained.outcome is None


@pytest.mark.parametrize(
    ("chain", "identity", "is_match", "remark"),
    [
        (CHAIN, "*", True, "Everyone whom the trust stores vouch for is trusted."),
        (CHAIN, "example.id: a", None, "It is for the verification plugin that a signature names to check."),
        (CHAIN, IDENTITY, None, "It cannot be told from here: no signing certificate is in sight"),
        (_SELF_SIGNED, IDENTITY, True, "It matches 'CN=wabbit-networks.io,"),
        (_SELF_SIGNED, STRANGER, False, "has no O=acme-rockets.io, but O is 'wabbit-networks.io'."),
        (_SELF_SIGNED, f"{IDENTITY}, UID=a, CN=b", False, "has no UID=a, and no other UID, and has no CN=b, but CN"),
    ],
)
def test_identities_in_stores(chain: Any, identity: str, is_match: bool | None, remark: str) -> None:
    """An identity is compared with the signing certificates that are in the stores, and with no CA's."""
    explained = explain_repository(_verifier(trusted=store(chain), identities=[identity]), SCOPE)
    (found,) = explained.identities
    assert (found.identity, found.is_match) == (identity, is_match)
    assert remark in found.remark


def test_stores_with_signers_and_authorities() -> None:
    """Beside a CA, an identity that matches none of the signers in the stores may still match one of the CA's."""
    trusted = MemoryTrustStore({"ca:acme": [_SELF_SIGNED.ders[-1], CHAIN.ders[-1]]})
    (found,) = explain_repository(_verifier(trusted=trusted, identities=[STRANGER]), SCOPE).identities
    assert found.is_match is None
    assert found.remark.endswith("It may match others, of the CAs in the stores.")


def test_timestamp_authorities_are_no_signers() -> None:
    """A tsa store beside the signers' own certificates leaves it certain that an identity matches nobody."""
    trusted = MemoryTrustStore({"ca:acme": [_SELF_SIGNED.ders[-1]], "tsa:acme": [CHAIN.ders[-1]]})
    verifier = _verifier(trusted=trusted, identities=[STRANGER], stores=["ca:acme", "tsa:acme"])
    (found,) = explain_repository(verifier, SCOPE).identities
    assert found.is_match is False


def test_documents_are_json() -> None:
    """All of an explanation is JSON."""
    for explained in (
        explain_artifact(_verifier("audit"), _request(Place(_STRANGERS, b""))),
        explain_repository(_verifier(stores=["ca:absent"]), SCOPE),
        Explanation(_verifier().policies.choose("r.test/a")),
    ):
        members = explanation_document("reference", explained)
        assert json.loads(json.dumps(members)) == members
