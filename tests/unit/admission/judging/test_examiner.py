"""Examination of images: what the library finds becomes a decision, and what may pass is no refusal."""

import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from notarykit import (
    Evidence,
    LayoutReference,
    MemoryTrustStore,
    NotarykitError,
    Reference,
    Registries,
    RegistrySettings,
    RevocationChecker,
    Tag,
    TrustPolicyDocument,
    Verifier,
    parse_reference,
)
from notarykit.errors import (
    NetworkError,
)
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.judging.examiner import NotaryExaminer
from notarykit_admission.judging.question import Question
from notarykit_admission.policy.policies import LoadedPolicy
from tests.support.ca import NOT_AFTER, TestChain
from tests.support.checking import close_clients, sources
from tests.support.crls import NOW
from tests.support.envelopes import sign_envelope
from tests.support.ocsp_answers import REVOKED, Single, responding
from tests.support.responders import Responder
from tests.support.revocable import ocsp_path, revocable_chain
from tests.unit.admission.judging.questions import reading
from tests.unit.verification.places import Place
from tests.unit.verification.setting import ARTIFACT, CHAIN, OTHER, SCOPE, document, forbidden, policy, store

_HOUR = timedelta(hours=1)
_SECONDS = 60.0
_SIGNED = sign_envelope(CHAIN, now=NOW - _HOUR)


class _Observer:
    """Remembers what it is called with.

    Attributes:
        evidence: OCSP responses and CRLs.
        failures: Reasons why nothing could be decided.
    """

    def __init__(self) -> None:
        self.evidence: list[Evidence] = []
        self.failures: list[NotarykitError] = []

    def evidence_used(self, evidence: Evidence) -> None:
        """Takes a response or CRL."""
        self.evidence.append(evidence)

    def failed(self, error: NotarykitError) -> None:
        """Takes a reason."""
        self.failures.append(error)


class _Registries(Registries):
    """Registries of one image in memory.

    Attributes:
        place: Its repository.
    """

    def __init__(self, *signatures: bytes | NotarykitError) -> None:
        super().__init__()
        self.place = Place(*signatures)

    def open(self, reference: Reference | LayoutReference) -> Place:
        """Returns the repository."""
        assert isinstance(reference, Reference)
        assert reference.scope == SCOPE
        return self.place


def _question(
    *signatures: bytes | NotarykitError,
    reference: str = f"{SCOPE}@{ARTIFACT.digest}",
    policies: TrustPolicyDocument | None = None,
    trusted: MemoryTrustStore | None = None,
) -> Question:
    verifier = Verifier(policies or document(), trusted or store(), now=NOW, find_plugin=forbidden)
    access = reading(_Registries(*signatures))
    return Question(LoadedPolicy("one", verifier), access, parse_reference(reference))


def _verify(*signatures: bytes | NotarykitError, **changes: Any) -> Decision:
    return NotaryExaminer(_SECONDS, _Observer()).verify(_question(*signatures, **changes))


def _bare(decision: Decision) -> Decision:
    """The decision without its document."""
    return decision._replace(document=b"")


def test_signed_image() -> None:
    """An image with a trusted signature is verified, until its certificates end."""
    decision = _verify(_SIGNED)
    assert _bare(decision) == Decision(Outcome.VERIFIED, ARTIFACT.digest, "acme", ends=NOT_AFTER)
    assert decision.admits
    assert json.loads(decision.document)["verdict"] == "verified"


def test_image_by_a_stranger() -> None:
    """An image that somebody else has signed is refused, with the step and what to do."""
    decision = _verify(sign_envelope(OTHER, now=NOW - _HOUR))
    assert decision[:3] == (Outcome.REFUSED, ARTIFACT.digest, "acme")
    assert decision.reason.startswith("authenticity: ")
    assert not decision.admits
    found = json.loads(decision.document)
    assert (found["verdict"], [each["error"]["type"] for each in found["notAccepted"]]) == (
        "failed", ["AuthenticityError"],
    )  # fmt: skip


