"""Signing several artifacts: one after the other; where signatures have to be looked for again, all wait together."""

from collections.abc import Callable, Iterable

from notarykit.envelope.signer import EnvelopeSigner, Signer
from notarykit.errors import NotarykitError, own_error
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.repository import PushedSignature, Repository
from notarykit.signing.artifact import SignedArtifact, begin_signing
from notarykit.signing.options import DEFAULT_OPTIONS, SignOptions


def sign_artifacts(
    artifacts: Iterable[tuple[Callable[[], Repository], Tag | Digest]],
    signer: Signer | EnvelopeSigner,
    options: SignOptions = DEFAULT_OPTIONS,
) -> list[SignedArtifact | NotarykitError]:
    """Signs several artifacts one after the other, and then waits until all signatures are listed.

    Args:
        artifacts: For each, a function that opens its repository, and its tag or digest.
        signer: Signer that holds the key.
        options: Options of signing.

    Returns:
        For each artifact, in order, the result of `sign_artifact` or the error that it raises; an unexpected exception
        is an `UnforeseenError`.
    """
    results: list[tuple[SignedArtifact, PushedSignature] | NotarykitError] = []
    for open_repository, identifier in artifacts:
        try:
            results.append(begin_signing(open_repository(), identifier, signer, options))
        except Exception as error:  # noqa: BLE001 - a failure of one does not cost the others their results
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
