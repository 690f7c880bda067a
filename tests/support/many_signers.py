"""Many signers of one artifact in a registry, in several processes, watched while they change the referrers index."""

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier
from typing import Any, NamedTuple

from notarykit.keys.local import LocalSigner
from notarykit.net.budget import Budget
from notarykit.net.messages import Response
from notarykit.oci.reference import Digest
from notarykit.oci.registry.endpoint import RepositoryEndpoint
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.referrers_tag import referrers_tag
from notarykit.oci.registry.repository import RegistryRepository
from notarykit.signing.artifact import sign_artifact
from tests.interop.go_peer import Peer
from tests.servers.registry.running import Registry
from tests.support.envelopes import JWS
from tests.support.homes import Home
from tests.support.registries import fallback_entries

REPOSITORY = "many/signers"
PEERS_EACH = 5
SECONDS_TO_END = 120


class Task(NamedTuple):
    """Task of every process.

    Attributes:
        host: The registry.
        repository: The repository's name.
        digest: The artifact.
        key_file: The key.
        chain_file: Its chain.
        lock_folder: Where the signers take turns, or an empty string.
        threads: How many signers there are in a process, all at once.
        each: How many signatures each of them makes, one after the other.
    """

    host: str
    repository: str
    digest: Digest
    key_file: str
    chain_file: str
    lock_folder: str
    threads: int = 5
    each: int = 1


class Push(NamedTuple):
    """How one signature came into the index.

    Attributes:
        digest: The signature manifest's digest.
        writes: How often the index was written for it.
        covered: Seconds from the end of the last write of it to the beginning of the last look.
        unseen: Seconds from the end of the last look to the moment when the signature counted as stored.
    """

    digest: str
    writes: int
    covered: float
    unseen: float


class _WatchedEndpoint(RepositoryEndpoint):
    """Endpoint that records reads and writes of the referrers index."""

    def __init__(self, host: RegistryHost, task: Task) -> None:
        super().__init__(host, task.repository, Budget())
        self._path = f"manifests/{referrers_tag(task.digest)}"
        self.writes = 0
        self._written = self._looked = self._seen = 0.0

    def send(self, method: str, path: str, *arguments: Any, **options: Any) -> Response:
        """Sends a request and records it."""
        start = time.monotonic()
        response = super().send(method, path, *arguments, **options)
        if path == self._path and method == "PUT":
            self.writes += 1
            self._written = time.monotonic()
        elif path == self._path:
            self._looked, self._seen = start, time.monotonic()
        return response

    def pushed(self, digest: str) -> Push:
        """Returns the record of a push so far."""
        return Push(digest, self.writes, self._looked - self._written, time.monotonic() - self._seen)


class Count(NamedTuple):
    """Signatures of one artifact after all signers have finished.

    Attributes:
        pushes: Ours, as they went.
        ours_lost: How many of them the index does not list.
        theirs: How many the Go side made.
        theirs_lost: How many of those the index does not list.
        entries: What the index lists.
    """

    pushes: list[Push]
    ours_lost: int
    theirs: int
    theirs_lost: int
    entries: list[str]


class Signers:
    """Signers that share a key, of both sides."""

    def __init__(self, home: Home, peers: list[Peer] | None = None) -> None:
        """Takes the settings that list the key, and the Go peers that sign beside our processes."""
        self._key_file, self._chain_file = str(home.folder / "build.key"), str(home.folder / "build.chain.pem")
        self._peers = peers or []

    def sign(self, registry: Registry, digest: Digest, lock_folder: str) -> Count:
        """Has 4 processes of 5 signers each sign one artifact at once, and the Go peers with them."""
        task = Task(registry.host, REPOSITORY, digest, self._key_file, self._chain_file, lock_folder)
        with ThreadPoolExecutor(max(1, len(self._peers))) as pool:
            begun: list[Iterator[list[str]]] = []

            def begin() -> None:
                begun.append(pool.map(lambda peer: self._sign_there(peer, task), self._peers))

            pushes = sign_in_processes(task, meanwhile=begin)
            theirs = [signature for signatures in begun[0] for signature in signatures]
        entries = [each["digest"] for each in fallback_entries(registry.address, REPOSITORY, digest)]
        ours_lost = len({push.digest for push in pushes} - set(entries))
        return Count(pushes, ours_lost, len(theirs), len(set(theirs) - set(entries)), entries)

    def _sign_there(self, peer: Peer, task: Task) -> list[str]:
        signatures = []
        for _ in range(PEERS_EACH):
            answer = peer.ask(
                "signRemote",
                reference=f"{task.host}/{task.repository}@{task.digest}",
                keyFile=task.key_file,
                chainFile=task.chain_file,
                mediaType=JWS,
            )
            if answer["ok"]:
                signatures.append(str(answer["signature"]))
        return signatures


def sign_in_processes(task: Task, processes: int = 4, meanwhile: Callable[[], object] = lambda: None) -> list[Push]:
    """Signs in several processes that begin together, and returns how it went for each signature.

    Args:
        task: What each process does.
        processes: How many there are.
        meanwhile: Called here as soon as the processes begin.
    """
    context = multiprocessing.get_context("spawn")
    together, results = context.Barrier(processes + 1), context.Queue()
    started = [context.Process(target=_work, args=(task, together, results)) for _ in range(processes)]
    for process in started:
        process.start()
    together.wait(SECONDS_TO_END)
    meanwhile()
    outcomes: list[Sequence[Push] | str] = [results.get(timeout=SECONDS_TO_END) for _ in started]
    for process in started:
        process.join(SECONDS_TO_END)
    failures = [each for each in outcomes if isinstance(each, str)]
    if failures:
        raise RuntimeError("\n".join(failures))
    return [push for pushes in outcomes if not isinstance(pushes, str) for push in pushes]


def _work(task: Task, together: Barrier, results: Any) -> None:
    try:
        signer = LocalSigner.from_files(task.key_file, task.chain_file)
        settings = RegistrySettings(lock_folder=task.lock_folder)
        with contextlib.closing(RegistryHost(task.host, settings)) as host, ThreadPoolExecutor(task.threads) as pool:
            together.wait(SECONDS_TO_END)
            done = pool.map(lambda _: [_sign(host, task, signer) for _ in range(task.each)], range(task.threads))
            results.put([push for pushes in done for push in pushes])
    except Exception as error:  # noqa: BLE001 - it is told to whoever started the process
        results.put(f"{type(error).__name__}: {error}")


def _sign(host: RegistryHost, task: Task, signer: LocalSigner) -> Push:
    repository = RegistryRepository(host, task.repository)
    repository._endpoint = endpoint = _WatchedEndpoint(host, task)
    signed = sign_artifact(repository, task.digest, signer)
    return endpoint.pushed(signed.manifest.digest)
