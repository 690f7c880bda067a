"""A PIV card (NIST SP 800-73-4) that answers as a YubiKey 5: commands go in, answers come out."""

import time
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.servers.piv import apdu, objects
from tests.servers.piv.apdu import Command, RefusedError, tlv
from tests.servers.piv.finger import Finger
from tests.servers.piv.keys import algorithm_of, attest, described, private_operation

ATR = bytes.fromhex("3bfd1300008131fe158073c021c057597562694b657940")
FIRMWARE = bytes([5, 4, 3])
PIN = "123456"
TRIES = 3

_PIV_ANSWER = bytes.fromhex("61114f0600001000010079074f05a000000308")
_APPLICATION_PIN = 0x80
_PIN_SIZE = 8
_IMPORTED, _GENERATED = 2, 1


class Place(IntEnum):
    """Slots of keys."""

    AUTHENTICATION = 0x9A
    SIGNATURE = 0x9C
    MANAGEMENT = 0x9D
    CARD_AUTHENTICATION = 0x9E
    ATTESTATION = 0xF9


class PinPolicy(IntEnum):
    """How often a key asks for the PIN."""

    NEVER = 1
    ONCE = 2
    ALWAYS = 3


class TouchPolicy(IntEnum):
    """Touch policies of keys."""

    NEVER = 1
    ALWAYS = 2


PLACES = (Place.AUTHENTICATION, Place.SIGNATURE, Place.MANAGEMENT, Place.CARD_AUTHENTICATION)
PIN_POLICIES: Mapping[Place, PinPolicy] = {
    Place.AUTHENTICATION: PinPolicy.ONCE,
    Place.SIGNATURE: PinPolicy.ALWAYS,
    Place.MANAGEMENT: PinPolicy.ONCE,
    Place.CARD_AUTHENTICATION: PinPolicy.NEVER,
    Place.ATTESTATION: PinPolicy.ONCE,
}
_OBJECTS: Mapping[Place, int] = {
    Place.AUTHENTICATION: 0x5FC105,
    Place.SIGNATURE: 0x5FC10A,
    Place.MANAGEMENT: 0x5FC10B,
    Place.CARD_AUTHENTICATION: 0x5FC101,
    Place.ATTESTATION: 0x5FFF01,
}


class Slot(NamedTuple):
    """Content of a slot.

    Attributes:
        key: The private key in PKCS#8 DER: RSA-2048, P-256 or P-384.
        certificate: Its certificate in DER.
        pin_policy: How often it asks for the PIN; None for what is usual at its place.
        touch_policy: Whether it waits for a finger.
        generated: Whether the card made the key itself and thus attests it.
    """

    key: bytes
    certificate: bytes | None = None
    pin_policy: PinPolicy | None = None
    touch_policy: TouchPolicy = TouchPolicy.NEVER
    generated: bool = False


class Touch(NamedTuple):
    """Behaviour of the finger.

    Attributes:
        seconds: How long a key waits for it at most; a YubiKey gives up after about 15 seconds.
        touched: Whether it comes at the end of this time; it comes earlier where `Finger.touch` brings it.
    """

    seconds: float = 0.0
    touched: bool = True


class Settings(NamedTuple):
    """Settings of a card.

    Attributes:
        slots: The keys by their places; `ATTESTATION` is what a factory puts into every YubiKey.
        serial: The serial number.
        pin: The PIN, of six to eight digits.
        tries: How many wrong PINs block it.
        touch: Behaviour of the finger.
        seconds: How long it takes for every command.
    """

    slots: Mapping[Place, Slot]
    serial: int
    pin: str = PIN
    tries: int = TRIES
    touch: Touch = Touch()
    seconds: float = 0.0


class Counters(NamedTuple):
    """Events that a card has counted.

    Attributes:
        signatures: How many signatures it gave.
        verifications: How many PINs it was shown, right or wrong.
        touches: How often it waited for a finger.
        tries: How many wrong PINs are left.
        instructions: The INS byte of every command.
    """

    signatures: int
    verifications: int
    touches: int
    tries: int
    instructions: tuple[int, ...]


