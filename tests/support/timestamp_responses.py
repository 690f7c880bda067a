"""RFC 3161 responses, put together by hand."""

from collections.abc import Sequence

from tests.support.asn1 import integer
from tests.support.der import sequence, tlv


def make_response(
    token: bytes | None,
    status: int = 0,
    *,
    texts: Sequence[str] = (),
    failures: Sequence[int] = (),
    trailing: bytes = b"",
) -> bytes:
    """A response of an authority.

    Args:
        token: The token, if there is one; it is not looked at.
        status: The status: 0 is granted, 1 granted with changes, 2 rejected.
        texts: What the authority says to people; without any, the field is left out.
        failures: The numbers of the bits for why it refuses; without any, the field is left out.
        trailing: What follows the response.
    """
    said = sequence(*(tlv(0x0C, text.encode()) for text in texts)) if texts else b""
    return sequence(sequence(integer(status), said, _bits(failures)), token or b"") + trailing


def _bits(numbers: Sequence[int]) -> bytes:
    if not numbers:
        return b""
    size = max(numbers) // 8 + 1
    value = sum(1 << (size * 8 - 1 - number) for number in set(numbers))
    return tlv(0x03, bytes([7 - max(numbers) % 8]) + value.to_bytes(size, "big"))
