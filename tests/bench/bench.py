"""`make bench`: prints the tables that docs/benchmarks.md keeps. Every figure is a ratio against the same run."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from notarykit.batch.executors import usable_cores
from tests.bench import (
    admission,
    blobs,
    crl,
    envelopes,
    many,
    page,
    providers,
    registry,
    scale,
    startup,
    strangers,
    tokens,
)
from tests.bench.tables import at_least, at_most, print_ratios, print_table
from tests.interop import go_blob_peer
from tests.interop.go_peer import Peer, build


def _startup(folder: str) -> None:
    _print_times(startup.measure(folder))


def _print_times(rows: list[startup.Row]) -> None:
    print_table(
        ("command", "median, ms", "times a bare interpreter", "at most", "reached"),
        (
            (f"`{row.name}`", f"{row.milliseconds:.1f}", f"{row.ratio:.2f}", *at_most(row.ratio, row.target))
            for row in rows
        ),
    )


def _providers(folder: str) -> None:
    print_table(
        ("provider", "metadata, ms", "times bare", "at most", "reached", "first signature, ms", "later, ms"),
        (
            (
                row.name,
                f"{row.metadata:.1f}",
                f"{row.metadata / row.bare:.2f}",
                *at_most(row.metadata / row.bare, 4),
                f"{row.first:.0f}",
                f"{row.later:.1f}",
            )
            for row in providers.measure(folder)
        ),
    )


def _tokens(folder: str) -> None:
    print_table(
        ("keys on SoftHSM", "in one process, 1/s", "executable, 1/s", "pkcs11-tool, 1/s", "times the tool"),
        (
            (
                row.spec,
                f"{row.inside:.0f}",
                f"{row.executable:.1f}",
                f"{row.tool:.1f}",
                f"{row.inside / row.tool:.1f}, {row.executable / row.tool:.2f}",
            )
            for row in tokens.measure(folder)
        ),
    )


def _envelopes(folder: str) -> None:
    with Peer(build()) as peer:
        print_ratios("envelopes, chains of 3", "notation-core-go", envelopes.measure(folder, peer))


def _registry(folder: str) -> None:
    with Peer(build()) as peer:
        print_ratios("artifacts in a registry", "notation-go", registry.measure(folder, peer))


def _many(folder: str) -> None:
    print_ratios(f"one command, {many.REFERENCES} references", "notation", many.measure(folder))


def _scale(folder: str) -> None:
    print_table(
        (
            f"{scale.ARTIFACTS:,} artifacts", "1/s", "1/s per core", "ratio", "to", "at least", "reached",
            "MiB after a tenth", "peak MiB", "at most", "reached", "processes",
        ),
        (
            (
                f"`{row.name}`",
                f"{row.rate:.0f}",
                f"{row.rate / usable_cores():.0f}",
                f"{row.ratio:.2f}",
                row.against,
                *at_least(row.ratio, row.target),
                f"{row.early:.0f}",
                f"{row.peak:.0f}",
                *at_most(row.peak, scale.MOST_MEBIBYTES),
                str(row.processes),
            )
            for row in scale.measure(folder)
        ),
    )  # fmt: skip


def _blobs(folder: str) -> None:
    large = blobs.make_file(folder, "large", blobs.LARGE)
    print_ratios("a file of 1 GiB, in the page cache", "openssl dgst", blobs.hashing(folder, large), "MiB/s of CPU")
    with Peer(go_blob_peer.build()) as peer:
        print_ratios(
            f"blobs of {blobs.SMALL_BYTES // 1024} KiB", "notation-go", blobs.small(folder, peer), "1/s of CPU"
        )
    bench = blobs.commands(folder)
    print_table(
        ("memory", "peak with 1 MiB, MiB", "peak with 1 GiB, MiB", "ratio", "at most", "reached"),
        (
            (
                f"`{row.name}`",
                f"{row.small:.1f}",
                f"{row.large:.1f}",
                f"{row.large / row.small:.2f}",
                *at_most(row.large / row.small, blobs.MOST_TIMES),
            )
            for row in blobs.memory(bench, large)
        ),
    )
    _print_times(blobs.startup(bench))


def _page(folder: str) -> None:
    print_table(
        (f"page of an audit, {page.ARTIFACTS:,} artifacts", "median", "at most", "reached"),
        ((row.name, f"{row.value:.2f}", *at_most(row.value, row.most)) for row in page.measure(folder)),
    )


def _strangers(_: str) -> None:
    print_table(
        ("a stranger's signature", "bytes", "enforced, CPU ms", "at most", "reached", "logged, CPU ms"),
        (
            (
                row.name,
                str(row.size),
                f"{row.strict:.1f}",
                *at_most(row.strict, strangers.MOST_MILLISECONDS),
                f"{row.audit:.1f}",
            )
            for row in strangers.measure()
        ),
    )


def _crl(folder: str) -> None:
    print_table(
        (f"a CRL of {crl.ENTRIES:,} entries", "notarykit", "notation-core-go", "ratio", "at most", "reached"),
        (
            (
                row.name,
                f"{row.ours:.2f}",
                f"{row.theirs:.2f}",
                f"{row.ours / row.theirs:.2f}",
                *at_most(row.ours / row.theirs, row.most),
            )
            for row in crl.measure(folder)
        ),
    )


def _admission(folder: str) -> None:
    with Peer(build()) as peer:
        print_table(
            ("admission, asked as Gatekeeper asks", "notarykit", "Ratify", "ratio", "limit", "reached"),
            (
                (row.name, f"{row.ours:.1f}", f"{row.theirs:.1f}", f"{row.ratio:.2f}", *_limit(row))
                for row in admission.measure(folder, peer)
            ),
        )


def _limit(row: admission.Row) -> tuple[str, str]:
    limit, reached = (at_most if row.is_lower_better else at_least)(row.ratio, row.target)
    return f"{'at most' if row.is_lower_better else 'at least'} {limit}" if row.target else "-", reached


PARTS: Mapping[str, tuple[str, Callable[[str], None]]] = {
    "startup": ("processes of the command line, as multiples of a bare interpreter", _startup),
    "providers": ("plugins of key services: metadata, first and later signatures", _providers),
    "tokens": ("signatures with keys on SoftHSM, beside pkcs11-tool", _tokens),
    "envelopes": ("envelopes in memory, beside notation-core-go", _envelopes),
    "registry": ("verify and sign in the library, artifacts in a registry, beside notation-go", _registry),
    "many": ("one command over 200 references, beside a process of notation for each", _many),
    "scale": ("one command over 10,000 references, and an audit of them: rates and memory", _scale),
    "blobs": ("blobs: a large one beside openssl dgst, small ones beside notation-go, memory, start-up", _blobs),
    "page": ("the HTML page of an audit: its size, and times in Chromium", _page),
    "strangers": ("the processor's time for signatures of strangers", _strangers),
    "admission": ("the admission program, beside Ratify: rates, waiting times and memory", _admission),
    "crl": ("a CRL with a million entries, beside notation-core-go", _crl),
}


def main() -> None:
    """Measures the named parts, or all of them, and prints their tables."""
    listed = "\n".join(f"  {name:10} {summary}" for name, (summary, _) in PARTS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f"parts:\n{listed}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="*", choices=[[], *PARTS], metavar="part", help="one of the parts below")
    names = parser.parse_args().part or list(PARTS)
    python = platform.python_version()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.platform()}, Python {python}, {os.cpu_count()} cores")
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            PARTS[name][1](folder)


if __name__ == "__main__":
    main()
