"""A CRL with a million entries out of the cache: time and memory, the first time and for another certificate."""

import json
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.interop.go_peer import Peer, build
from tests.support.ca import Changes, crl_at, make_chain, pem_of
from tests.support.crls import make_large_crl

ENTRIES = 1_000_000
_URL = "http://127.0.0.1:9/ca.crl"
_ROUNDS = 5
_MOST = (0.6, 0.1, 0.4)
_CHILD = str(Path(__file__).with_name("crl_process.py"))
_MEGABYTE = 1024 * 1024


class Measured(NamedTuple):
    """What one implementation needs.

    Attributes:
        first: Seconds for the first certificate in a process, its CRL in the cache's file.
        another: Seconds for another certificate of the same CA in the same process.
        peak: The process's largest memory, in MiB.
    """

    first: float
    another: float
    peak: float


class Row(NamedTuple):
    """A figure of both.

    Attributes:
        name: What was measured.
        ours: Our figure.
        theirs: The Go library's.
        most: What ours may be of theirs at most.
    """

    name: str
    ours: float
    theirs: float
    most: float


def measure(folder: str) -> list[Row]:
    """Makes the CRL and the cache, and asks both implementations about certificates that it does not list."""
    chain = make_chain(length=2, leaf=Changes(put=(crl_at(_URL),)))
    crl = make_large_crl(chain, 1, ENTRIES, serial_bytes=20)
    from notarykit.revocation.file_cache import CachedCrls, CrlCache

    CrlCache(folder).write(_URL, CachedCrls(crl, None))
    (Path(folder) / "chain.json").write_text(json.dumps([b64encode(der).decode() for der in chain.ders]))
    (Path(folder) / "ca.pem").write_bytes(pem_of(chain.keys[1]))
    ours = [_ours(folder) for _ in range(_ROUNDS)]
    theirs = [_theirs(folder, chain.ders) for _ in range(_ROUNDS)]
    size = f"{len(crl) / _MEGABYTE:.0f} MiB"
    names = (f"{size} in the cache, first certificate, s", "another certificate, same process, s", "peak memory, MiB")
    return [
        Row(name, median(mine), median(other), most)
        for name, mine, other, most in zip(
            names, zip(*ours, strict=True), zip(*theirs, strict=True), _MOST, strict=True
        )
    ]


def _ours(folder: str) -> Measured:
    done = subprocess.run([sys.executable, _CHILD, folder], capture_output=True, check=True)
    return Measured(*json.loads(done.stdout))


def _theirs(folder: str, ders: tuple[bytes, ...]) -> Measured:
    with Peer(build()) as peer:
        chain = [b64encode(der).decode() for der in ders]
        answer = peer.ask("benchCrl", cacheFolder=folder, url=_URL, chain=chain, rounds=1)
    assert answer["ok"], answer
    return Measured(answer["first"], median(answer["same"]), answer["peakBytes"] / _MEGABYTE)
