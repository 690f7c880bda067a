"""Explanations for blobs; the verdict is that of `BlobVerifier.blob` itself."""

from collections.abc import Mapping

from notarykit.blob.content import Blob
from notarykit.blob.signature_file import DetachedSignature
from notarykit.blob.target import BlobTarget
from notarykit.errors import NotarykitError
from notarykit.explanation.artifact import ExplainedSignature, Explanation, explain_statement, with_chain
from notarykit.verification.blob import BlobVerifier
from notarykit.verification.context import EnvelopeRequest
from notarykit.verification.verdict import Skipped

_NAME = "the signature"


def explain_blob_policy(
    verifier: BlobVerifier, policy_name: str = "", user_metadata: Mapping[str, str] | None = None
) -> Explanation:
    """Explains what a trust policy for blobs means, without looking at a blob.

    Args:
        verifier: Trust policy and trust stores.
        policy_name: Name of the statement; the global policy by default.
        user_metadata: Metadata that a signature must carry.
    """
    return explain_statement(verifier, verifier.policies.choose(policy_name), None, user_metadata)


def explain_blob(
    verifier: BlobVerifier,
    blob: Blob,
    signature: DetachedSignature,
    *,
    policy_name: str = "",
    content_media_type: str = "",
    user_metadata: Mapping[str, str] | None = None,
) -> Explanation:
    """Explains what comes of the verification of a blob by a signature; the other parameters are those of `blob`.

    Args:
        verifier: Verifier.
        blob: The blob.
        signature: The signature.
        policy_name: Name of the statement; the global policy by default.
        content_media_type: Media type that must have been signed; any by default.
        user_metadata: Metadata that the signature must carry.
    """
    verifier = verifier.fixed()
    explained = explain_blob_policy(verifier, policy_name, user_metadata)
    policy = explained.choice.policy
    if policy is None:
        return explained
    try:
        verified = verifier.blob(
            blob,
            signature,
            policy_name=policy_name,
            content_media_type=content_media_type,
            user_metadata=user_metadata,
        )
    except NotarykitError as error:
        explained, found = explained._replace(outcome=error), ExplainedSignature(_NAME, error)
    else:
        explained, found = explained._replace(outcome=verified), ExplainedSignature(_NAME, verified.verdict)
        if isinstance(verified.verdict, Skipped):
            return explained
    target = BlobTarget(blob, content_media_type)
    request = EnvelopeRequest(signature.envelope, signature.media_type, target, user_metadata or {})
    return explained._replace(signatures=(with_chain(verifier, policy, request, found),))
