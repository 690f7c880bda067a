"""Verification of a blob by a detached signature.

Signing and verification workflow, "Arbitrary blob verification workflow". The steps are those of an artifact's
signature; the blob is read in the first of them, once its signer's chain is known where the policy enforces that.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from notarykit.blob.content import OCTET_STREAM, Blob
from notarykit.blob.signature_file import DetachedSignature, NamedSignature
from notarykit.blob.target import BlobTarget
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import (
    IntegrityError,
    NoSignatureError,
    NotarykitError,
    StorageError,
    UsageError,
    VerificationError,
)
from notarykit.trust.policy import BlobTrustPolicyDocument, TrustPolicy
from notarykit.verification.context import EnvelopeRequest
from notarykit.verification.decision import Chosen, Failures, choose, not_accepted, without_frames
from notarykit.verification.envelope import run_steps
from notarykit.verification.options import VerifierOptions
from notarykit.verification.signatures import unprocessed
from notarykit.verification.verdict import Audited, Skipped, Verdict

if TYPE_CHECKING:
    from notarykit.revocation.limits import Limits
    from notarykit.verification.collect import Collected


class VerifiedBlob(NamedTuple):
    """Blob that was accepted, or was not to be verified.

    Attributes:
        verdict: Verdict on the signature that was accepted, or `Skipped`.
        blob: Descriptor of the blob, without annotations; None where the policy skips it, so that it was not read. Of a
            signer who is not trusted (`Audited`) no media type is told, which is anybody's claim: it is what was asked
            for, by default `application/octet-stream`.
        signature: Path of that signature's file, or an empty string where it was not read from one.
        failures: Path and error of each signature that was tried before and not accepted.
    """

    verdict: Verdict
    blob: Descriptor | None = None
    signature: str = ""
    failures: Failures = ()


class BlobVerifier(VerifierOptions[BlobTrustPolicyDocument]):
    """Verifier of blobs; see `VerifierOptions` for its members.

    Like `Verifier`, it never changes (`_replace` makes another), and may be used from several threads.
    """

    __slots__ = ()

    def blob(
        self,
        blob: Blob,
        signature: DetachedSignature,
        *,
        policy_name: str = "",
        content_media_type: str = "",
        user_metadata: Mapping[str, str] | None = None,
    ) -> VerifiedBlob:
        """Verifies a blob by one signature.

        Args:
            blob: The blob.
            signature: The signature.
            policy_name: Name of the trust policy statement; the global policy by default.
            content_media_type: Media type that must have been signed; any by default.
            user_metadata: Metadata that the signature must carry.

        Raises:
            NoApplicablePolicyError: No statement has this name, or there is no global policy.
            StorageError: The blob cannot be read, or has changed while it was read.
            VerificationError: A step failed that the policy enforces: the class says which, `results` has all of them.
        """
        target = BlobTarget(blob, content_media_type)
        policy = self.policies.applicable(policy_name)
        return _verified(_verdict(self, policy, signature, target, user_metadata or {}), target)

    def blob_by_any(
        self,
        blob: Blob,
        signatures: Iterable[NamedSignature],
        *,
        policy_name: str = "",
        content_media_type: str = "",
        user_metadata: Mapping[str, str] | None = None,
    ) -> VerifiedBlob:
        """Verifies a blob by its signatures one after the other, until one is accepted.

        One that cannot be read does not stop the others from being tried, and one whose signer is trusted is preferred
        to one that a policy merely lets pass.

        Args:
            blob: The blob, which is read anew for each signature; so a stream is not for more than one.
            signatures: Path of each signature's file, and the signature or the error of reading it: `read_signatures`
                yields them. None is taken where the policy skips the blob.
            policy_name: Name of the trust policy statement; the global policy by default.
            content_media_type: Media type that must have been signed; any by default.
            user_metadata: Metadata that the signature must carry.

        Raises:
            NoApplicablePolicyError: No statement has this name, or there is no global policy.
            StorageError: The blob cannot be read, or has changed while it was read.
            NoSignatureError: There is no signature.
            NoAcceptedSignatureError: None of the signatures was accepted.
        """
        policy = self.policies.applicable(policy_name)
        blob.size()  # where there is no blob, its signature is no question
        if policy.level.is_skip:
            return VerifiedBlob(Skipped(policy.name))
        options, target = self.fixed(), BlobTarget(blob, content_media_type)

        def tried() -> Iterator[tuple[str, Verdict | NotarykitError]]:
            for path, signature in signatures:
                if isinstance(signature, NotarykitError):
                    yield path, without_frames(signature)
                    continue
                outcome: Verdict | NotarykitError
                try:
                    outcome = _verdict(options, policy, signature, target, user_metadata or {})
                except VerificationError as error:
                    outcome = error
                except NotarykitError:  # the blob's
                    raise
                except Exception as error:  # noqa: BLE001 - whatever one signature does, the others are tried
                    outcome = unprocessed(error)
                yield path, without_frames(outcome)

        try:
            chosen = choose(tried(), str)
            if not isinstance(chosen, Chosen):
                raise not_accepted(chosen) if chosen else NoSignatureError(f"there is no signature of {blob.name}")
        except VerificationError as error:
            raise error.under(policy.name, policy.level.name) from None
        return _verified(chosen.verdict, target)._replace(signature=chosen.signature, failures=chosen.failures)

    def collect_evidence(
        self,
        signature: DetachedSignature,
        limits: "Limits | None" = None,
        *,
        policy_name: str = "",
        name: str = "the signature",
    ) -> "Collected":
        """Collects the OCSP responses and CRLs for a signature, if its signer is trusted; the blob is not needed.

        Args:
            signature: The signature.
            limits: Limits of each request.
            policy_name: Name of the trust policy statement; the global policy by default.
            name: Name of the signature among the problems.

        Raises:
            NoApplicablePolicyError: No statement has this name, or there is no global policy.
            UsageError: The statement skips verification.
            EnvelopeError: The signature is malformed.
        """
        from notarykit.verification.collect import collect_for_blob

        return collect_for_blob(self, signature, name, policy_name, limits)


def _verdict(
    options: VerifierOptions[BlobTrustPolicyDocument],
    policy: TrustPolicy,
    signature: DetachedSignature,
    target: BlobTarget,
    user_metadata: Mapping[str, str],
) -> Verdict:
    request = EnvelopeRequest(signature.envelope, signature.media_type, target, user_metadata)
    try:
        return run_steps(options, policy, request)
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, StorageError | UsageError):  # the blob's, which says nothing of the signature
            raise cause from None
        raise


def _verified(verdict: Verdict, target: BlobTarget) -> VerifiedBlob:
    if isinstance(verdict, Skipped):
        return VerifiedBlob(verdict)
    if isinstance(verdict, Audited):
        digest, size = verdict.untrusted_target[1:3]  # which the blob was found to have
        return VerifiedBlob(verdict, Descriptor(target.media_type or OCTET_STREAM, digest, size))
    return VerifiedBlob(verdict, verdict.target.bare)
