"""`make bench`: prints the tables that docs/benchmarks.md keeps. Every figure is a ratio against the same run."""

import os
import platform
import sys
import tempfile
from datetime import UTC, datetime

sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tests.bench import crl, providers, registry, startup, strangers, throughput, tokens
from tests.interop.go_peer import Peer, build


def _verdict(reached: bool) -> str:
    return "yes" if reached else "missed"


def _strangers() -> None:
    most = strangers.MOST_MILLISECONDS
    print("\n| a stranger's signature | bytes | enforced, CPU ms | at most | reached | logged, CPU ms |")
    print("|---|---|---|---|---|---|")
    for each in strangers.measure():
        reached = _verdict(each.strict <= most)
        print(
            f"| {each.name} | {each.size} | {each.strict:.1f} | {most:.0f} | {reached} | {each.audit:.1f} |", flush=True
        )


def main() -> None:
    """Measures and prints."""
    python = platform.python_version()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.platform()}, Python {python}, {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory() as folder:
        print("| command | median, ms | times a bare interpreter | at most | reached |")
        print("|---|---|---|---|---|")
        for row in startup.measure(folder):
            limit = f"{row.target} | {_verdict(row.ratio <= row.target)}" if row.target else "- | -"
            print(f"| `{row.name}` | {row.milliseconds:.1f} | {row.ratio:.2f} | {limit} |", flush=True)
    print("\n| provider | metadata, ms | times bare | at most | reached | first signature, ms | later, ms |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for one in providers.measure(folder):
            ratio = one.metadata / one.bare
            print(
                f"| {one.name} | {one.metadata:.1f} | {ratio:.2f} | 4 | {_verdict(ratio <= 4)} "
                f"| {one.first:.0f} | {one.later:.1f} |",
                flush=True,
            )
    print("\n| keys on SoftHSM | in one process, 1/s | executable, 1/s | pkcs11-tool, 1/s | times the tool |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for kind in tokens.measure(folder):
            ratios = f"{kind.inside / kind.tool:.1f}, {kind.executable / kind.tool:.2f}"
            print(
                f"| {kind.spec} | {kind.inside:.0f} | {kind.executable:.1f} | {kind.tool:.1f} | {ratios} |", flush=True
            )
    print("\n| envelopes, chains of 3 | notarykit, 1/s | notation-core-go, 1/s | ratio | at least | reached |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, Peer(build()) as peer:
        for each in throughput.measure(folder, peer):
            print(
                f"| {each.name} | {each.ours:.0f} | {each.theirs:.0f} | {each.ratio:.2f} | {each.target} "
                f"| {_verdict(each.ratio >= each.target)} |",
                flush=True,
            )
    print("\n| artifacts in a registry | notarykit, 1/s | notation-go, 1/s | ratio | at least | reached |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, Peer(build()) as peer:
        for found in registry.measure(folder, peer):
            limit = f"{found.target} | {_verdict(found.ratio >= found.target)}" if found.target else "- | -"
            print(f"| {found.name} | {found.ours:.0f} | {found.theirs:.0f} | {found.ratio:.2f} | {limit} |", flush=True)
    _strangers()
    with tempfile.TemporaryDirectory() as folder:
        large = crl.measure(folder)
    print(f"\n| a CRL of {crl.ENTRIES:,} entries | notarykit | notation-core-go | ratio | at most | reached |")
    print("|---|---|---|---|---|---|")
    for part, ours, theirs, most in large:
        verdict = _verdict(ours / theirs <= most)
        print(f"| {part} | {ours:.2f} | {theirs:.2f} | {ours / theirs:.2f} | {most} | {verdict} |", flush=True)


if __name__ == "__main__":
    main()