def test_image_without_a_signature() -> None:
    """An image that nobody has signed is refused."""
    decision = _verify()
    assert decision.outcome is Outcome.REFUSED
    assert decision.reason == (f"no signature is associated with {ARTIFACT.digest}: make sure the artifact was signed")


def test_image_that_the_policy_lets_pass() -> None:
    """A stranger's signature under `audit` is let pass, with what is only logged."""
    decision = _verify(sign_envelope(OTHER, now=NOW - _HOUR), policies=document("audit"))
    assert decision.outcome is Outcome.AUDITED
    assert decision.admits
    (remark,) = decision.remarks
    assert remark.startswith("authenticity failed and is only logged: ")


@pytest.fixture
def chain(responder: Responder) -> Iterator[TestChain]:
    """A chain whose certificates are good by OCSP."""
    chain = revocable_chain(responder.url(), crl=False)
    for place in (0, 1):
        responder.ocsp(ocsp_path(place), responding(chain, place))
    yield chain
    close_clients()


def _verify_online(chain: TestChain, observer: _Observer | None = None) -> Decision:
    examiner = NotaryExaminer(_SECONDS, observer or _Observer(), partial(RevocationChecker, sources()))
    return examiner.verify(_question(sign_envelope(chain, now=NOW - _HOUR), trusted=store(chain)))


def test_end_of_revocation_data(chain: TestChain, responder: Responder) -> None:
    """The decision holds no longer than the first OCSP answer that it rests on."""
    responder.ocsp(ocsp_path(1), responding(chain, 1, Single(next_update=NOW + _HOUR)))
    observer = _Observer()
    assert _bare(_verify_online(chain, observer)) == Decision(
        Outcome.VERIFIED, ARTIFACT.digest, "acme", ends=NOW + _HOUR
    )
    assert {each.kind for each in observer.evidence} == {"ocsp"}
    assert min(each.until for each in observer.evidence) == NOW + _HOUR
    assert observer.failures == []


def test_revoked_signer_is_refused(chain: TestChain, responder: Responder) -> None:
    """A certificate that is revoked is a refusal."""
    responder.ocsp(ocsp_path(0), responding(chain, 0, REVOKED))
    observer = _Observer()
    assert _verify_online(chain, observer).outcome is Outcome.REFUSED
    assert observer.failures == []


def test_silent_responder_is_no_refusal(chain: TestChain, responder: Responder) -> None:
    """A certificate whose status is unknown may be good the next time, so that nothing is decided."""
    responder.fail(ocsp_path(0))
    observer = _Observer()
    decision = _verify_online(chain, observer)
    assert decision.outcome is Outcome.UNDECIDED
    assert len(observer.failures) == 1
    assert "revocation status of certificate" in decision.reason


def test_tag_is_resolved() -> None:
    """A tag's digest is its repository's."""
    registries = _Registries()
    question = _question(reference=f"{SCOPE}:v1")._replace(access=reading(registries))
    assert NotaryExaminer(_SECONDS, _Observer()).resolve(question) == ARTIFACT.digest
    assert registries.place.resolved == [Tag("v1")]


def test_work_has_an_end() -> None:
    """A registry that does not answer leaves its image undecided after the time that one examination may take."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        anywhere = TrustPolicyDocument((policy()._replace(scopes=("*",)),))
        observer = _Observer()
        examiner = NotaryExaminer(0.05, observer)
        with Registries(RegistrySettings(frozenset([host]))) as registries:
            question = _question(reference=f"{host}/app@{ARTIFACT.digest}", policies=anywhere)
            question = question._replace(access=reading(registries))
            decision = examiner.verify(question)
            tagged = question._replace(reference=parse_reference(f"{host}/app:v1"))
            with pytest.raises(NetworkError, match="no response before the deadline"):
                examiner.resolve(tagged)
    assert [type(error) for error in observer.failures] == [NetworkError, NetworkError]
    assert decision.outcome is Outcome.UNDECIDED
    assert decision.reason == "no response before the deadline of the call: try again, or allow more time"
