"""The signatures of an artifact, fetched so that none keeps another from being looked at.

Whoever may push can attach signatures of any size: those that cost little come first, and what an artifact may cost in
all is enough for each of the hundred to have its turn (1 MiB for its manifest, and 1 MiB for its envelope).
"""

from collections.abc import Iterator
from itertools import islice

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.unverified import USUAL_ENVELOPE
from notarykit.errors import IntegrityError, NotarykitError, SignatureSizeError
from notarykit.oci.repository import Repository, StoredSignature

MAX_SIGNATURES = 100
_ROUNDS = (64 * 1024, USUAL_ENVELOPE)

Fetched = tuple[Descriptor, StoredSignature | NotarykitError]


def fetch_signatures(
    place: Repository, manifests: Iterator[Descriptor], max_signatures: int, largest: int = USUAL_ENVELOPE
) -> Iterator[Fetched]:
    """Fetches signatures one by one, in the place's order, but the larger ones in later rounds.

    Args:
        place: Where they are.
        manifests: The signature manifests; no more is taken from it than is looked at.
        max_signatures: How many are looked at.
        largest: How large a manifest or an envelope may be.

    Yields:
        The manifest's descriptor, and the signature or why it could not be fetched.
    """
    waiting: Iterator[Descriptor] = islice(manifests, max_signatures)
    for limit in (*(each for each in _ROUNDS if each < largest), largest):
        later = []
        for manifest in waiting:
            try:
                found: StoredSignature | NotarykitError = place.fetch_signature(manifest, limit)
            except SignatureSizeError as error:
                if limit < largest:
                    later.append(manifest)
                    continue
                error.advice = "allow more with --max-envelope-size (max_envelope_size), if whoever may push is trusted"
                found = error
            except NotarykitError as error:
                found = error
            except Exception as error:  # noqa: BLE001 - whatever one signature does, the others are looked at
                found = unprocessed(error)
            yield manifest, found
        waiting = iter(later)


def unprocessed(error: Exception) -> IntegrityError:
    """What is told of a signature that brought an error which nobody meant."""
    return IntegrityError(f"the signature could not be processed: {type(error).__name__}")
