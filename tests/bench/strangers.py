"""What a stranger's signature costs: the processor's time for each kind of what somebody who may push can attach."""

import contextlib
import time
from typing import NamedTuple

from notarykit.errors import NotarykitError
from notarykit.trust.store import MemoryTrustStore
from tests.support.strangers import Stranger, strangers
from tests.unit.verification.setting import CHAIN, policy, verify

MOST_MILLISECONDS = 20.0
ROUNDS = 15


class Row(NamedTuple):
    """One kind of signature.

    Attributes:
        name: What makes it costly.
        size: The envelope's bytes.
        strict: Milliseconds where authenticity is enforced, the median.
        audit: Milliseconds where it is logged, and integrity validated first.
    """

    name: str
    size: int
    strict: float
    audit: float


def measure() -> list[Row]:
    """Verifies each kind of signature with a root and a CA in the trust store."""
    stores = MemoryTrustStore({"ca:acme": [CHAIN.ders[-1], CHAIN.ders[1]]})
    return [
        Row(each.name, len(each.envelope), *(_milliseconds(each, level, stores) for level in ("strict", "audit")))
        for each in strangers(CHAIN)
    ]


def _milliseconds(stranger: Stranger, level: str, stores: MemoryTrustStore) -> float:
    times = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        with contextlib.suppress(NotarykitError):
            verify(stranger.envelope, stranger.media_type, policy(level), store=stores)
        times.append(1000 * (time.process_time() - begun))
    return sorted(times)[ROUNDS // 2]
