"""The order in which an artifact's signatures are fetched: what costs little comes first, and each has its turn."""

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from notarykit import Verifier
from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.envelope.unverified import LARGEST_ENVELOPE, USUAL_ENVELOPE
from notarykit.errors import IntegrityError, NetworkError, SignatureSizeError, StorageError
from notarykit.oci.repository import StoredSignature, check_size
from notarykit.verification.signatures import fetch_signatures

_KIB = 1024


class _Place:
    """A repository whose signatures have sizes; one that is an error is raised.

    Attributes:
        read: The sizes of what was read, in order.
    """

    def __init__(self, signatures: Sequence[int | Exception]) -> None:
        self._signatures = signatures
        self.read: list[int] = []

    def manifests(self) -> Iterator[Descriptor]:
        for number in range(len(self._signatures)):
            yield Descriptor("application/vnd.oci.image.manifest.v1+json", digest_of(b"%d" % number), number)

    def fetch_signature(self, manifest: Descriptor, largest: int = LARGEST_ENVELOPE) -> StoredSignature:
        found = self._signatures[manifest.size]
        if isinstance(found, Exception):
            raise found
        check_size("envelope", Descriptor("a/b", manifest.digest, found), largest)
        self.read.append(found)
        return StoredSignature(manifest, "a/b", b"")

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def _fetched(place: _Place, most: int = 100, **options: Any) -> list[int | str]:
    """The numbers of the signatures in the order in which they come; of those that do not, also the error's kind."""
    return [
        manifest.size if isinstance(found, StoredSignature) else f"{manifest.size} {type(found).__name__}"
        for manifest, found in fetch_signatures(place, place.manifests(), most, **options)
    ]


@pytest.mark.requirement("workflow:signature-manifests")
def test_the_order_is_the_places_own() -> None:
    """Signatures of honest sizes come as they are listed."""
    assert _fetched(_Place([3000, 64 * _KIB, 10, 20_000])) == [0, 1, 2, 3]


def test_large_ones_come_later() -> None:
    """Beyond 64 KiB a signature waits until the smaller ones have had their turn, and beyond 1 MiB it is not read."""
    place = _Place([1024 * _KIB, 32 * 1024 * _KIB, 3000, 64 * _KIB + 1, 1024 * _KIB + 1])
    assert _fetched(place) == [2, 0, "1 SignatureSizeError", 3, "4 SignatureSizeError"]


def test_default_limit_of_an_envelope_is_a_mebibyte() -> None:
    """A verifier reads no larger envelopes by default."""
    assert inspect.signature(Verifier).parameters["max_envelope_size"].default == 1024 * 1024


def test_more_where_somebody_asks_for_it() -> None:
    """What may be read beyond 1 MiB comes last of all."""
    place = _Place([8 * 1024 * _KIB, 1024 * _KIB, 4 * 1024 * _KIB, 3000])
    assert _fetched(place, largest=4 * 1024 * _KIB) == [3, 1, "0 SignatureSizeError", 2]
    assert _fetched(place, largest=1000) == [f"{number} SignatureSizeError" for number in range(4)]


def test_what_is_too_large_says_how_to_allow_it() -> None:
    """The error has both sizes and names the setting."""
    place = _Place([2 * 1024 * _KIB])
    ((_, found),) = fetch_signatures(place, place.manifests(), 100)
    assert isinstance(found, SignatureSizeError)
    assert "has 2097152 bytes, more than the 1048576 that are read" in found.message
    assert "--max-envelope-size (max_envelope_size)" in found.advice
    assert found.exit_code == 1


@pytest.mark.requirement("workflow:signature-manifests")
@pytest.mark.parametrize("error", [StorageError("absent"), NetworkError("broken")])
def test_one_that_cannot_be_fetched(error: Exception) -> None:
    """An error is told in its place, and the next come."""
    assert _fetched(_Place([1, error, 2])) == [0, f"1 {type(error).__name__}", 2]


def test_one_that_brings_what_nobody_foresaw() -> None:
    """Any other exception costs no more than the one signature."""
    place = _Place([1, RecursionError("swordfish"), 2])
    found = [found for _, found in fetch_signatures(place, place.manifests(), 100)]
    assert isinstance(found[1], IntegrityError)
    assert found[1].message == "the signature could not be processed: RecursionError"
    assert isinstance(found[2], StoredSignature)


def test_no_more_than_allowed() -> None:
    """The limit counts signatures as they are listed, and nothing of the list beyond it is taken."""
    place = _Place([2 * _KIB] * 5)
    manifests = place.manifests()
    assert len(list(fetch_signatures(place, manifests, 3))) == 3
    assert len(list(manifests)) == 2


def test_a_hundred_of_the_largest_do_not_use_up_what_an_artifact_may_cost() -> None:
    """A good signature behind 99 of the largest that are read is fetched before them, and all are within the budget."""
    place = _Place([USUAL_ENVELOPE] * 99 + [3000])
    assert _fetched(place)[0] == 99
    assert 2 * sum(place.read) < 256 * 1024 * _KIB  # each may have a manifest of that size, too
