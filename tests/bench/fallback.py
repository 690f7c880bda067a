"""How the referrers index fares under many signers at once: what is lost, and how often it is written again.

Prints the table that docs/architecture.md keeps. An entry is lost to a writer that read the index before our last write
and writes after our last look: "covered" is the time between the two, "unseen" is the time from the last look to the
moment when the signature counts as stored.
"""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tests.interop.go_peer import Peer, build
from tests.servers.registry import program
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.program import GoRegistries
from tests.support.ca import make_chain
from tests.support.homes import complete_home
from tests.support.many_signers import REPOSITORY, Count, Signers
from tests.support.registries import push_artifacts
from tests.support.requirements import missing

RUNS = 5
PEERS = 2


def _row(name: str, counts: list[Count]) -> str:
    pushes = [push for count in counts for push in count.pushes]
    again = sum(push.writes - 1 for push in pushes)
    covered = [push.covered * 1000 for push in pushes if push.writes]
    theirs = sum(count.theirs for count in counts)
    return (
        f"| {name} | {len(pushes)} | {sum(count.ours_lost for count in counts)} "
        f"| {f'{sum(count.theirs_lost for count in counts)} of {theirs}' if theirs else '-'} "
        f"| {again} | {max(push.writes for push in pushes)} | {min(covered):.0f} to {max(covered):.0f} "
        f"| {max(push.unseen for push in pushes) * 1000:.1f} |"
    )


def main() -> None:
    """Measures and prints."""
    print(
        "| registry, signers | signed | lost | lost of Go's | written again | most for one | covered, ms | unseen, ms |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        ca = RegistryCA(folder)
        home = complete_home(Path(folder, "home"), make_chain("EC-256", 2, ca_kind="EC-256"))
        peers = [stack.enter_context(Peer(build())) for _ in range(PEERS)]
        registries = {"in memory": GoRegistries(stack, ca, program.build())(referrers=False)}
        if not missing("docker-registry"):
            registries["docker-registry"] = DockerRegistries(stack, ca)()
        for kind, registry in registries.items():
            locks = os.path.join(folder, f"locks of {kind}")
            scenes: list[tuple[str, str, list[Peer]]] = [
                ("one lock", locks, []),
                ("no lock", "", []),
                ("one lock, Go's beside", locks, peers),
                ("no lock, Go's beside", "", peers),
            ]
            for number, (name, lock_folder, beside) in enumerate(scenes):
                digests = push_artifacts(registry.address, REPOSITORY, [f"{number}-{run}" for run in range(RUNS)])
                signers = Signers(home, beside)
                print(
                    _row(f"{kind}, {name}", [signers.sign(registry, each, lock_folder) for each in digests]), flush=True
                )


if __name__ == "__main__":
    main()
