"""One command over many references, beside a process of notation for each of them."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.tables import Ratio
from tests.interop import notation_cli
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.program import GoRegistries, build
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import without_proxies
from tests.support.ca import make_chain
from tests.support.homes import complete_home
from tests.support.registries import push_artifacts

REFERENCES = 200
ROUNDS = 3
OURS = os.path.join(os.path.dirname(sys.executable), "notarykit")


def measure(folder: str) -> Iterator[Ratio]:
    """Times both in turns, one artifact signed for each reference and verified afterwards."""
    home = complete_home(Path(folder, "home"), make_chain("EC-256", 3, ca_kind="EC-256"))
    with contextlib.ExitStack() as stack:
        registry = GoRegistries(stack, RegistryCA(folder), build()).memory()
        commands = _Commands(registry, home.environment(), Path(folder, "references"))
        for at_a_time, target in ((1, 6.0), (2, None)):
            rounds: dict[str, list[tuple[float, float]]] = {"sign": [], "verify": []}
            for number in range(ROUNDS):
                ours, theirs = (commands.push(f"bench/{side}-{at_a_time}-{number}") for side in ("ours", "theirs"))
                for operation, rates in rounds.items():
                    rates.append((commands.run(operation, ours), commands.run_each(operation, theirs, at_a_time)))
            for operation, rates in rounds.items():
                processes = "one after the other" if at_a_time == 1 else f"{at_a_time} at a time"
                yield Ratio.of(f"{operation}, notation's processes {processes}", rates, target)


class _Commands:
    def __init__(self, registry: Registry, environment: dict[str, str], references: Path) -> None:
        self._registry = registry
        removed = without_proxies()
        self._environment = {name: value for name, value in environment.items() if name not in removed}
        self._references = references
        self._notation = notation_cli.build()

    def push(self, repository: str) -> list[str]:
        """References of new artifacts."""
        digests = push_artifacts(self._registry.address, repository, [f"v{number}" for number in range(REFERENCES)])
        return [f"{self._registry.host}/{repository}@{digest}" for digest in digests]

    def run(self, operation: str, references: Sequence[str]) -> float:
        """References a second of one command of ours."""
        self._references.write_text("\n".join(references))
        start = time.perf_counter()
        self._run(OURS, operation, "--from", str(self._references))
        return REFERENCES / (time.perf_counter() - start)

    def run_each(self, operation: str, references: Sequence[str], at_a_time: int) -> float:
        """References a second of a process of notation for each."""
        start = time.perf_counter()
        with ThreadPoolExecutor(at_a_time) as pool:
            list(pool.map(lambda reference: self._run(self._notation, operation, reference), references))
        return REFERENCES / (time.perf_counter() - start)

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stderr}")
