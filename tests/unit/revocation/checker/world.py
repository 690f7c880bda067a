"""Chain whose endpoints are all good, for tests that change one thing."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from cryptography.x509 import ReasonFlags

from notarykit.revocation.distribution_points import ALL_REASONS
from tests.support.checking import words
from tests.support.crls import Entry, make_crl
from tests.support.ocsp_answers import GOOD, Single, responding
from tests.support.responders import Responder
from tests.support.revocable import Point, crl_path, ocsp_path, revocable_chain
from tests.unit.revocation.setting import HOLD, KEY_COMPROMISE

SECOND = timedelta(seconds=1)
SOME_REASONS = frozenset([KEY_COMPROMISE, HOLD])
OTHER_REASONS = ALL_REASONS - SOME_REASONS


class World:
    """Chain and server where every endpoint of the chain is good until a test changes one thing."""

    def __init__(self, responder: Responder, **knobs: Any) -> None:
        self.responder = responder
        self.chain = revocable_chain(responder.url(), **knobs)
        for place in range(len(self.chain.ders) - 1):
            self.respond(GOOD, place)
            self.crl(place=place)

    def respond(self, single: Single, place: int = 0, **knobs: Any) -> None:
        """Sets the response about a certificate."""
        self.responder.ocsp(ocsp_path(place), responding(self.chain, place, single, **knobs))

    def crl(self, *entries: Entry, place: int = 0, path: str = "", **knobs: Any) -> str:
        """Sets the CRL for a certificate, and returns its URL."""
        return self.responder.put(path or crl_path(place), make_crl(self.chain, place + 1, entries, **knobs))

    def leaf_entry(self, reason: ReasonFlags | None = None, **members: Any) -> Entry:
        """Returns a CRL entry of the leaf."""
        return Entry(self.chain.certificates[0].serial_number, reason=reason, **members)

    def statuses(self, **options: Any) -> list[str]:
        """Returns the status of each certificate, leaf first."""
        return words(self.chain, **options)

    def leaf_status(self, **options: Any) -> str:
        """Returns the leaf's status."""
        return self.statuses(**options)[0]


def world_of_points(responder: Responder, points: Sequence[Point]) -> World:
    """Makes a world whose leaf has these distribution points and no other endpoint."""
    return World(responder, ocsp=False, crl_at={0: points, 1: []})
