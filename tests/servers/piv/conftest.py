"""Two smart card readers for all tests of a session, and for each test a YubiKey of its own in the first of them."""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.servers.piv.card import PLACES, Place, Settings, Slot
from tests.servers.piv.reader import MODULES, Reader, Token, path_of
from tests.support.ca import Changes, TestChain, make_chain, name, new_key

SPECS: Mapping[Place, str] = {
    Place.AUTHENTICATION: "RSA-2048",
    Place.SIGNATURE: "EC-256",
    Place.MANAGEMENT: "EC-384",
    Place.CARD_AUTHENTICATION: "RSA-2048",
}


class YubiKey(NamedTuple):
    """A card with four keys, and the chains that their certificates are the leaves of.

    Attributes:
        token: The card.
        chains: For each place of a key, the whole chain; the card has only its leaf.
    """

    token: Token
    chains: Mapping[Place, TestChain]

    @property
    def serial(self) -> int:
        """The serial number, which `ykcs11` puts into the token's label."""
        return self.token.settings.serial

    @property
    def pin(self) -> str:
        """The PIN."""
        return self.token.settings.pin

    def plugin_environment(self, module: str, **variables: str) -> dict[str, str]:
        """Returns the variables of a process that signs with the plugin by a module: that, the PIN, and more."""
        return {"PKCS11_MODULE_PATH": module, "PKCS11_PIN": self.pin, **variables}


MakeYubiKey = Callable[..., YubiKey]
_SERIALS = itertools.count(12_345_678)


def make_slot(chain: TestChain, **rest: Any) -> Slot:
    """Returns the content of a slot: the key and the certificate of a chain's leaf.

    Args:
        chain: The chain.
        rest: The other attributes of the slot.
    """
    key = chain.leaf_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return Slot(key, **{"certificate": chain.ders[0], **rest})


def _chain(place: Place, spec: str) -> TestChain:
    # Keys of one kind are the same for the same number, but no two places hold the same key.
    return make_chain(spec, subject=name(f"slot {place:x}"), leaf=Changes(key=new_key(spec, place)))


def _factory_chain() -> TestChain:
    constraints = x509.BasicConstraints(ca=True, path_length=0), True
    without = (x509.KeyUsage, x509.ExtendedKeyUsage)
    key = new_key("RSA-2048", Place.ATTESTATION)
    changes = Changes(key=key, put=(constraints,), without=without)
    return make_chain("RSA-2048", 2, subject=name("Yubico PIV Attestation"), leaf=changes)


@pytest.fixture(scope="session")
def reader() -> Iterator[Reader]:
    """Readers that all tests of a session share; the environment leads every client to them."""
    with Reader() as running, pytest.MonkeyPatch.context() as patch:
        for variable, value in running.environment.items():
            patch.setenv(variable, value)
        yield running


@pytest.fixture
def make_yubikey(reader: Reader) -> Iterator[MakeYubiKey]:
    """Factory for a card that is in no reader yet: `make_yubikey(slots={place: attributes of Slot}, **Settings)`."""
    made = []

    def make(*, slots: Mapping[Place, Mapping[str, Any]] | None = None, **rest: Any) -> YubiKey:
        chains = {place: _chain(place, spec) for place, spec in SPECS.items()}
        held = {place: make_slot(chain, **(slots or {}).get(place, {})) for place, chain in chains.items()}
        held[Place.ATTESTATION] = make_slot(_factory_chain(), generated=True)
        token = reader.make(Settings(held, rest.pop("serial", next(_SERIALS)), **rest))
        made.append(token)
        return YubiKey(token, chains)

    yield make
    with contextlib.ExitStack() as stack:
        for token in made:
            stack.callback(token.drop)


@pytest.fixture
def yubikey(make_yubikey: MakeYubiKey) -> YubiKey:
    """A new card in the first reader, with RSA-2048 at 9a and 9e, P-256 at 9c and P-384 at 9d."""
    made = make_yubikey()
    made.token.insert()
    return made


@pytest.fixture(params=list(MODULES))
def module(request: pytest.FixtureRequest) -> str:
    """The path of each PKCS#11 module in turn."""
    return path_of(request.param)


@pytest.fixture(params=PLACES, ids=[f"{place:x}" for place in PLACES])
def place(request: pytest.FixtureRequest) -> Place:
    """Each place of a key in turn."""
    chosen: Place = request.param
    return chosen
