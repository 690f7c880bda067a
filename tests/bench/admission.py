"""Admission beside Ratify: both verify the same signatures in one registry, and are asked as Gatekeeper asks."""

import contextlib
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import notarykit
from tests.bench import ratify
from tests.bench.provider import Provider, Times, running
from tests.interop.go_peer import Peer
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.program import GoRegistries, build
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import without_proxies
from tests.support.ca import make_chain
from tests.support.homes import Home
from tests.support.ports import free_port
from tests.support.registries import push_artifacts

ARTIFACTS, ROUNDS, AGAIN = 200, 5, 10
SPEC = "EC-256"
_PROGRAM = os.path.join(os.path.dirname(sys.executable), "notarykit-admission")


class Row(NamedTuple):
    """Figure of both programs.

    Attributes:
        name: What was measured, with its unit.
        ours: Ours, the median of the rounds.
        theirs: Ratify's.
        ratio: The median of the rounds' ratios, ours to theirs.
        target: What the ratio should be.
        is_lower_better: True if it should be that at most, and at least else.
    """

    name: str
    ours: float
    theirs: float
    ratio: float
    target: float | None
    is_lower_better: bool = False


def measure(folder: str, peer: Peer) -> Iterator[Row]:
    """Asks both in turns; each round has artifacts that neither has seen, and asks for all of them again."""
    home = Home(Path(folder, "home"))
    home.set_policy()
    chain = make_chain(SPEC, 3)
    home.trust(chain)
    home.add_key(chain, SPEC)
    for name in without_proxies():
        del os.environ[name]
    os.environ["NOTATION_CONFIG"] = str(home.folder)
    with contextlib.ExitStack() as stack:
        registry = GoRegistries(stack, RegistryCA(folder), build()).memory()
        (gatekeeper := Path(folder, "gatekeeper")).mkdir()
        ca = RegistryCA(str(gatekeeper), "Gatekeeper CA")
        ours = stack.enter_context(_ours(home, ca))
        theirs = stack.enter_context(_theirs(Path(folder, "ratify"), chain.pems[-1], ca))
        bench = _Bench(registry, peer, ours, theirs)
        for clients in (1, 8):
            yield from bench.rows(clients)
        yield _row("peak memory, MiB", [(ours.mebibytes(), theirs.mebibytes())], 1.5, is_lower_better=True)


class _Bench:
    """New artifacts for each round: what a program has seen it may remember."""

    def __init__(self, registry: Registry, peer: Peer, ours: Provider, theirs: Provider) -> None:
        self._registry = registry
        self._peer = peer
        self._providers = (ours, theirs)
        self._repositories = 0

    def rows(self, clients: int) -> Iterator[Row]:
        """Figures for so many clients."""
        rounds = [self._round(clients) for _ in range(ROUNDS)]
        side = "one client" if clients == 1 else f"{clients} clients"
        for place, (name, target) in enumerate((("cold", 1.2), ("warm", 2.0))):
            times = [tuple(provider[place] for provider in each) for each in rounds]
            yield _row(f"{name}, {side}, 1/s", [(mine.rate, other.rate) for mine, other in times], target)
            most = 0.5 if name == "warm" else None
            found = [(mine.p99, other.p99) for mine, other in times]
            yield _row(f"{name}, {side}, p99 ms", found, most, is_lower_better=True)

    def _round(self, clients: int) -> list[tuple[Times, Times]]:
        """For each provider, what a client saw the first time and later."""
        references = self._push()
        return [
            (provider.ask(self._peer, references, clients), provider.ask(self._peer, references, clients, AGAIN))
            for provider in self._providers
        ]

    def _push(self) -> list[str]:
        """References of new artifacts with a signature each, in a repository of their own."""
        self._repositories += 1
        repository = f"bench/images-{self._repositories}"
        tags = [f"{self._repositories}-{number}" for number in range(ARTIFACTS)]
        digests = push_artifacts(self._registry.address, repository, tags)
        references = [f"{self._registry.host}/{repository}@{digest}" for digest in digests]
        with notarykit.process_pool(2) as executor:
            for outcome in notarykit.sign_artifacts(references, SPEC, executor=executor):
                outcome.value()
        return references


@contextlib.contextmanager
def _ours(home: Home, ca: RegistryCA) -> Iterator[Provider]:
    server = ca.server()
    command = [_PROGRAM, "--policy", str(home.folder), "--certificate", server.certificate, "--key", server.key]
    command += ["--client-ca", ca.ca_file, "--address", "127.0.0.1", "--port", str(port := free_port())]
    with running(command, home.environment(), port, home.folder / "admission.log") as pid:
        yield _provider(pid, port, "/gatekeeper/verify", ca)


@contextlib.contextmanager
def _theirs(folder: Path, root: bytes, ca: RegistryCA) -> Iterator[Provider]:
    settings = ratify.write_settings(folder, root, ca.server())
    port = free_port()
    command = [ratify.RATIFY.build(), "serve", "-c", str(settings.config), "--http", f"127.0.0.1:{port}"]
    command += ["--cert-dir", str(settings.certificates), "--ca-cert-file", ca.ca_file, "--cache-enabled"]
    with running(command, os.environ | {"HOME": str(folder)}, port, folder / "ratify.log") as pid:
        yield _provider(pid, port, "/ratify/gatekeeper/v1/verify", ca)


def _provider(pid: int, port: int, path: str, ca: RegistryCA) -> Provider:
    return Provider(pid, f"https://127.0.0.1:{port}{path}", ca, ca.client("gatekeeper"))


def _row(
    name: str, rounds: Sequence[tuple[float, float]], target: float | None, *, is_lower_better: bool = False
) -> Row:
    ours, theirs = (statistics.median(figures[side] for figures in rounds) for side in (0, 1))
    return Row(name, ours, theirs, statistics.median(mine / other for mine, other in rounds), target, is_lower_better)
