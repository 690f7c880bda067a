"""Examination of all signatures of an artifact, which decides as a verification of the artifact does."""

import tracemalloc
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.unverified import LARGEST_ENVELOPE
from notarykit.errors import (
    ContentError,
    NoAcceptedSignatureError,
    NotarykitError,
    SignatureSizeError,
    StorageError,
)
from notarykit.oci.reference import Tag
from notarykit.oci.repository import StoredSignature
from notarykit.verification.artifact import ArtifactRequest, TriedSignature, VerifiedArtifact
from notarykit.verification.examination import Examination, examine_signatures
from notarykit.verification.verdict import Audited, Verified
from notarykit.verification.verifier import Verifier
from tests.support.envelopes import sign_envelope
from tests.unit.verification.places import Place, manifest_digest
from tests.unit.verification.setting import (
    ARTIFACT,
    CHAIN,
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
_FOR_ANOTHER = sign_envelope(CHAIN, payload=b'{"targetArtifact":{}}', now=NOW)


class _BrokenList(Place):
    """Repository whose list of signatures breaks off."""

    def signatures(self, subject: Descriptor) -> Iterator[Descriptor]:
        """Yields the signatures, and raises in place of the last."""
        listed = list(super().signatures(subject))
        yield from listed[:-1]
        raise StorageError("the list breaks off")


class _Accident(Place):
    """Repository whose fetching has a fault."""

    def fetch_signature(self, manifest: Descriptor, largest: int = 0) -> StoredSignature:
        """Raises for the first signature what nobody expects."""
        if manifest.digest == manifest_digest(0):
            raise ZeroDivisionError
        return super().fetch_signature(manifest, largest)


class _Signatures(NamedTuple):
    """Signatures of an artifact in a kind of repository."""

    signatures: tuple[bytes | NotarykitError, ...]
    kind: type[Place] = Place


_PLACES = {
    "none": _Signatures(()),
    "good": _Signatures((_GOOD,)),
    "good first": _Signatures((_GOOD, _STRANGERS, b"", ContentError("malformed"))),
    "good last": _Signatures((_STRANGERS, b"", StorageError("absent"), _GOOD)),
    "two good": _Signatures((_GOOD, _GOOD)),
    "a stranger's": _Signatures((_STRANGERS,)),
    "a stranger's first": _Signatures((_STRANGERS, _GOOD)),
    "two strangers'": _Signatures((_STRANGERS, _STRANGERS)),
    "for another artifact": _Signatures((_FOR_ANOTHER,)),
    "damaged": _Signatures((_GOOD[:-9], b"{}", _FOR_ANOTHER)),
    "too large": _Signatures((SignatureSizeError("large"), _GOOD)),
    "more than the limit": _Signatures((b"", b"", b"", b"", _GOOD)),
    "exactly the limit": _Signatures((b"", b"", b"", _GOOD)),
    "a list that breaks off": _Signatures((b"", _GOOD), _BrokenList),
    "a list that breaks off after a good one": _Signatures((_GOOD, b""), _BrokenList),
    "a list that breaks off after a stranger's": _Signatures((_STRANGERS, b""), _BrokenList),
    "an accident": _Signatures((_GOOD, _GOOD), _Accident),
}
_POLICIES: tuple[dict[str, Any], ...] = (
    *({"level": level} for level in LEVELS),
    {"identities": [STRANGER]},
    {"stores": ["ca:absent"]},
    {"stores": ["signingAuthority:acme"]},
    {"level": "audit", "override": {"authenticity": "enforce"}},
    {"stores": ["ca:acme", "tsa:acme"]},
)


def _verifier(settings: dict[str, Any], **changes: Any) -> Verifier:
    return Verifier(document(**settings), store(), max_signatures=4, now=NOW, find_plugin=forbidden)._replace(**changes)


def _verified(verifier: Verifier, listed: _Signatures) -> VerifiedArtifact | NotarykitError:
    try:
        request = ArtifactRequest(lambda: listed.kind(*listed.signatures), Tag("v1"), SCOPE)
        return verifier.artifact(request)
    except NotarykitError as error:
        return error


def _examined(verifier: Verifier, listed: _Signatures) -> Examination[TriedSignature]:
    return _examined_at(verifier, listed.kind(*listed.signatures))


def _examined_at(verifier: Verifier, place: Place) -> Examination[TriedSignature]:
    return examine_signatures(verifier, verifier.policies.policies[0], place, ARTIFACT, lambda tried: tried)


def _facts(outcome: VerifiedArtifact | NotarykitError) -> tuple[object, ...]:
    """Returns all that an outcome says."""
    if isinstance(outcome, VerifiedArtifact):
        failures = [(digest, type(error), error.message) for digest, error in outcome.failures]
        results = [(result.step, result.outcome) for result in getattr(outcome.verdict, "results", ())]
        return type(outcome.verdict), outcome.artifact, outcome.signature, failures, results
    failed = [(digest, type(error), error.message) for digest, error in getattr(outcome, "failures", ())]
    judged = getattr(outcome, "policy", ""), getattr(outcome, "level", "")
    return type(outcome), outcome.one_line(), outcome.exit_code, failed, judged


@pytest.mark.parametrize("listed", _PLACES.values(), ids=_PLACES.keys())
@pytest.mark.parametrize("settings", _POLICIES, ids=str)
def test_outcome_is_that_of_a_verification(settings: dict[str, Any], listed: _Signatures) -> None:
    """Whatever the signatures and the policy are, the examination decides as the verification, in the same words."""
    verifier = _verifier(settings)
    assert _facts(_examined(verifier, listed).outcome) == _facts(_verified(verifier, listed))


def test_all_signatures_are_tried() -> None:
    """Signatures after one that is accepted have their outcomes, too."""
    examined = _examined(_verifier({"level": "audit"}), _PLACES["good first"])
    assert [signature.manifest.digest for signature in examined.signatures] == [*map(manifest_digest, range(4))]
    assert [type(signature.outcome) for signature in examined.signatures][:2] == [Verified, Audited]
    errors = [signature.outcome for signature in examined.signatures[2:]]
    assert [error.message for error in errors if isinstance(error, NotarykitError)][1] == "malformed"
    assert [signature.signature is None for signature in examined.signatures] == [False, False, False, True]


def test_no_more_signatures_are_tried_than_the_limit() -> None:
    """The limit of a verification holds for an examination."""
    place = Place(*[_GOOD] * 6)
    examined = _examined_at(_verifier({}), place)
    assert len(examined.signatures) == len(place.fetched) == 4


def test_signatures_before_a_list_breaks_off_are_kept() -> None:
    """What was found out before an error is not lost with it."""
    examined = _examined(_verifier({}), _PLACES["a list that breaks off"])
    assert isinstance(examined.outcome, StorageError)
    assert not isinstance(examined.outcome, NoAcceptedSignatureError)
    assert len(examined.signatures) == 1


class _Large(Place):
    """Repository that makes each envelope anew, of a megabyte."""

    def fetch_signature(self, manifest: Descriptor, largest: int = LARGEST_ENVELOPE) -> StoredSignature:
        """Returns an envelope that cannot be read."""
        return super().fetch_signature(manifest, largest)._replace(envelope=bytes(2**20))


@pytest.mark.parametrize("level", ["strict", "audit"])
def test_envelopes_are_not_kept(level: str) -> None:
    """A hundred large envelopes, which everyone with push access can attach, are in memory one after the other."""
    verifier, place = _verifier({"level": level})._replace(max_signatures=20), _Large(*[b""] * 20)
    request = ArtifactRequest(lambda: place, Tag("v1"), SCOPE)
    tracemalloc.start()
    try:
        examined = examine_signatures(verifier, verifier.policies.policies[0], place, ARTIFACT, type)
        with pytest.raises(NoAcceptedSignatureError) as caught:
            verifier.artifact(request)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(examined.signatures) == len(caught.value.failures) == 20
    assert peak < 8 * 2**20
