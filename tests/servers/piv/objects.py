"""The data objects of a PIV card (SP 800-73-4, part 1, section 3)."""

from tests.servers.piv.apdu import tlv

APPLICATION = bytes.fromhex("a000000308")
_VERSION = bytes.fromhex("000010000100")
_DISCOVERY = 0x7E
_HOLDER = 0x5FC102
_CAPABILITIES = 0x5FC107
# Nobody's agency: the number of a card that no agency gave out.
_AGENCY_NUMBER = bytes.fromhex("d4e739da739ced39ce739d836858210842108421c84210c3eb")


def always_there(tag: int, serial: int) -> bytes | None:
    """An object that every card has, with the card's serial number in place of random identifiers."""
    if tag == _DISCOVERY:
        return tlv(_DISCOVERY, tlv(0x4F, APPLICATION + _VERSION) + tlv(0x5F2F, b"\x40\x00"))
    if tag == _HOLDER:
        identifier = serial.to_bytes(16)
        return _object((0x30, _AGENCY_NUMBER), (0x34, identifier), (0x35, b"20300101"), (0x3E, b""), (0xFE, b""))
    if tag == _CAPABILITIES:
        identifier = bytes.fromhex("a000000116ff02") + serial.to_bytes(14)
        head = ((0xF0, identifier), (0xF1, b"\x21"), (0xF2, b"\x21"), (0xF3, b""), (0xF4, b"\0"), (0xF5, b"\x10"))
        return _object(*head, *((each, b"") for each in (0xF6, 0xF7, *range(0xFA, 0xFF))))
    return None


def certificate(der: bytes) -> bytes:
    """The object around a certificate, which is not compressed."""
    return _object((0x70, der), (0x71, b"\0"), (0xFE, b""))


def _object(*parts: tuple[int, bytes]) -> bytes:
    return tlv(0x53, b"".join(tlv(tag, value) for tag, value in parts))
