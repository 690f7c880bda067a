"""How two implementations may differ about the same input, each difference with what asks for it or permits it."""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """How two verdicts differ."""

    NONE = "the verdicts are the same"
    STRICTER = "refused here alone"
    LAXER = "accepted here alone"
    REASON = "refused by both, as revoked by one of them alone"
    ACCURACY = "accepted by both, with another accuracy"


class Difference(NamedTuple):
    """A difference, and what asks for it or permits it.

    Attributes:
        kind: Which difference it is.
        section: The section that says so.
    """

    kind: Kind
    section: str


def differing(kind: Kind, section: str, *names: str) -> dict[str, Difference]:
    """Maps the names of several cases to one difference."""
    return dict.fromkeys(names, Difference(kind, section))


def stricter(section: str, *names: str) -> dict[str, Difference]:
    """Maps cases that are refused here alone to their difference."""
    return differing(Kind.STRICTER, section, *names)


def laxer(section: str, *names: str) -> dict[str, Difference]:
    """Maps cases that are accepted here alone to their difference."""
    return differing(Kind.LAXER, section, *names)
