"""Ten thousand artifacts in 200 repositories: one verify over all of them, and an audit of the registry."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from notarykit.batch.executors import usable_cores
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.program import GoRegistries, build
from tests.servers.registry.scenes import without_proxies
from tests.support.homes import Home
from tests.support.processes import Run, watch
from tests.support.registry_content import RegistryContent

REPOSITORIES, ARTIFACTS, FIRST = 200, 10_000, 200
MOST_MEBIBYTES = 200.0
_PROGRAM = os.path.join(os.path.dirname(sys.executable), "notarykit")


class Row(NamedTuple):
    """A command over all artifacts.

    Attributes:
        name: The command.
        rate: Artifacts a second, from the command's start to its end.
        ratio: The rate as a multiple of that which `against` names.
        against: The other rate.
        target: The multiple to reach at least.
        early: Memory of all processes when a tenth of the work was done, MiB.
        peak: The largest, MiB.
        processes: The largest number of processes.
    """

    name: str
    rate: float
    ratio: float
    against: str
    target: float
    early: float
    peak: float
    processes: int


def measure(folder: str) -> Iterator[Row]:
    """Runs both commands on a registry with generated content."""
    with contextlib.ExitStack() as stack:
        content = RegistryContent(REPOSITORIES, ARTIFACTS)
        path = content.write(Path(folder, "content"))
        registry = GoRegistries(stack, RegistryCA(folder), build()).memory(path, page_size=100)
        home = content.home(Path(folder, "home"))
        references = Path(folder, "references")
        references.write_text("\n".join(content.references(registry.host)))
        verified = _run(home, "verify", "--from", str(references), "--output", "jsonl")
        assert len(verified.times) >= ARTIFACTS, verified.errors[-1000:]
        first = (FIRST - 1) / (verified.times[FIRST - 1] - verified.times[0])
        rest = (ARTIFACTS - FIRST) / (verified.times[ARTIFACTS - 1] - verified.times[FIRST - 1])
        rate = ARTIFACTS / verified.seconds
        yield _row("verify --from", verified, rest / first, f"the first {FIRST}: {first:.0f}/s", 0.95)
        output = Path(folder, "audit.jsonl")
        audited = _run(home, "audit", registry.host, "--output", "none", "--output-file", str(output))
        assert sum(b'"verdict"' in line for line in output.open("rb")) >= ARTIFACTS, audited.errors[-1000:]
        audit_rate = ARTIFACTS / audited.seconds
        yield _row("audit", audited, audit_rate / rate, f"verify: {rate / usable_cores():.0f}/s per core", 1.0)


def _run(home: Home, *arguments: str) -> Run:
    removed = without_proxies()
    environment = {name: value for name, value in home.environment().items() if name not in removed}
    return watch([_PROGRAM, *arguments], environment)


def _row(name: str, run: Run, ratio: float, against: str, target: float) -> Row:
    samples = run.samples
    early = samples[len(samples) // 10]
    return Row(
        name,
        ARTIFACTS / run.seconds,
        ratio,
        against,
        target,
        early.mebibytes,
        max(sample.mebibytes for sample in samples),
        max(sample.processes for sample in samples),
    )
