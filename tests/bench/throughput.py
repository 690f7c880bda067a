"""How many envelopes are verified in a second in one process, beside notation-core-go in the same run."""

import os
import statistics
import time
from typing import NamedTuple

from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.unverified import COSE, JWS
from tests.interop.go_peer import Peer
from tests.support.ca import make_chain
from tests.support.envelopes import sign_envelope

CHAINS = 600
ROUNDS = 5
SECONDS = 1.0


class Row(NamedTuple):
    """One kind of envelopes.

    Attributes:
        name: Key, format, and whether the chain is shared.
        ours: Envelopes a second, the median of the rounds.
        theirs: The same of notation-core-go.
        ratio: The median of the rounds' ratios.
        target: What the ratio is to reach at least.
    """

    name: str
    ours: float
    theirs: float
    ratio: float
    target: float


def measure(folder: str, peer: Peer) -> list[Row]:
    """Times both in turns for each kind of envelopes."""
    rows = []
    for spec in ("RSA-2048", "EC-256"):
        for media_type, short in ((JWS, "JWS"), (COSE, "COSE")):
            apart = [sign_envelope(make_chain(spec, 3, ca_kind=spec), media_type) for _ in range(CHAINS)]
            chain = make_chain(spec, 3, ca_kind=spec)
            shared = [sign_envelope(chain, media_type) for _ in range(50)]
            rows.append(_row(f"{spec}, {short}, every chain another", apart, media_type, folder, peer, 0.6))
            rows.append(_row(f"{spec}, {short}, one chain shared", shared, media_type, folder, peer, 2.0))
    return rows


def _row(name: str, envelopes: list[bytes], media_type: str, folder: str, peer: Peer, target: float) -> Row:
    paths = []
    for number, envelope in enumerate(envelopes):
        path = os.path.join(folder, f"{number}.envelope")
        with open(path, "wb") as file:
            file.write(envelope)
        paths.append(path)
    rounds = []
    for _ in range(ROUNDS):
        theirs = peer.ask("bench", files=paths, mediaType=media_type, seconds=SECONDS)
        if not theirs["ok"]:
            raise RuntimeError(theirs["error"])
        rounds.append((_rate(envelopes, media_type), float(theirs["perSecond"])))
    ours, theirs_rate = (statistics.median(each[side] for each in rounds) for side in (0, 1))
    return Row(name, ours, theirs_rate, statistics.median(mine / other for mine, other in rounds), target)


def _rate(envelopes: list[bytes], media_type: str) -> float:
    """Envelopes a second; more chains than are remembered, so that none is found again on the next pass."""
    count = 0
    start = time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        for envelope in envelopes:
            check_integrity(parse_envelope(envelope, media_type))
        count += len(envelopes)
    return count / (time.perf_counter() - start)
