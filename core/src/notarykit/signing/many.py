"""Signing several artifacts: one after the other, and where a list is to be looked at again, all wait at once."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from notarykit.envelope.unverified import JWS
from notarykit.errors import NotarykitError, own_error
from notarykit.oci.repository import PushedSignature, Repository
from notarykit.signing.artifact import SignedArtifact, begin_signing
from notarykit.signing.signer import EnvelopeSigner, Signer, TimestampSource


def sign_artifacts(
    artifacts: Iterable[tuple[Callable[[], Repository], str]],
    signer: Signer | EnvelopeSigner,
    *,
    media_type: str = JWS,
    expires_in: timedelta | None = None,
    user_metadata: Mapping[str, str] | None = None,
    timestamper: TimestampSource | None = None,
) -> list[SignedArtifact | NotarykitError]:
    """Signs several artifacts one after the other; where a registry wants to be looked at again, all wait at once.

    Args:
        artifacts: For each, what opens its repository, and its tag or digest there.
        signer: Who holds the key.
        media_type: The envelopes' format.
        expires_in: How long the signatures are good for.
        user_metadata: What is signed along.
        timestamper: Has the signatures stamped, if it is given.

    Returns:
        For each artifact, in order, what `sign_artifact` would return or the error that it would raise; what
        nobody foresaw is an `UnforeseenError`.
    """
    results: list[tuple[SignedArtifact, PushedSignature] | NotarykitError] = []
    for open_repository, tag_or_digest in artifacts:
        try:
            results.append(
                begin_signing(
                    open_repository(),
                    tag_or_digest,
                    signer,
                    media_type=media_type,
                    expires_in=expires_in,
                    user_metadata=user_metadata,
                    timestamper=timestamper,
                )
            )
        except Exception as error:  # noqa: BLE001 - what goes wrong with one does not cost the others their results
            results.append(own_error(error))
    return [_listed(result) for result in results]


def _listed(result: tuple[SignedArtifact, PushedSignature] | NotarykitError) -> SignedArtifact | NotarykitError:
    if isinstance(result, NotarykitError):
        return result
    signed, pushed = result
    try:
        pushed.is_listed()
    except Exception as error:  # noqa: BLE001 - see above
        return own_error(error)
    return signed
