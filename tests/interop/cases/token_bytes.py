"""Single bytes of DER, changed one at a time."""

import random
from collections.abc import Iterator
from typing import NamedTuple

_CONSTRUCTED = 0x20
_CERTIFICATES = "0.1.0.3"
# The name of the signer's issuer in a token, and the authority's in a content.
_WHOLE = ("0.1.0.4.0.1.0", "0.8.0")


class Element(NamedTuple):
    """One element of some DER.

    Attributes:
        path: Where it is: the numbers of the elements that lead to it.
        start: Where its tag is.
        content: Where its content begins.
        end: Where its content ends.
    """

    path: str
    start: int
    content: int
    end: int


def elements(der: bytes, start: int = 0, end: int | None = None, path: str = "") -> Iterator[Element]:
    """The elements of some DER, each before those inside it; certificates and names are not taken apart."""
    position, number = start, 0
    end = len(der) if end is None else end
    while position < end:
        size, content = der[position + 1], position + 2
        if size & 0x80:
            content += size & 0x7F
            size = int.from_bytes(der[position + 2 : content], "big")
        here = f"{path}.{number}".lstrip(".")
        yield Element(here, position, content, content + size)
        if der[position] & _CONSTRUCTED and here not in _WHOLE and path != _CERTIFICATES:
            yield from elements(der, content, content + size, here)
        position, number = content + size, number + 1


def mutate(der: bytes, place: str, mask: int) -> bytes:
    """The same with one byte changed.

    Args:
        der: The DER.
        place: Which byte: an element's path, and whether it is its tag, of its length, in which third of its
            content, or its last.
        mask: What the byte is combined with.
    """
    path, _, what = place.partition(" ")
    found = next(each for each in elements(der) if each.path == path)
    if what.endswith("/3"):
        where = found.content + (found.end - found.content) * int(what[0]) // 3
    else:
        where = {"tag": found.start, "length": found.content - 1, "last": found.end - 1}[what]
    return der[:where] + bytes([der[where] ^ mask]) + der[where + 1 :]


def places(der: bytes) -> Iterator[tuple[str, int]]:
    """Places in some DER, each with a bit that is flipped there."""
    for each in elements(der):
        whats = ["tag", "length"]
        if each.path in _WHOLE or each.path.startswith(f"{_CERTIFICATES}."):
            whats.append("last")
        elif each.content < each.end and not der[each.start] & _CONSTRUCTED:
            whats += [f"{third}/3" for third in range(3)]
        for what in whats:
            place = f"{each.path} {what}"
            # By the place alone, so that another token has the same bits flipped.
            yield place, 1 << random.Random(place).randrange(3 if what == "length" else 8)
