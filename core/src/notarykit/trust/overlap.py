"""Search for overlapping identities that does not compare every pair.

Trust store and trust policy specification, "Trusted Identities Constraints": identities "MUST NOT overlap", that is,
none may be matched by every subject that matches another.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

# An attribute that occurs twice counts as two elements: its first occurrence and its second.
_Element = tuple[Hashable, int]


def find_overlap(bags: "Sequence[Counter[tuple[str, str]]]") -> tuple[int, int] | None:
    """Returns the positions of two bags of which one is part of the other, or None.

    Of several overlaps it is the one that a comparison of each bag with those before it would find first.
    """
    sets = [[(pair, time) for pair, count in bag.items() for time in range(count)] for bag in bags]
    frequency = Counter(element for elements in sets for element in elements)
    root = _Node()
    for position, elements in enumerate(sets):
        elements.sort(key=lambda element: (frequency[element], element))
        root.add(elements, position)
    overlaps = []
    for position, elements in enumerate(sets):
        part = root.first_part_of(set(elements), position)
        if part is not None:
            overlaps.append((max(part, position), min(part, position)))
    if not overlaps:
        return None
    later, earlier = min(overlaps)
    return earlier, later


class _Node:
    """Tree of sets: each path from the root is one set, its rarest element first, so that few paths branch off."""

    __slots__ = ("below", "ends")

    def __init__(self) -> None:
        self.below: dict[_Element, _Node] = {}
        self.ends: list[int] = []  # the first two sets that end here

    def add(self, elements: Iterable[_Element], position: int) -> None:
        """Adds a set to the tree."""
        node = self
        for element in elements:
            node = node.below.setdefault(element, _Node())
        if len(node.ends) < 2:  # noqa: PLR2004
            node.ends.append(position)

    def first_part_of(self, elements: set[_Element], position: int) -> int | None:
        """Returns the position of the first set in the tree, other than the given one, that is part of a set."""
        first: int | None = None
        waiting = [self]
        while waiting:
            node = waiting.pop()
            for end in node.ends:
                if end != position and (first is None or end < first):
                    first = end
            if len(node.below) <= len(elements):
                waiting += [child for element, child in node.below.items() if element in elements]
            else:
                waiting += [node.below[element] for element in elements if element in node.below]
        return first
