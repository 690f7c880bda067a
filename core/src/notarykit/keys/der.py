"""DER taken apart and put together, for bytes that a library does not hand out; and a check that it is DER at all."""

from collections.abc import Iterator
from typing import TypeVar

SEQUENCE, SET, INTEGER = 0x30, 0x31, 0x02
_BOOLEAN, _NULL, _OBJECT_IDENTIFIER, _ENUMERATED = 0x01, 0x05, 0x06, 0x0A
_FIRST_CLASS = 0x40  # the first tag that is not universal
_CONSTRUCTED, _LONG_TAG, _LONGEST_LENGTH, _DEEPEST = 0x20, 0x1F, 4, 24
_MOST_ELEMENTS, _LONGEST_IDENTIFIER = 20_000, 64

Bytes = TypeVar("Bytes", bytes, memoryview)


def elements(der: Bytes) -> Iterator[tuple[int, Bytes, Bytes]]:
    """The tag, the whole and the content of each element in a row; a view's parts are views, so that nothing is copied.

    The DER has been read once already and is sound.
    """
    start = 0
    while start < len(der):
        size, body = der[start + 1], start + 2
        if size & 0x80:
            body += size & 0x7F
            size = int.from_bytes(der[start + 2 : body], "big")
        yield der[start], der[start : body + size], der[body : body + size]
        start = body + size


def element(tag: int, content: bytes) -> bytes:
    """One element."""
    return bytes((tag,)) + _length(len(content)) + content


def _length(size: int) -> bytes:
    """A length in its shortest form."""
    if size < 0x80:  # noqa: PLR2004
        return bytes((size,))
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(digits),)) + digits


def integer(value: int) -> bytes:
    """An INTEGER in its one form."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return element(INTEGER, value.to_bytes(size, "big", signed=True))


def check_bounds(ber: bytes) -> None:
    """Refuses what would cost a library more than it can be worth, before it is read; BER, marked ends included.

    Raises:
        ValueError: It nests too deeply, has too many elements or an identifier that is too long, or ends too early.
    """
    view, place, count = memoryview(ber), 0, 0
    ends: list[int] = []  # of what is open; -1 where the end is marked
    while place < len(ber):
        count += 1
        if count > _MOST_ELEMENTS or len(ends) > _DEEPEST:
            raise ValueError("it nests too deeply, or has too many elements")
        tag, size, body, is_marked = _head(view, place)
        if tag == 0 and ends and ends[-1] < 0:
            ends.pop()
            place = body
        elif tag & _CONSTRUCTED:
            ends.append(-1 if is_marked else body + size)
            place = body
        else:
            if tag == _OBJECT_IDENTIFIER and size > _LONGEST_IDENTIFIER:
                raise ValueError("an object identifier is too long")
            place = body + size
        while ends and ends[-1] == place:
            ends.pop()
    if ends:
        raise ValueError("it ends too early")


def _head(ber: memoryview, start: int) -> tuple[int, int, int, bool]:
    """The tag, the length, where the content starts, and whether its end is marked instead."""
    if start + 2 > len(ber):
        raise ValueError("it ends too early")
    tag, size, body = ber[start], ber[start + 1], start + 2
    if tag & _LONG_TAG == _LONG_TAG:
        raise ValueError("it has a tag of several bytes")
    is_indefinite = size == 0x80  # noqa: PLR2004
    if is_indefinite and not tag & _CONSTRUCTED:  # X.690, section 8.1.3.2
        raise ValueError("it is primitive, and its end is marked")
    if size & 0x80:
        count, body = size & 0x7F, body + (size & 0x7F)
        size = int.from_bytes(ber[start + 2 : body], "big")
        if count > _LONGEST_LENGTH:
            raise ValueError("a length is too long")
    if body + size > len(ber):
        raise ValueError("it ends too early")
    return tag, size, body, is_indefinite


def check_der(der: bytes) -> None:
    """Refuses what is not one element in DER (X.690, sections 8 to 11): two readers could understand it differently.

    Strings and times are not looked into.

    Raises:
        ValueError: A length, an integer, a boolean, a NULL, an identifier or the order of a set is not in its one form,
            it ends too early or nests too deeply.
    """
    if _check_element(memoryview(der), 0, _DEEPEST) != len(der):
        raise ValueError("something follows the element")


def _check_element(der: memoryview, start: int, depth: int) -> int:
    """The end of the element that starts at a place."""
    if depth == 0:
        raise ValueError("it nests too deeply")
    tag, size, body, _ = _head(der, start)
    if der[start + 1 : body] != _length(size):
        raise ValueError("a length is not in its shortest form")
    end = body + size
    if not tag & _CONSTRUCTED:
        _check_primitive(tag, der[body:end])
        return end
    if tag < _FIRST_CLASS and tag not in (SEQUENCE, SET):
        raise ValueError("something that is no sequence or set is constructed")
    previous, place = b"", body
    while place < end:
        behind = _check_element(der[:end], place, depth - 1)
        whole = bytes(der[place:behind])
        if tag == SET and whole < previous:
            raise ValueError("a set is not in order")
        previous, place = whole, behind
    return end


def _check_primitive(tag: int, content: memoryview) -> None:
    if tag in (SEQUENCE & ~_CONSTRUCTED, SET & ~_CONSTRUCTED):
        raise ValueError("a sequence or set is primitive")
    if tag in (INTEGER, _ENUMERATED) and (
        not content or (len(content) > 1 and content[0] in (0, 0xFF) and content[0] >> 7 == content[1] >> 7)
    ):
        raise ValueError("an integer is not in its shortest form")
    if tag == _BOOLEAN and bytes(content) not in (b"\x00", b"\xff"):
        raise ValueError("a boolean is neither 00 nor ff")
    if tag == _NULL and content:
        raise ValueError("a NULL has content")
    if tag == _OBJECT_IDENTIFIER and (
        not 0 < len(content) <= _LONGEST_IDENTIFIER
        or content[-1] & 0x80
        or any(byte == 0x80 and (not place or not content[place - 1] & 0x80) for place, byte in enumerate(content))  # noqa: PLR2004
    ):
        raise ValueError("an object identifier is malformed")
