"""DER: iteration over elements, encoding, strict checks (X.690)."""

from collections.abc import Iterator
from typing import TypeVar

SEQUENCE, SET, INTEGER = 0x30, 0x31, 0x02
_BOOLEAN, _NULL, _OBJECT_IDENTIFIER, _ENUMERATED = 0x01, 0x05, 0x06, 0x0A
_FIRST_CLASS = 0x40  # the first tag that is not universal
_CONSTRUCTED, _LONG_TAG, _LONGEST_LENGTH, _DEEPEST = 0x20, 0x1F, 4, 24
_MOST_ELEMENTS, _LONGEST_IDENTIFIER = 20_000, 64

Bytes = TypeVar("Bytes", bytes, memoryview)


def elements(der: Bytes) -> Iterator[tuple[int, Bytes, Bytes]]:
    """Yields tag, encoding and content of consecutive elements of valid DER; parts of a view are views."""
    start = 0
    while start < len(der):
        size, body = der[start + 1], start + 2
        if size & 0x80:
            body += size & 0x7F
            size = int.from_bytes(der[start + 2 : body], "big")
        yield der[start], der[start : body + size], der[body : body + size]
        start = body + size


def content_of(der: bytes, start: int = 0) -> tuple[int, int]:
    """Returns where the content of the element at a position begins and ends, in valid DER."""
    size, body = der[start + 1], start + 2
    if size & 0x80:
        body += size & 0x7F
        size = int.from_bytes(der[start + 2 : body], "big")
    return body, body + size


def element(tag: int, content: bytes) -> bytes:
    """Encodes an element."""
    return bytes((tag,)) + _length(len(content)) + content


def _length(size: int) -> bytes:
    """Encodes a length in its shortest form."""
    if size < 0x80:  # noqa: PLR2004
        return bytes((size,))
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(digits),)) + digits


def integer(value: int) -> bytes:
    """Encodes an INTEGER."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return element(INTEGER, value.to_bytes(size, "big", signed=True))


def check_bounds(ber: bytes) -> None:
    """Refuses BER that is expensive to parse; indefinite lengths are permitted.

    Raises:
        ValueError: It nests too deeply, has too many elements or a too long identifier, or is truncated.
    """
    view, place, count = memoryview(ber), 0, 0
    ends: list[int] = []  # of open elements; -1 for an indefinite length
    while place < len(ber):
        count += 1
        if count > _MOST_ELEMENTS or len(ends) > _DEEPEST:
            raise ValueError("it nests too deeply, or has too many elements")
        tag, size, body, is_marked = _head(view, place)
        if tag == 0 and ends and ends[-1] < 0:
            if body + size != place + 2:  # X.690, section 8.1.5: it is two octets of zero
                raise ValueError("the end of an indefinite length has content")
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
    """Returns tag, length, start of the content, and True for an indefinite length."""
    if start + 2 > len(ber):
        raise ValueError("it ends too early")
    tag, size, body = ber[start], ber[start + 1], start + 2
    if tag & _LONG_TAG == _LONG_TAG:
        raise ValueError("it has a tag of several bytes")
    is_indefinite = size == 0x80  # noqa: PLR2004
    if is_indefinite and not tag & _CONSTRUCTED:  # X.690, section 8.1.3.2
        raise ValueError("it is primitive, and of indefinite length")
    if size & 0x80:
        count, body = size & 0x7F, body + (size & 0x7F)
        size = int.from_bytes(ber[start + 2 : body], "big")
        if count > _LONGEST_LENGTH:
            raise ValueError("a length is too long")
    if body + size > len(ber):
        raise ValueError("it ends too early")
    return tag, size, body, is_indefinite


def check_der(der: bytes) -> None:
    """Refuses everything but one element in DER (X.690, sections 8 to 11), which two parsers could read differently.

    The content of strings and times is not checked.

    Raises:
        ValueError: A length, integer, boolean, NULL, identifier or the order of a set is not canonical, or it is
            truncated or nests too deeply.
    """
    if _check_element(memoryview(der), 0, _DEEPEST) != len(der):
        raise ValueError("something follows the element")


def _check_element(der: memoryview, start: int, depth: int) -> int:
    """Checks the element at a position and returns its end."""
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
