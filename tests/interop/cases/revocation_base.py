"""Revocation cases: their form, and how they are added."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ReasonFlags

from tests.support.crls import Entry, make_crl
from tests.support.ocsp_answers import (
    GOOD,
    REVOKED,
    UNKNOWN,
    Single,
    responding,
)
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEY_COMPROMISE, HOLD, REMOVED = ReasonFlags.key_compromise, ReasonFlags.certificate_hold, ReasonFlags.remove_from_crl
REASONS: Final = sorted(set(ReasonFlags) - {REMOVED}, key=str)
ALL_REASONS: Final = frozenset(REASONS) - {ReasonFlags.unspecified}
HASHES: Final = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
STATUSES: Final[Mapping[str, Single]] = {"good": GOOD, "revoked": REVOKED, "unknown": UNKNOWN}

_numbers = count()


class Scene:
    """Chain below its own URL on the shared server, whose responses and CRLs a case sets."""

    def __init__(self, responder: Responder, **knobs: Any) -> None:
        """Makes the chain; by default the leaf alone has endpoints."""
        self.on = responder
        self.path = f"/{next(_numbers)}"
        usual: dict[str, Any] = {"ocsp_at": {1: []}, "crl_at": {1: []}}
        options = {**usual, **{key: value(self) if callable(value) else value for key, value in knobs.items()}}
        self.chain = revocable_chain(responder.url(self.path), **options)

    def url(self, path: str) -> str:
        """Returns the URL of a path."""
        return self.on.url(self.path + path)

    def answer(self, singles: Any = GOOD, place: int = 0, **knobs: Any) -> None:
        """Sets the OCSP response about a certificate."""
        self.on.ocsp(self.path + ocsp_path(place), responding(self.chain, place, singles, **knobs))

    def crl(self, *entries: Entry, place: int = 0, path: str = "", **knobs: Any) -> None:
        """Sets a CRL."""
        self.on.put(self.path + (path or crl_path(place)), make_crl(self.chain, place + 1, entries, **knobs))

    def leaf(self, reason: ReasonFlags | None = None, **members: Any) -> Entry:
        """Returns a CRL entry of the leaf."""
        return Entry(self.chain.certificates[0].serial_number, reason=reason, **members)


Put = Callable[[Scene], None]


@dataclass(frozen=True)
class Case:
    """Chain, responses and CRLs with the expected status.

    Attributes:
        name: Description, unique.
        put: Puts it on the server.
        chain: Arguments of `revocable_chain`; functions are called with the scene.
        signed: The authentic signing time.
        expected: Status of the leaf required by the specification, if any.
    """

    name: str
    put: Put
    chain: Mapping[str, Any]
    signed: datetime | None = None
    expected: str = ""


CASES: Final[dict[str, Case]] = {}
BY_OCSP: Final[Mapping[str, Any]] = {"crl": False, "crl_at": {}}
BY_CRL: Final[Mapping[str, Any]] = {"ocsp": False, "ocsp_at": {}}


def case(name: str, put: Put, chain: Mapping[str, Any], expected: str = "", signed: datetime | None = None) -> None:
    """Adds a case."""
    assert name not in CASES
    CASES[name] = Case(name, put, chain, signed, expected)


def ocsp_case(name: str, singles: Any = GOOD, expected: str = "", **knobs: Any) -> None:
    """Adds a case of an answer by OCSP alone; knobs that are functions are called with the chain."""
    chain = {**BY_OCSP, "ocsp_at": {1: []}, **knobs.pop("chain", {})}
    signed = knobs.pop("signed", None)

    def put(scene: Scene) -> None:
        made = {key: value(scene.chain) if callable(value) else value for key, value in knobs.items()}
        scene.answer(singles(scene.chain) if callable(singles) else singles, **made)

    case(f"ocsp: {name}", put, chain, expected, signed)


def crl_case(name: str, *entries: Any, expected: str = "", **knobs: Any) -> None:
    """Adds a case of a CRL alone; entries are the leaf's reason, or take the scene, as knobs do."""
    chain = {**BY_CRL, "crl_at": {1: []}, **knobs.pop("chain", {})}
    signed = knobs.pop("signed", None)

    def put(scene: Scene) -> None:
        made = {key: value(scene) if callable(value) else value for key, value in knobs.items()}
        scene.crl(*(entry(scene) if callable(entry) else scene.leaf(entry) for entry in entries), **made)

    case(f"crl: {name}", put, chain, expected, signed)


def delta_case(
    name: str, in_base: Any = (), in_delta: Any = (), *, expected: str = "", delta: Any = None, **base: Any
) -> None:
    """Adds a case of a base that names a delta."""

    def put(scene: Scene) -> None:
        entries = [
            [scene.leaf(*entry) if isinstance(entry, tuple) else entry for entry in entries_of_one]
            for entries_of_one in (in_base, in_delta)
        ]
        scene.crl(*entries[0], **{"number": 5, "freshest": [scene.url("/delta")], **base})
        if delta is not False:
            scene.crl(*entries[1], path="/delta", **{"number": 6, "base": 5, **(delta or {})})

    case(f"delta: {name}", put, {**BY_CRL, "crl_at": {1: []}}, expected)
