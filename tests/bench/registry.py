"""How many artifacts in a registry are verified and signed in a second, beside notation-go in the same run."""

import contextlib
import json
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from notarykit.envelope.unverified import JWS
from notarykit.keys.local import LocalSigner
from notarykit.oci.reference import Digest
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.repository import RegistryRepository
from notarykit.signing.artifact import sign_artifact
from notarykit.signing.options import SignOptions
from notarykit.trust.policy import parse_policy_document
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.artifact import ArtifactRequest
from notarykit.verification.verifier import verify_artifacts
from tests.interop.go_peer import Peer
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.program import GoRegistries, build
from tests.servers.registry.running import Registry
from tests.support.ca import make_chain
from tests.support.homes import Home, complete_home, policy_document
from tests.support.registries import push_artifacts

ARTIFACTS = 200
ROUNDS = 7
REPOSITORY = "bench/artifacts"

Rates = Sequence[float]


class Row(NamedTuple):
    """One way of verifying or signing.

    Attributes:
        name: What is done, and how many at a time.
        ours: Artifacts a second, the median of the rounds.
        theirs: The same of notation-go.
        ratio: The median of the rounds' ratios.
        target: What the ratio is to reach at least, where there is a target.
    """

    name: str
    ours: float
    theirs: float
    ratio: float
    target: float | None


def measure(folder: str, peer: Peer) -> list[Row]:
    """Times both in turns against one registry in memory; each turn begins with new connections."""
    with contextlib.ExitStack() as stack:
        registry = GoRegistries(stack, RegistryCA(folder), build()).memory()
        home = complete_home(Path(folder, "home"), make_chain("EC-256", 3, ca_kind="EC-256"))
        bench = _Bench(registry, home, peer)
        rows = []
        for workers in (1, 2):
            at_a_time = "one at a time" if workers == 1 else f"{workers} at a time"
            ahead = 1.0 if workers == 1 else None
            verified = [(bench.verify_here(workers), bench.verify_there(workers)) for _ in range(ROUNDS)]
            signed = [(bench.sign_here(workers), bench.sign_there(workers)) for _ in range(ROUNDS)]
            rows += [
                _row(f"verify, {at_a_time}", [(mine[0], other[0]) for mine, other in verified], ahead),
                _row(f"verify again, {at_a_time}", [(mine[1], other[1]) for mine, other in verified], 1.0),
                _row(f"sign, {at_a_time}", signed, ahead),
            ]
        return rows


def _row(name: str, rounds: Sequence[tuple[float, float]], target: float | None) -> Row:
    ours, theirs = (statistics.median(each[side] for each in rounds) for side in (0, 1))
    return Row(name, ours, theirs, statistics.median(mine / other for mine, other in rounds), target)


class _Bench:
    """Artifacts that have one signature each, and others that are signed again and again."""

    def __init__(self, registry: Registry, home: Home, peer: Peer) -> None:
        self._host = registry.host
        self._peer = peer
        self._home = home
        self._key = {"keyFile": str(home.folder / "build.key"), "chainFile": str(home.folder / "build.chain.pem")}
        self._signed = push_artifacts(registry.address, REPOSITORY, [f"signed-{each}" for each in range(ARTIFACTS)])
        self._others = push_artifacts(registry.address, REPOSITORY, [f"other-{each}" for each in range(ARTIFACTS)])
        self._sign(self._signed, 2)

    def verify_here(self, workers: int) -> Rates:
        """The rates of two rounds in one process."""
        document = parse_policy_document(json.dumps(policy_document()).encode())
        store = DirectoryTrustStore(str(self._home.folder / "truststore"))
        with contextlib.closing(RegistryHost(self._host, RegistrySettings())) as host:

            def work() -> None:
                artifacts = [
                    ArtifactRequest(lambda: RegistryRepository(host, REPOSITORY), digest, f"{self._host}/{REPOSITORY}")
                    for digest in self._signed
                ]
                found = verify_artifacts(artifacts, document, store, workers=workers)
                failures = [each for each in found if isinstance(each, Exception)]
                assert not failures, failures[0]

            return _rate(work), _rate(work)

    def verify_there(self, workers: int) -> Rates:
        """The same on the Go side."""
        settings = {"policy": policy_document(), "trustStore": str(self._home.folder), "rounds": 2}
        return self._ask("benchRemote", self._signed, workers, settings)

    def sign_here(self, workers: int) -> float:
        """The rate of one round."""
        return _rate(lambda: self._sign(self._others, workers))

    def sign_there(self, workers: int) -> float:
        """The same on the Go side."""
        return self._ask("benchSignRemote", self._others, workers, {**self._key, "mediaType": JWS})[0]

    def _sign(self, digests: Sequence[Digest], workers: int) -> None:
        signer = LocalSigner.from_files(self._key["keyFile"], self._key["chainFile"])
        with contextlib.closing(RegistryHost(self._host, RegistrySettings())) as host:

            def sign(digest: Digest) -> None:
                sign_artifact(RegistryRepository(host, REPOSITORY), digest, signer, SignOptions(media_type=JWS))

            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(sign, digests))

    def _ask(self, op: str, digests: Sequence[str], workers: int, members: dict[str, Any]) -> Rates:
        references = [f"{self._host}/{REPOSITORY}@{digest}" for digest in digests]
        answer = self._peer.ask(op, references=references, workers=workers, **members)
        if not answer["ok"]:
            raise RuntimeError(answer["error"])
        rates: list[float] = answer["perSecond"]
        return rates


def _rate(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return ARTIFACTS / (time.perf_counter() - start)
