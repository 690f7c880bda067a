"""Envelopes in memory: how many are verified in a second in one process, beside notation-core-go in the same run."""

import os
import time
from collections.abc import Iterator, Sequence

from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.unverified import COSE, JWS
from tests.bench.tables import Ratio
from tests.interop.go_peer import Peer
from tests.support.ca import Changes, TestChain, make_chain
from tests.support.envelopes import sign_envelope

CHAINS = 600
ROUNDS = 5
SECONDS = 1.0


def measure(folder: str, peer: Peer) -> Iterator[Ratio]:
    """Times both in turns for each kind of envelopes."""
    for spec in ("RSA-2048", "EC-256"):
        for media_type, short in ((JWS, "JWS"), (COSE, "COSE")):
            chain = make_chain(spec, 3, ca_kind=spec)
            cases: Sequence[tuple[str, float, Sequence[TestChain]]] = [
                ("every chain another", 1.0, [make_chain(spec, 3, ca_kind=spec) for _ in range(CHAINS)]),
                ("every leaf another, CAs shared", 1.5, [_with_another_leaf(chain) for _ in range(CHAINS)]),
                ("one chain shared", 4.0, [chain] * CHAINS),
            ]
            for name, target, chains in cases:
                envelopes = [sign_envelope(chain, media_type) for chain in chains]
                rounds = _rounds(envelopes, media_type, folder, peer)
                yield Ratio.of(f"{spec}, {short}, {name}", rounds, target)


def _with_another_leaf(chain: TestChain) -> TestChain:
    """Returns a chain whose leaf the same CAs issued."""
    cas = {place: Changes(key=key) for place, key in enumerate(chain.keys) if place}
    other = make_chain(chain.spec, len(chain.ders), cas=cas)
    return other.with_ders([other.ders[0], *chain.ders[1:]])


def _rounds(envelopes: list[bytes], media_type: str, folder: str, peer: Peer) -> list[tuple[float, float]]:
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
    return rounds


def _rate(envelopes: list[bytes], media_type: str) -> float:
    """Envelopes a second; more chains and signatures than are remembered, so that none is found on the next pass."""
    count = 0
    start = time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        for envelope in envelopes:
            check_integrity(parse_envelope(envelope, media_type))
        count += len(envelopes)
    return count / (time.perf_counter() - start)
