"""BER of CMS in definite lengths, which DER readers take (RFC 5652, section 5.1; X.690, section 8.1.3)."""

from typing import TypeVar

from cryptography.hazmat import asn1

from notarykit.keys.der import check_bounds, element, elements

_CONSTRUCTED, _OCTET_STRING, _OCTET_STRING_IN_PARTS = 0x20, 0x04, 0x24
_INDEFINITE, _END = 0x80, b"\x00\x00"

Structure = TypeVar("Structure")


def decode_ber(structure: type[Structure], ber: bytes) -> Structure:
    """Decodes a structure; parts of it that stay as they came are in DER too, if their contents are.

    Raises:
        ValueError: It is malformed, nests too deeply, or has too many elements.
    """
    check_bounds(ber)
    return asn1.decode_der(structure, with_definite_lengths(ber))


def with_definite_lengths(ber: bytes) -> bytes:
    """Returns BER with lengths in their shortest form and OCTET STRINGs in one piece; other contents stay.

    Args:
        ber: One element, which `check_bounds` has accepted.

    Raises:
        ValueError: A string is made of something else, or bytes follow the element.
    """
    view = memoryview(ber)
    content, end = _rewrite(view, 0, len(view))
    if end != len(view):
        raise ValueError("something follows the element")
    return content


def _rewrite(ber: memoryview, start: int, stop: int) -> tuple[bytes, int]:
    """Returns an element in definite lengths, and where the next one starts."""
    tag, size, body = ber[start], ber[start + 1], start + 2
    is_indefinite = size == _INDEFINITE
    if size & _INDEFINITE:
        body += size & ~_INDEFINITE
        size = int.from_bytes(ber[start + 2 : body], "big")
    if not tag & _CONSTRUCTED:
        return element(tag, bytes(ber[body : body + size])), body + size
    place, end, parts = body, stop if is_indefinite else body + size, []
    while place < end and not (is_indefinite and ber[place : place + 2] == _END):
        part, place = _rewrite(ber, place, end)
        parts.append(part)
    if tag == _OCTET_STRING_IN_PARTS:
        if any(part[0] != _OCTET_STRING for part in parts):
            raise ValueError("a string is made of something else")
        parts, tag = [next(elements(part))[2] for part in parts], _OCTET_STRING
    return element(tag, b"".join(parts)), place + (len(_END) if is_indefinite else 0)
