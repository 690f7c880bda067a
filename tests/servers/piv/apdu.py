"""Messages of smart cards: commands (ISO 7816-4), status words and the nested values of their data."""

from collections.abc import Iterator
from typing import NamedTuple

SUCCESS = 0x9000
SECURITY_NOT_SATISFIED = 0x6982
PIN_BLOCKED = 0x6983
WRONG_DATA = 0x6A80
NOT_FOUND = 0x6A82
WRONG_REFERENCE = 0x6A88
WRONG_LENGTH = 0x6700
NO_SUCH_INSTRUCTION = 0x6D00
MORE_TO_COME = 0x6100
PIN_WRONG = 0x63C0


class RefusedError(Exception):
    """Ends a command with a status word.

    Attributes:
        status: The status word.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04x}")
        self.status = status


class Command(NamedTuple):
    """A command.

    Attributes:
        chained: Whether more data follows in another command.
        instruction: INS.
        p1: The first parameter.
        p2: The second parameter.
        data: The data field.
        expected: The most bytes that the answer may have.
    """

    chained: bool
    instruction: int
    p1: int
    p2: int
    data: bytes
    expected: int

    @classmethod
    def parse(cls, apdu: bytes) -> "Command":
        """Reads a command of any of the seven forms, short or extended."""
        if len(apdu) < 4:
            raise RefusedError(WRONG_LENGTH)
        head, body = apdu[:4], apdu[4:]
        extended = len(body) > 2 and body[0] == 0
        if extended:
            body = body[1:]
        width, most = (2, 65536) if extended else (1, 256)
        data, rest = b"", body
        if len(body) > width:
            size = int.from_bytes(body[:width])
            data, rest = body[width : width + size], body[width + size :]
            if len(data) != size:
                raise RefusedError(WRONG_LENGTH)
        return cls(bool(head[0] & 0x10), head[1], head[2], head[3], data, int.from_bytes(rest) or most)


def tlv(tag: int, value: bytes) -> bytes:
    """A value with its tag and its length in BER."""
    size = len(value)
    length = bytes([size]) if size < 0x80 else b"\x81" + bytes([size]) if size < 0x100 else b"\x82" + size.to_bytes(2)
    return tag.to_bytes((tag.bit_length() + 7) // 8) + length + value


def parse_tlvs(content: bytes) -> dict[int, bytes]:
    """The values that stand side by side, by their tags."""
    try:
        return dict(_tlvs(content))
    except IndexError:
        raise RefusedError(WRONG_DATA) from None


def _tlvs(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(content):
        start = at
        at += 1
        if content[start] & 0x1F == 0x1F:
            while content[at] & 0x80:
                at += 1
            at += 1
        tag = int.from_bytes(content[start:at])
        size = content[at]
        at += 1
        if size & 0x80:
            width = size & 0x7F
            size = int.from_bytes(content[at : at + width])
            at += width
        if at + size > len(content):
            raise RefusedError(WRONG_DATA)
        yield tag, content[at : at + size]
        at += size
