"""Artifacts in a registry: how many are verified and signed in a second, beside notation-go in the same run."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

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
from notarykit.verification.verifier import Verifier
from tests.bench.tables import Ratio
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
AT_A_TIME = (1, 2, 4)
SPECS = ("EC-256", "RSA-2048")

Rates = Sequence[float]


def measure(folder: str, peer: Peer) -> Iterator[Ratio]:
    """Times both in turns against one registry in memory; each turn begins with new connections."""
    with contextlib.ExitStack() as stack:
        registry = GoRegistries(stack, RegistryCA(folder), build()).memory()
        homes = {spec: complete_home(Path(folder, spec), make_chain(spec, 3, ca_kind="EC-256")) for spec in SPECS}
        bench = _Bench(registry, homes, peer)
        for workers in AT_A_TIME:
            verified = [(bench.verify_here(workers), bench.verify_there(workers)) for _ in range(ROUNDS)]
            for place, (name, target) in enumerate((("verify", 1.3), ("verify again", 5.0))):
                rounds = [(mine[place], other[place]) for mine, other in verified]
                yield Ratio.of(f"{name}, {_at_a_time(workers)}", rounds, target)
        for spec in SPECS:
            for workers in AT_A_TIME:
                signed = [(bench.sign_here(spec, workers), bench.sign_there(spec, workers)) for _ in range(ROUNDS)]
                yield Ratio.of(f"sign with {spec}, {_at_a_time(workers)}", signed, 1.2 if workers == 2 else None)


def _at_a_time(workers: int) -> str:
    return "one at a time" if workers == 1 else f"{workers} at a time"


class _Bench:
    """Artifacts that have one signature each, and new ones for each round of signing.

    The registry looks through all manifests of a repository for referrers, so a repository never grows.
    """

    def __init__(self, registry: Registry, homes: dict[str, Home], peer: Peer) -> None:
        self._registry = registry
        self._host = registry.host
        self._peer = peer
        self._homes = homes
        self._rounds = 0
        self._signed = push_artifacts(registry.address, REPOSITORY, [f"signed-{each}" for each in range(ARTIFACTS)])
        self._sign("EC-256", REPOSITORY, self._signed, 2)

    def verify_here(self, workers: int) -> Rates:
        """The rates of two rounds in one process."""
        document = parse_policy_document(json.dumps(policy_document()).encode())
        store = DirectoryTrustStore(str(self._homes["EC-256"].folder / "truststore"))
        with contextlib.closing(RegistryHost(self._host, RegistrySettings())) as host:

            def work() -> None:
                artifacts = [
                    ArtifactRequest(lambda: RegistryRepository(host, REPOSITORY), digest, f"{self._host}/{REPOSITORY}")
                    for digest in self._signed
                ]
                outcomes = Verifier(document, store).artifacts(artifacts, workers=workers)
                failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
                assert not failures, failures[0]

            return _rate(work), _rate(work)

    def verify_there(self, workers: int) -> Rates:
        """The same on the Go side."""
        settings = {"policy": policy_document(), "trustStore": str(self._homes["EC-256"].folder), "rounds": 2}
        return self._ask("benchRemote", REPOSITORY, self._signed, {"workers": workers, **settings})

    def sign_here(self, spec: str, workers: int) -> float:
        """The rate of one round."""
        repository, digests = self._unsigned()
        return _rate(lambda: self._sign(spec, repository, digests, workers))

    def sign_there(self, spec: str, workers: int) -> float:
        """The same on the Go side."""
        repository, digests = self._unsigned()
        key_file, chain_file = self._key(spec)
        settings = {"keyFile": key_file, "chainFile": chain_file, "mediaType": JWS, "workers": workers}
        return self._ask("benchSignRemote", repository, digests, settings)[0]

    def _unsigned(self) -> tuple[str, list[Digest]]:
        """A new repository with artifacts."""
        self._rounds += 1
        repository = f"{REPOSITORY}-{self._rounds}"
        tags = [f"{self._rounds}-{number}" for number in range(ARTIFACTS)]
        return repository, push_artifacts(self._registry.address, repository, tags)

    def _key(self, spec: str) -> tuple[str, str]:
        folder = self._homes[spec].folder
        return str(folder / "build.key"), str(folder / "build.chain.pem")

    def _sign(self, spec: str, repository: str, digests: Sequence[Digest], workers: int) -> None:
        signer = LocalSigner.from_files(*self._key(spec))
        with contextlib.closing(RegistryHost(self._host, RegistrySettings())) as host:

            def sign(digest: Digest) -> None:
                sign_artifact(RegistryRepository(host, repository), digest, signer, SignOptions(media_type=JWS))

            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(sign, digests))

    def _ask(self, op: str, repository: str, digests: Sequence[Digest], members: dict[str, Any]) -> Rates:
        references = [f"{self._host}/{repository}@{digest}" for digest in digests]
        answer = self._peer.ask(op, references=references, **members)
        if not answer["ok"]:
            raise RuntimeError(answer["error"])
        rates: list[float] = answer["perSecond"]
        return rates


def _rate(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return ARTIFACTS / (time.perf_counter() - start)
