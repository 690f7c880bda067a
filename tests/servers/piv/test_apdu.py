"""Card responses to single commands."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tests.servers.piv.apdu import parse_tlvs, tlv
from tests.servers.piv.card import PIN, PLACES, TRIES, Card, PinPolicy, Place, Settings, Touch, TouchPolicy
from tests.servers.piv.conftest import make_slot
from tests.support.ca import make_chain

CHAIN = make_chain("EC-256")
DIGEST = bytes(range(32))
RIGHT = PIN.encode().ljust(8, b"\xff")
WRONG = b"000000\xff\xff"
SELECT = bytes.fromhex("00a4040005a000000308")
STATUS = bytes.fromhex("00200080")


def _card(tries: int = TRIES) -> Card:
    return Card(Settings({place: make_slot(CHAIN) for place in PLACES}, 7, tries=tries))


def _verify(card: Card, pin: bytes) -> str:
    return card.respond(STATUS + bytes([len(pin)]) + pin).hex()


def _sign(card: Card, place: Place) -> bytes:
    data = tlv(0x7C, tlv(0x82, b"") + tlv(0x81, DIGEST))
    return card.respond(bytes([0x00, 0x87, 0x11, place, len(data)]) + data + b"\0")


@pytest.mark.parametrize(
    ("place", "policy", "statuses"),
    [
        (Place.AUTHENTICATION, None, ["6982", "9000", "9000"]),
        (Place.SIGNATURE, None, ["6982", "9000", "6982"]),
        (Place.MANAGEMENT, None, ["6982", "9000", "9000"]),
        (Place.CARD_AUTHENTICATION, None, ["9000", "9000", "9000"]),
        (Place.AUTHENTICATION, PinPolicy.ALWAYS, ["6982", "9000", "6982"]),
        (Place.SIGNATURE, PinPolicy.NEVER, ["9000", "9000", "9000"]),
        (Place.CARD_AUTHENTICATION, PinPolicy.ONCE, ["6982", "9000", "9000"]),
    ],
)
def test_pin_policies_are_enforced(place: Place, policy: PinPolicy | None, statuses: list[str]) -> None:
    """Each PIN policy holds before the PIN, after it, and for a second signature."""
    card = Card(Settings({place: make_slot(CHAIN, pin_policy=policy)}, 7))
    before = _sign(card, place)
    assert _verify(card, RIGHT) == "9000"
    assert [answer[-2:].hex() for answer in (before, _sign(card, place), _sign(card, place))] == statuses


def test_signature_verifies() -> None:
    """The response contains a signature of the digest."""
    signature = parse_tlvs(parse_tlvs(_sign(_card(), Place.CARD_AUTHENTICATION)[:-2])[0x7C])[0x82]
    CHAIN.leaf_key.public_key().verify(signature, DIGEST, ec.ECDSA(utils.Prehashed(hashes.SHA256())))


def test_empty_verify_shows_tries() -> None:
    """An empty VERIFY returns the tries, or that the PIN was verified, and costs none."""
    card = _card()
    assert card.respond(STATUS).hex() == "63c3"
    assert _verify(card, WRONG) == "63c2"
    assert card.respond(STATUS).hex() == "63c2"
    assert _verify(card, RIGHT) == "9000"
    assert card.respond(STATUS).hex() == "9000"
    assert card.respond(bytes.fromhex("0020ff80")).hex() == "9000"
    assert card.respond(STATUS).hex() == "63c3"
    assert card.counters().verifications == 2


def test_unpadded_pin_costs_no_try() -> None:
    """A PIN that is not padded to eight bytes costs no try."""
    card = _card()
    assert _verify(card, PIN.encode()) == "6a80"
    assert card.counters().tries == 3


def test_blocked_pin_stays_blocked() -> None:
    """After the last try the right PIN is rejected too, also after a reset."""
    card = _card(tries=2)
    assert [_verify(card, WRONG) for _ in range(3)] == ["63c1", "63c0", "6983"]
    card.reset()
    assert _verify(card, RIGHT) == "6983"
    assert card.respond(STATUS).hex() == "6983"


@pytest.mark.parametrize("forget", [Card.reset, lambda card: card.respond(SELECT)])
def test_reset_and_select_end_verification(forget: Callable[[Card], object]) -> None:
    """A reset and a new SELECT end the verification of the PIN."""
    card = _card()
    _verify(card, RIGHT)
    forget(card)
    assert _sign(card, Place.AUTHENTICATION).hex() == "6982"


def test_long_response_comes_in_parts() -> None:
    """A certificate comes in parts, or at once after an extended command."""
    card = _card()
    content = tlv(0x5C, bytes.fromhex("5fc105"))
    part = card.respond(bytes.fromhex("00cb3fff") + bytes([len(content)]) + content + b"\0")
    whole = part[:-2]
    while part[-2] == 0x61:
        part = card.respond(bytes.fromhex("00c00000") + part[-1:])
        whole += part[:-2]
    assert part[-2:].hex() == "9000"
    assert parse_tlvs(parse_tlvs(whole)[0x53])[0x70] == CHAIN.ders[0]
    extended = card.respond(bytes.fromhex("00cb3fff") + b"\0" + len(content).to_bytes(2) + content + b"\0\0")
    assert extended == whole + bytes.fromhex("9000")


def test_chained_and_extended_commands_are_accepted() -> None:
    """The data of a command may come in two parts, or behind an extended length."""
    data = tlv(0x7C, tlv(0x82, b"") + tlv(0x81, DIGEST))
    card = _card()
    head = bytes([0x87, 0x11, Place.CARD_AUTHENTICATION])
    assert card.respond(b"\x10" + head + b"\x08" + data[:8]).hex() == "9000"
    rest = data[8:]
    assert card.respond(b"\0" + head + bytes([len(rest)]) + rest + b"\0")[-2:].hex() == "9000"
    assert card.respond(b"\0" + head + b"\0" + len(data).to_bytes(2) + data + b"\0\0")[-2:].hex() == "9000"
    assert card.counters().signatures == 2


@pytest.mark.parametrize("touched", [True, False])
def test_missing_touch_is_an_error(touched: bool) -> None:
    """A key that requires a touch fails without it."""
    slot = make_slot(CHAIN, touch_policy=TouchPolicy.ALWAYS)
    card = Card(Settings({Place.CARD_AUTHENTICATION: slot}, 7, touch=Touch(0.01, touched)))
    assert _sign(card, Place.CARD_AUTHENTICATION)[-2:].hex() == ("9000" if touched else "6982")
    assert card.counters().touches == 1


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("00fd0000", "0504039000"),
        ("00f80000", "000000079000"),
        ("00a4040005a000000527", "6a82"),
        ("00cb3fff055c035fc10c00", "6a82"),
        ("00f7008200", "6a88"),
        ("0087119a057c03820081", "6a80"),
        ("00200081", "6a88"),
        ("00000000", "6d00"),
        ("00a4", "6700"),
        ("0020008008ff", "6700"),
    ],
)
def test_single_commands_have_their_status(command: str, answer: str) -> None:
    """Each command without a context has its status."""
    assert _card().respond(bytes.fromhex(command)).hex() == answer
