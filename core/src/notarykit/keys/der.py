"""DER taken apart and put together: what a library has read already, for the bytes that it does not hand out."""

from collections.abc import Iterator
from typing import TypeVar

SEQUENCE, SET, INTEGER = 0x30, 0x31, 0x02

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
    size = len(content)
    if size < 0x80:  # noqa: PLR2004
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + content


def integer(value: int) -> bytes:
    """An INTEGER in its one form."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
