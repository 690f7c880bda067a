"""Examination of an artifact: all its signatures, the verdict of a verification, and how long it will hold."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitError
from notarykit.oci.repository import Repository, StoredSignature
from notarykit.trust.policy import TrustPolicy
from notarykit.verification.artifact import (
    SignatureList,
    TriedSignature,
    VerifiedArtifact,
    decide,
    try_signatures,
)
from notarykit.verification.context import EnvelopeRequest, VerificationContext
from notarykit.verification.ending import Ending, ending
from notarykit.verification.envelope import verdict_of
from notarykit.verification.options import VerifierOptions
from notarykit.verification.verdict import Verdict

Facts = TypeVar("Facts")


class Examination(NamedTuple, Generic[Facts]):
    """Findings about an artifact.

    Attributes:
        outcome: What `verify_signatures` returns for the artifact, or the error that it raises.
        signatures: Facts about its signatures, in the order in which they were tried.
        ending: End of the verdict with nothing changed; None if nothing ends it, or the artifact was not accepted.
    """

    outcome: VerifiedArtifact | NotarykitError
    signatures: tuple[Facts, ...] = ()
    ending: Ending | None = None


def examine_signatures(
    options: VerifierOptions[Any],
    policy: TrustPolicy,
    repository: Repository,
    artifact: Descriptor,
    describe: Callable[[TriedSignature], Facts],
    user_metadata: Mapping[str, str] | None = None,
) -> Examination[Facts]:
    """Verifies all signatures of an artifact, the first `max_signatures` of them, and decides as `verify_signatures`.

    Args:
        options: Options of the verifier.
        policy: Trust policy statement that applies, of another level than `skip`.
        repository: Repository of the artifact.
        artifact: Descriptor of the artifact, as the repository resolves it.
        describe: Returns the facts about a signature. Its envelope is dropped then: a hundred may have a megabyte each.
        user_metadata: Metadata that the signatures must carry.
    """
    options = options.fixed()
    listed = SignatureList(artifact, repository.signatures(artifact), options.max_signatures)
    endings: dict[str, Ending | None] = {}

    def verify(manifest: Descriptor, signature: StoredSignature) -> Verdict:
        envelope = EnvelopeRequest(signature.envelope, signature.media_type, artifact, user_metadata or {})
        context = VerificationContext(options, policy, envelope)
        verdict = verdict_of(context)
        endings[manifest.digest] = ending(context)
        return verdict

    tried: list[TriedSignature] = []
    facts: list[Facts] = []
    problems: list[NotarykitError] = []

    def first() -> Iterator[TriedSignature]:
        try:
            yield from try_signatures(repository, listed, options.max_envelope_size, verify)
        except NotarykitError as error:
            problems.append(error)

    def again() -> Iterator[TriedSignature]:
        yield from tried
        for problem in problems:
            raise problem

    for signature in first():
        facts.append(describe(signature))
        tried.append(signature._replace(signature=None))

    try:
        accepted = decide(policy, listed, again())
    except NotarykitError as error:
        return Examination(error, tuple(facts))
    kind = type(accepted.verdict)
    alike = [endings[signature.manifest.digest] for signature in tried if type(signature.outcome) is kind]
    return Examination(accepted, tuple(facts), _latest(alike))


def _latest(endings: list[Ending | None]) -> Ending | None:
    """Returns the end of the last signature that gives the artifact its verdict; None if one does not end."""
    known = [end for end in endings if end is not None]
    return max(known) if len(known) == len(endings) else None
