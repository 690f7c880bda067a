"""Fetching of an artifact's signatures, in an order in which none keeps another from being tried.

Everyone with push access can attach signatures of any size: those that cost little come first, and the budget of an
artifact suffices for each of the hundred (1 MiB for its manifest, and 1 MiB for its envelope).
"""

from collections.abc import Iterator
from itertools import islice

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.unverified import USUAL_ENVELOPE
from notarykit.errors import IntegrityError, NotarykitError, SignatureSizeError
from notarykit.oci.repository import Repository, StoredSignature

_ROUNDS = (64 * 1024, USUAL_ENVELOPE)
_ALLOW_MORE = "allow more with --max-envelope-size (max_envelope_size), if everyone with push access is trusted"

Fetched = tuple[Descriptor, StoredSignature | NotarykitError]


def fetch_signatures(
    repository: Repository, manifests: Iterator[Descriptor], max_signatures: int, largest: int = USUAL_ENVELOPE
) -> Iterator[Fetched]:
    """Fetches signatures one by one, in the repository's order, but the larger ones in later rounds.

    Args:
        repository: Repository that holds the signatures.
        manifests: Descriptors of the signature manifests; no more of them are taken than `max_signatures`.
        max_signatures: Number of signatures that are fetched.
        largest: Limit for a manifest or an envelope, in bytes.

    Yields:
        The manifest's descriptor, and the signature or the error of fetching it.
    """
    waiting: Iterator[Descriptor] = islice(manifests, max_signatures)
    for limit in (*(size for size in _ROUNDS if size < largest), largest):
        later = []
        for manifest in waiting:
            try:
                signature: StoredSignature | NotarykitError = repository.fetch_signature(manifest, limit)
            except SignatureSizeError as error:
                if limit < largest:
                    later.append(manifest)
                    continue
                signature = error.replace(advice=_ALLOW_MORE)
            except NotarykitError as error:
                signature = error
            except Exception as error:  # noqa: BLE001 - whatever one signature does, the others are looked at
                signature = unprocessed(error)
            yield manifest, signature
        waiting = iter(later)


def unprocessed(error: Exception) -> IntegrityError:
    """Returns the error of a signature that brought an unexpected exception."""
    return IntegrityError(f"the signature could not be processed: {type(error).__name__}")
