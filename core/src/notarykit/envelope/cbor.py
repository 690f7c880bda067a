"""Strict CBOR for COSE: definite lengths, no duplicate keys, no tag but epoch-based time.

cbor2 decodes dozens of tags (dates, regular expressions, shared references). The structure is scanned first, so that
no such decoder is reached and the work is bounded before it is done.
"""

from typing import Any

import cbor2

_DEEPEST = 16
_TOO_SHORT = "it ends too early"
_MOST_ITEMS = 4096
_LARGEST_SHORT_ARGUMENT = 23
_LARGEST_INTEGER = 2**63 - 1
_UNSIGNED, _NEGATIVE = 0, 1
_BYTES, _TEXT, _ARRAY, _MAP, _TAG = 2, 3, 4, 5, 6
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
    end = _end(data, allow_times)
    if end != len(data):
        raise CBORFormError(f"{len(data) - end} bytes follow the item" if end < len(data) else _TOO_SHORT)
    try:
        return cbor2.loads(data, allow_duplicate_keys=False, allow_indefinite=False)
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError) as error:
        cause = error.__cause__ or error
        raise CBORFormError(str(cause).partition("\n")[0]) from None


def _end(data: bytes, allow_times: bool) -> int:
    """Reads the heads of an item and all of its parts (RFC 8949, section 3), and returns where the item ends.

    It builds no values. The last length may lead beyond the data.
    """
    size, position, items = len(data), 0, 0
    waiting, is_map = 1, False  # how many items are to come in the innermost array, map or tag
    around: list[tuple[int, bool]] = []  # the same of those around it
    while waiting or around:
        if not waiting:
            waiting, is_map = around.pop()
            continue
        items += 1
        if position >= size or items > _MOST_ITEMS or len(around) == _DEEPEST:
            raise CBORFormError(_why_not(items, len(around)))
        major, argument = data[position] >> 5, data[position] & 31
        if is_map and waiting % 2 == 0 and major > _TEXT:
            raise CBORFormError("a key of a map that is neither a number nor a string")
        position += 1
        waiting -= 1
        if argument > _LARGEST_SHORT_ARGUMENT:
            argument, position = _long_argument(data, major, argument, position)
        if major in (_BYTES, _TEXT):
            position += argument
        elif major in (_ARRAY, _MAP, _TAG):
            around.append((waiting, is_map))
            waiting, is_map = argument, False
            if major == _MAP:
                waiting, is_map = 2 * argument, True
            elif major == _TAG:
                _check_tag(data, argument, position, allow_times)
                waiting = 1
    return position


def _why_not(items: int, depth: int) -> str:
    """Returns the reason why no further item can follow."""
    if depth == _DEEPEST:
        return "too deep"
    return f"more than {_MOST_ITEMS} parts" if items > _MOST_ITEMS else _TOO_SHORT


def _check_tag(data: bytes, tag: int, position: int, allow_times: bool) -> None:
    if tag != EPOCH_TIME or not allow_times:
        raise CBORFormError(f"tag {tag} is not allowed here")
    if data[position : position + 1] not in _NUMBERS:
        raise CBORFormError("a time (tag 1) is neither an integer nor a floating-point number")


def _long_argument(data: bytes, major: int, info: int, position: int) -> tuple[int, int]:
    """Reads an argument of 1, 2, 4 or 8 bytes, and returns it with the position after it."""
    size = 1 << (info - 24)
    if size > 8:  # noqa: PLR2004
        raise CBORFormError("an indefinite length, or a head that is not well formed")
    argument = int.from_bytes(data[position : position + size], "big")
    if major in (_UNSIGNED, _NEGATIVE) and argument > _LARGEST_INTEGER:
        raise CBORFormError("an integer that does not fit into 64 bits with its sign")
    return argument, position + size
