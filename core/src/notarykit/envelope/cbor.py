"""Strict CBOR for COSE: definite lengths, no duplicate keys, no tag but epoch-based time.

cbor2 decodes dozens of tags (dates, regular expressions, shared references). The structure is scanned first, so that
no such decoder is reached and the work is bounded before it is done.
"""

import io
from typing import Any

import cbor2

_DEEPEST = 16
_MOST_ITEMS = 4096
_LARGEST_SHORT_ARGUMENT = 23
_LARGEST_INTEGER = 2**63 - 1
_UNSIGNED, _NEGATIVE = 0, 1
_BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = 2, 3, 4, 5, 6, 7
EPOCH_TIME = 1  # RFC 8949, section 3.4.2
# The initial bytes of its content: major types 0 and 1, and floating-point numbers of three sizes.
_NUMBERS = frozenset(bytes((head,)) for head in (*range(0x40), 0xF9, 0xFA, 0xFB))


class CBORFormError(ValueError):
    """The bytes are not CBOR of the permitted form; the text gives the reason."""


def loads(data: bytes, *, allow_times: bool = False) -> Any:
    """Decodes one CBOR item (RFC 8949).

    Args:
        data: The item, without trailing bytes.
        allow_times: True to permit tag 1, which becomes a `datetime` in UTC.

    Raises:
        CBORFormError: It is not exactly one item, has an indefinite length, a duplicate key or another tag, nests
            deeper than 16 or has more than 4,096 parts.
    """
    end = _Scan(data, allow_times).item(0, _DEEPEST)
    if end != len(data):
        raise CBORFormError(f"{len(data) - end} bytes follow the item")
    try:
        return cbor2.CBORDecoder(io.BytesIO(data), allow_duplicate_keys=False, allow_indefinite=False).decode()
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError) as error:
        cause = error.__cause__ or error
        raise CBORFormError(str(cause).partition("\n")[0]) from None


class _Scan:
    """Scanner over the heads of all items (RFC 8949, section 3) that builds no values."""

    def __init__(self, data: bytes, allow_times: bool) -> None:
        self.data = data
        self.allow_times = allow_times
        self.items = 0

    def item(self, position: int, depth: int) -> int:
        """Scans the item at a position and returns the position after it."""
        self.items += 1
        if depth == 0 or self.items > _MOST_ITEMS:
            raise CBORFormError("too deep" if depth == 0 else f"more than {_MOST_ITEMS} parts")
        if position >= len(self.data):
            raise CBORFormError("it ends too early")
        major, argument = self.data[position] >> 5, self.data[position] & 31
        position += 1
        if argument > _LARGEST_SHORT_ARGUMENT:
            argument, position = self._long_argument(major, argument, position)
        if major in (_BYTES, _TEXT):
            position += argument
        elif major == _ARRAY:
            for _ in range(argument):
                position = self.item(position, depth - 1)
        elif major == _MAP:
            position = self._pairs(argument, position, depth - 1)
        elif major == _TAG:
            self._check_tag(argument, position)
            position = self.item(position, depth - 1)
        if position > len(self.data):
            raise CBORFormError("it ends too early")
        return position

    def _pairs(self, count: int, position: int, depth: int) -> int:
        for _ in range(count):
            if self.data[position : position + 1] >= b"\x80":
                raise CBORFormError("a key of a map that is neither a number nor a string")
            position = self.item(self.item(position, depth), depth)
        return position

    def _check_tag(self, tag: int, position: int) -> None:
        if tag != EPOCH_TIME or not self.allow_times:
            raise CBORFormError(f"tag {tag} is not allowed here")
        if self.data[position : position + 1] not in _NUMBERS:
            raise CBORFormError("a time (tag 1) is neither an integer nor a floating-point number")

    def _long_argument(self, major: int, info: int, position: int) -> tuple[int, int]:
        """Reads an argument of 1, 2, 4 or 8 bytes, and returns it with the position after it."""
        size = 1 << (info - 24)
        if size > 8:  # noqa: PLR2004
            raise CBORFormError("an indefinite length, or a head that is not well formed")
        argument = int.from_bytes(self.data[position : position + size], "big")
        if major in (_UNSIGNED, _NEGATIVE) and argument > _LARGEST_INTEGER:
            raise CBORFormError("an integer that does not fit into 64 bits with its sign")
        return argument, position + size
