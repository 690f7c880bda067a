"""Artifacts in a registry: how many are verified and signed in a second, beside notation-go in the same run."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import notarykit
from notarykit.envelope.unverified import JWS
from tests.bench.tables import Ratio
from tests.interop.go_peer import Peer
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.program import GoRegistries, build
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import without_proxies
from tests.support.ca import make_chain
from tests.support.homes import Home, policy_document
from tests.support.registries import push_artifacts

ARTIFACTS = 200
ROUNDS = 7
SPECS = ("EC-256", "RSA-2048")

Rates = Sequence[float]


class _Side(NamedTuple):
    """How artifacts are worked on side by side.

    Attributes:
        name: Name in the table.
        workers: Number of workers on the Go side.
        executor: Makes the executor on ours.
    """

    name: str
    workers: int
    executor: Callable[[], Executor]


_THREADS = (
    _Side("one at a time", 1, lambda: ThreadPoolExecutor(1)),
    _Side("2 at a time", 2, lambda: ThreadPoolExecutor(2)),
    _Side("4 at a time", 4, lambda: ThreadPoolExecutor(4)),
)
_PROCESSES = _Side("2 processes against 2 at a time", 2, lambda: notarykit.process_pool(2))


def measure(folder: str, peer: Peer) -> Iterator[Ratio]:
    """Times both in turns against one registry in memory; each round has new artifacts, each turn new connections."""
    home = Home(Path(folder, "home"))
    home.set_policy()
    for spec in SPECS:
        chain = make_chain(spec, 3, ca_kind="EC-256")
        home.trust(chain)
        home.add_key(chain, spec)
    for name in without_proxies():
        del os.environ[name]
    os.environ["NOTATION_CONFIG"] = str(home.folder)
    with contextlib.ExitStack() as stack:
        bench = _Bench(GoRegistries(stack, RegistryCA(folder), build()).memory(), home, peer)
        for side in (*_THREADS, _PROCESSES):
            verified = [bench.verify(side) for _ in range(ROUNDS)]
            for place, (name, target) in enumerate((("verify", 1.3), ("verify again", 5.0))):
                rounds = [(mine[place], other[place]) for mine, other in verified]
                yield Ratio.of(f"{name}, {side.name}", rounds, target)
        for spec in SPECS:
            for side in (*_THREADS, _PROCESSES):
                signed = [(bench.sign_here(spec, side), bench.sign_there(spec, side)) for _ in range(ROUNDS)]
                yield Ratio.of(f"sign with {spec}, {side.name}", signed, 1.2 if side.workers == 2 else None)


class _Bench:
    """New artifacts for each round: a process remembers the signatures that it has verified.

    The registry looks through all manifests of a repository for referrers, so a repository never grows.
    """

    def __init__(self, registry: Registry, home: Home, peer: Peer) -> None:
        self._registry = registry
        self._home = home
        self._peer = peer
        self._repositories = 0

    def verify(self, side: _Side) -> tuple[Rates, Rates]:
        """The rates of both sides for new artifacts with one signature each."""
        references = self._push()
        with notarykit.process_pool(2) as others:  # who signs remembers the signature, too
            self._sign(SPECS[0], references, others)
        return self._verify_here(side, references), self._verify_there(side, references)

    def _verify_here(self, side: _Side, references: Sequence[str]) -> Rates:
        """The rates of two rounds with one executor; its workers are started before."""
        with side.executor() as executor, notarykit.load_registries() as registries:
            list(executor.map(time.sleep, [0.1] * side.workers))

            def work() -> None:
                for outcome in notarykit.verify_artifacts(references, registries=registries, executor=executor):
                    outcome.value()

            return _rate(work), _rate(work)

    def _verify_there(self, side: _Side, references: Sequence[str]) -> Rates:
        """The same on the Go side."""
        settings = {"policy": policy_document(), "trustStore": str(self._home.folder), "rounds": 2}
        return self._ask("benchRemote", references, {"workers": side.workers, **settings})

    def sign_here(self, spec: str, side: _Side) -> float:
        """The rate of one round."""
        references = self._push()
        with side.executor() as executor:
            list(executor.map(time.sleep, [0.1] * side.workers))
            return _rate(lambda: self._sign(spec, references, executor))

    def sign_there(self, spec: str, side: _Side) -> float:
        """The same on the Go side."""
        folder = self._home.folder
        key = {"keyFile": str(folder / f"{spec}.key"), "chainFile": str(folder / f"{spec}.chain.pem")}
        return self._ask("benchSignRemote", self._push(), {"workers": side.workers, "mediaType": JWS, **key})[0]

    def _push(self) -> list[str]:
        """References of new artifacts, in a repository of their own."""
        self._repositories += 1
        repository = f"bench/artifacts-{self._repositories}"
        tags = [f"{self._repositories}-{number}" for number in range(ARTIFACTS)]
        digests = push_artifacts(self._registry.address, repository, tags)
        return [f"{self._registry.host}/{repository}@{digest}" for digest in digests]

    def _sign(self, spec: str, references: Sequence[str], executor: Executor) -> None:
        for outcome in notarykit.sign_artifacts(references, spec, executor=executor):
            outcome.value()

    def _ask(self, op: str, references: Sequence[str], members: dict[str, Any]) -> Rates:
        answer = self._peer.ask(op, references=references, **members)
        if not answer["ok"]:
            raise RuntimeError(answer["error"])
        rates: list[float] = answer["perSecond"]
        return rates


def _rate(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return ARTIFACTS / (time.perf_counter() - start)
