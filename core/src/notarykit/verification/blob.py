"""Verification of a blob by a detached signature.

Signing and verification workflow, "Arbitrary blob verification workflow". The steps are those of an artifact's
signature; the blob is read in the first of them, once its signer's chain is known where the policy enforces that.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from notarykit.blob.content import OCTET_STREAM, Blob
from notarykit.blob.signature_file import SignatureFile
from notarykit.blob.target import BlobTarget
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import IntegrityError, StorageError, UsageError
from notarykit.trust.policy import BlobTrustPolicyDocument
from notarykit.verification.context import EnvelopeRequest
from notarykit.verification.envelope import run_steps
from notarykit.verification.options import VerifierOptions
from notarykit.verification.verdict import Audited, Skipped, Verdict

if TYPE_CHECKING:
    from notarykit.revocation.limits import Limits
    from notarykit.verification.collect import Collected


class VerifiedBlob(NamedTuple):
    """Blob that was accepted, or was not to be verified.

    Attributes:
        verdict: Verdict on the signature, or `Skipped`.
        blob: Descriptor of the blob, without annotations; None where the policy skips it, so that it was not read. Of a
            signer who is not trusted (`Audited`) no media type is told, which is anybody's claim: it is what was asked
            for, by default `application/octet-stream`.
    """

    verdict: Verdict
    blob: Descriptor | None = None


class BlobVerifier(VerifierOptions[BlobTrustPolicyDocument]):
    """Verifier of blobs; see `VerifierOptions` for its members.

    Like `Verifier`, it never changes (`_replace` makes another), and may be used from several threads.
    """

    __slots__ = ()

    def blob(
        self,
        blob: Blob,
        signature: SignatureFile,
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
        request = EnvelopeRequest(signature.envelope, signature.media_type, target, user_metadata or {})
        try:
            verdict = run_steps(self, self.policies.applicable(policy_name), request)
        except IntegrityError as error:
            if isinstance(
                error.__cause__, StorageError | UsageError
            ):  # the blob's, which says nothing of the signature
                raise error.__cause__ from None
            raise
        if isinstance(verdict, Skipped):
            return VerifiedBlob(verdict)
        if isinstance(verdict, Audited):
            digest, size = verdict.untrusted_target[1:3]  # which the blob was found to have
            return VerifiedBlob(verdict, Descriptor(content_media_type or OCTET_STREAM, digest, size))
        return VerifiedBlob(verdict, verdict.target._replace(annotations={}, artifact_type=""))

    def collect_evidence(
        self,
        signature: SignatureFile,
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
