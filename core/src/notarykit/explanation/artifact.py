"""Explanations: which trust policy statement applies, what it means, and what comes of it for signatures.

Everything that decides is what verifies: `TrustPolicyDocument.applicable` chooses the statement, `run_steps` and
`examine_signatures` give the verdicts. What is told beside them is read from the same policy and trust stores.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from notarykit.envelope.attributes import SigningScheme
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import NotarykitError
from notarykit.explanation.nearest_scope import NearestScope, nearest_scope
from notarykit.explanation.step_effects import StepEffect, step_effects
from notarykit.explanation.trust_in_sight import (
    IdentityInSight,
    KnownCertificate,
    StoreInSight,
    identities_in_sight,
    known_certificate,
    signers_in_stores,
    stores_in_sight,
)
from notarykit.keys.certificate import load_certificate
from notarykit.trust.policy import PolicyChoice, TrustPolicy, TrustPolicyDocument
from notarykit.verification.artifact import ArtifactRequest, TriedSignature, VerifiedArtifact
from notarykit.verification.authenticity import find_anchor
from notarykit.verification.blob import VerifiedBlob
from notarykit.verification.context import EnvelopeRequest, VerificationContext
from notarykit.verification.envelope import run_steps
from notarykit.verification.examination import examine_signatures
from notarykit.verification.options import VerifierOptions
from notarykit.verification.verdict import Skipped, StepResult, Verdict


class ExplainedSignature(NamedTuple):
    """Signature, and how it fared.

    Attributes:
        name: Digest of its manifest, or the name of its file.
        outcome: Its verdict, or the error with which it was not accepted.
        chain: Certificates that it carries, leaf first, whoever put them there; none where it cannot be read.
        scheme: Signing scheme that it claims, or an empty string.
        anchor: Position in the chain of the first certificate that is in a trust store for the scheme, or None.
        identities: The statement's identities, compared with its signing certificate.
    """

    name: str
    outcome: Verdict | NotarykitError
    chain: tuple[KnownCertificate, ...] = ()
    scheme: str = ""
    anchor: int | None = None
    identities: tuple[IdentityInSight, ...] = ()

    @property
    def results(self) -> tuple[StepResult, ...]:
        """Results of the steps that were reached, in order."""
        return getattr(self.outcome, "results", ())


class Explanation(NamedTuple):
    """Explanation of what a trust policy means for a repository, and for an artifact in it; or for a blob.

    Attributes:
        choice: Statement that applies, and the scopes by which it was chosen.
        nearest: Scope that comes nearest without matching, or None.
        steps: What each step will do.
        stores: Trust stores of the statement.
        identities: Trusted identities, compared with the signing certificates in these stores.
        outcome: What a verification returns, or the error that it raises; None where no artifact was asked about and a
            statement applies.
        signatures: Signatures that were looked at, in the order in which they were tried. Unlike a verification, an
            explanation goes on behind the first that is accepted.
    """

    choice: PolicyChoice
    nearest: NearestScope | None = None
    steps: tuple[StepEffect, ...] = ()
    stores: tuple[StoreInSight, ...] = ()
    identities: tuple[IdentityInSight, ...] = ()
    outcome: VerifiedArtifact | VerifiedBlob | NotarykitError | None = None
    signatures: tuple[ExplainedSignature, ...] = ()


Options = VerifierOptions[TrustPolicyDocument]


def explain_repository(
    options: Options, repository: str, user_metadata: Mapping[str, str] | None = None
) -> Explanation:
    """Explains what a trust policy means for the artifacts of a repository, without looking at one.

    Args:
        options: Trust policy and trust stores.
        repository: `registry/repository`.
        user_metadata: Metadata that a signature must carry.
    """
    choice = options.policies.choose(repository)
    return explain_statement(options, choice, nearest_scope(options.policies, choice), user_metadata)


def explain_statement(
    options: VerifierOptions[Any],
    choice: PolicyChoice,
    nearest: NearestScope | None,
    user_metadata: Mapping[str, str] | None,
) -> Explanation:
    """Explains the statement that was chosen, or why there is none.

    Args:
        options: Trust policy, for artifacts or for blobs, and trust stores.
        choice: What its `choose` returns.
        nearest: Scope that comes nearest without matching, or None.
        user_metadata: Metadata that a signature must carry.
    """
    try:
        policy = options.policies.applicable(choice.repository)
    except NotarykitError as error:
        return Explanation(choice, nearest, outcome=error)
    signers, is_closed = signers_in_stores(policy, options.store)
    return Explanation(
        choice,
        nearest,
        step_effects(policy, user_metadata),
        stores_in_sight(policy, options.store),
        identities_in_sight(policy, signers, is_closed=is_closed),
    )


def explain_artifact(
    options: Options, request: ArtifactRequest, user_metadata: Mapping[str, str] | None = None
) -> Explanation:
    """Explains what comes of the verification of an artifact where it is, by all its signatures.

    Args:
        options: Options of the verifier.
        request: The artifact.
        user_metadata: Metadata that the signature must carry.
    """
    options = options.fixed()
    explained = explain_repository(options, request.scope, user_metadata)
    policy = explained.choice.policy
    if policy is None:
        return explained
    if policy.level.is_skip:
        return explained._replace(outcome=VerifiedArtifact(Skipped(policy.name)))

    def describe(tried: TriedSignature) -> ExplainedSignature:
        signature = ExplainedSignature(tried.manifest.digest, tried.outcome)
        if tried.signature is None:
            return signature
        envelope = EnvelopeRequest(tried.signature.envelope, tried.signature.media_type, tried.manifest)
        return with_chain(options, policy, envelope, signature)

    try:
        repository = request.open_repository()
        artifact = repository.resolve(request.identifier)
        examined = examine_signatures(options, policy, repository, artifact, describe, user_metadata)
    except NotarykitError as error:
        return explained._replace(outcome=error)
    return explained._replace(outcome=examined.outcome, signatures=examined.signatures)


def explain_envelope(options: Options, repository: str, request: EnvelopeRequest, name: str = "") -> Explanation:
    """Explains what comes of the verification of one signature.

    Args:
        options: Options of the verifier.
        repository: `registry/repository` of the artifact.
        request: The signature, and the artifact that it has to be for.
        name: Name of the signature, such as its file's.
    """
    options = options.fixed()
    explained = explain_repository(options, repository, request.user_metadata)
    policy = explained.choice.policy
    if policy is None:
        return explained
    outcome: Verdict | NotarykitError
    try:
        outcome = run_steps(options, policy, request)
    except NotarykitError as error:
        outcome = error
    if isinstance(outcome, Skipped):
        return explained._replace(outcome=VerifiedArtifact(outcome))
    signature = with_chain(options, policy, request, ExplainedSignature(name, outcome))
    explained = explained._replace(signatures=(signature,))
    if isinstance(outcome, NotarykitError):
        return explained._replace(outcome=outcome)
    artifact = request.target if isinstance(request.target, Descriptor) else None
    return explained._replace(outcome=VerifiedArtifact(outcome, artifact))


def with_chain(
    options: VerifierOptions[Any], policy: TrustPolicy, request: EnvelopeRequest, signature: ExplainedSignature
) -> ExplainedSignature:
    """Returns a signature with what it says of its signer; of one that cannot be read, nothing."""
    try:
        envelope = parse_envelope(request.envelope, request.media_type)
        chain, scheme = envelope.unverified_chain, envelope.unverified_attributes.signing_scheme
        return signature._replace(
            chain=tuple(map(known_certificate, chain)),
            scheme=str(scheme),
            anchor=_anchor(VerificationContext(options, policy, request), scheme, chain),
            identities=identities_in_sight(policy, [load_certificate(chain[0])], is_closed=True),
        )
    except Exception:  # noqa: BLE001 - a stranger's certificates keep no other signature from being explained
        return signature


def _anchor(context: VerificationContext, scheme: SigningScheme, chain: tuple[bytes, ...]) -> int | None:
    try:
        return find_anchor(context, scheme, chain)
    except NotarykitError:
        return None