class Card:
    """The card, of which one thread at a time asks something.

    Attributes:
        settings: What it was made of, as changed since.
        tries: How many wrong PINs are left.
        finger: What keys may wait for.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tries = settings.tries
        self._keys: dict[Place, Any] = {
            place: load_der_private_key(slot.key, None) for place, slot in settings.slots.items()
        }
        self._signatures = self._verifications = self._touches = 0
        self._instructions: list[int] = []
        self.finger = Finger()
        self._handlers: Mapping[int, Callable[[Command], bytes]] = {
            0xA4: self._select,
            0xCB: self._get_data,
            0x20: self._verify,
            0x87: self._authenticate,
            0xF7: self._metadata,
            0xF8: lambda _: self.settings.serial.to_bytes(4),
            0xF9: self._attest,
            0xFD: lambda _: FIRMWARE,
        }
        self.reset()

    def counters(self) -> Counters:
        """Returns the events so far."""
        seen = tuple(self._instructions)
        return Counters(self._signatures, self._verifications, self._touches, self.tries, seen)

    def replace_certificate(self, place: Place, certificate: bytes | None) -> None:
        """Puts another certificate, or none, beside a key."""
        slot = self.settings.slots[place]._replace(certificate=certificate)
        self.settings = self.settings._replace(slots={**self.settings.slots, place: slot})

    def reset(self) -> None:
        """Forget what a card without power forgets: above all that it was shown the PIN."""
        self._verified = self._fresh = False
        self._chain = self._pending = b""

    def respond(self, request: bytes) -> bytes:
        """The answer to a command, with its status word."""
        time.sleep(self.settings.seconds)
        try:
            command = Command.parse(request)
            self._instructions.append(command.instruction)
            return self._answer(command)
        except RefusedError as refused:
            self._chain = self._pending = b""
            return refused.status.to_bytes(2)

    def _answer(self, command: Command) -> bytes:
        if command.instruction == 0xC0:
            return self._part(command.expected)
        self._pending = b""
        if command.chained:
            self._chain += command.data
            return apdu.SUCCESS.to_bytes(2)
        if (handler := self._handlers.get(command.instruction)) is None:
            raise RefusedError(apdu.NO_SUCH_INSTRUCTION)
        whole = command._replace(data=self._chain + command.data)
        self._chain = b""
        self._pending = handler(whole)
        return self._part(command.expected)

    def _part(self, size: int) -> bytes:
        part, self._pending = self._pending[:size], self._pending[size:]
        left = len(self._pending)
        status = apdu.MORE_TO_COME | (left if left < 256 else 0) if left else apdu.SUCCESS
        return part + status.to_bytes(2)

    def _select(self, command: Command) -> bytes:
        if not command.data.startswith(objects.APPLICATION):
            raise RefusedError(apdu.NOT_FOUND)
        self._verified = self._fresh = False
        return _PIV_ANSWER

    def _get_data(self, command: Command) -> bytes:
        tag = int.from_bytes(apdu.parse_tlvs(command.data).get(0x5C, b""))
        if (always := objects.always_there(tag, self.settings.serial)) is not None:
            return always
        for place, slot in self.settings.slots.items():
            if tag == _OBJECTS[place] and slot.certificate is not None:
                return objects.certificate(slot.certificate)
        raise RefusedError(apdu.NOT_FOUND)

    def _verify(self, command: Command) -> bytes:
        if command.p2 != _APPLICATION_PIN:
            raise RefusedError(apdu.WRONG_REFERENCE)
        if command.p1 == 0xFF:
            self._verified = self._fresh = False
            return b""
        if not command.data and self._verified:
            return b""
        if command.data and len(command.data) != _PIN_SIZE:
            raise RefusedError(apdu.WRONG_DATA)
        if command.data:
            self._verifications += 1
        if self.tries == 0:
            raise RefusedError(apdu.PIN_BLOCKED)
        right = command.data == self.settings.pin.encode().ljust(_PIN_SIZE, b"\xff")
        if command.data:
            self.tries = self.settings.tries if right else self.tries - 1
            self._verified = self._fresh = right
        if not right:
            raise RefusedError(apdu.PIN_WRONG | self.tries)
        return b""

    def _authenticate(self, command: Command) -> bytes:
        place, slot, key = self._held(command.p2)
        challenge = apdu.parse_tlvs(apdu.parse_tlvs(command.data).get(0x7C, b"")).get(0x81)
        if challenge is None or command.p1 != algorithm_of(key):
            raise RefusedError(apdu.WRONG_DATA)
        policy = slot.pin_policy or PIN_POLICIES[place]
        allowed = {PinPolicy.NEVER: True, PinPolicy.ONCE: self._verified, PinPolicy.ALWAYS: self._fresh}[policy]
        self._fresh = False
        if not allowed or not (slot.touch_policy == TouchPolicy.NEVER or self._touched()):
            raise RefusedError(apdu.SECURITY_NOT_SATISFIED)
        signature = private_operation(key, challenge)
        self._signatures += 1
        return tlv(0x7C, tlv(0x82, signature))

    def _touched(self) -> bool:
        self._touches += 1
        seconds, touched = self.settings.touch
        return self.finger.touches(seconds, otherwise=touched)

    def _metadata(self, command: Command) -> bytes:
        if command.p2 == _APPLICATION_PIN:
            default = bytes([self.settings.pin == PIN])
            return tlv(1, b"\xff") + tlv(5, default) + tlv(6, bytes([self.settings.tries, self.tries]))
        place, slot, key = self._held(command.p2, apdu.WRONG_REFERENCE)
        policies = bytes([slot.pin_policy or PIN_POLICIES[place], slot.touch_policy])
        origin = _GENERATED if slot.generated else _IMPORTED
        return tlv(1, bytes([algorithm_of(key)])) + tlv(2, policies) + tlv(3, bytes([origin])) + tlv(4, described(key))

    def _attest(self, command: Command) -> bytes:
        place, slot, key = self._held(command.p1)
        attestation = self.settings.slots.get(Place.ATTESTATION)
        if not slot.generated or attestation is None or attestation.certificate is None:
            raise RefusedError(apdu.WRONG_DATA)
        return attest(key, f"YubiKey PIV Attestation {place:x}", self._keys[Place.ATTESTATION], attestation.certificate)

    def _held(self, number: int, otherwise: int = apdu.WRONG_DATA) -> tuple[Place, Slot, Any]:
        try:
            place = Place(number)
            return place, self.settings.slots[place], self._keys[place]
        except (ValueError, KeyError):
            raise RefusedError(otherwise) from None
