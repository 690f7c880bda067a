"""Audits that are interrupted, or have no room for their reports."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disks import Disk, mounted
from tests.servers.registry.audits.commands import ARTIFACTS, audit, parsed
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import SECONDS_TO_END, without_proxies
from tests.support.homes import Home
from tests.support.polling import poll
from tests.support.requirements import leave_out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_audit_goes_on(
    number: signal.Signals, registry: Registry, fault_proxy: FaultProxies, home: Home, tmp_path: Path
) -> None:
    """What was audited before Ctrl-C is not audited again, and the old file stays until the new one is whole."""
    proxy = fault_proxy(registry)
    file = tmp_path / "audit.jsonl"
    file.write_text("old")
    arguments = ["audit", proxy.host, "--output", "none", "--output-file", str(file)]
    command = [sys.executable, "-m", "notarykit.cli", *arguments]
    environment = {name: value for name, value in home.environment().items() if name not in without_proxies()}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    partial = Path(f"{file}.partial")

    def has_begun() -> bool:
        assert process.poll() is None
        return partial.exists() and partial.read_bytes().count(b"\n") >= 20

    poll(has_begun)
    process.send_signal(number)
    _, err = process.communicate(timeout=SECONDS_TO_END)
    assert process.returncode == 128 + number
    assert "run the same command with --resume to go on" in err
    assert file.read_text() == "old"
    recorded = partial.read_bytes()
    assert 20 <= recorded.count(b"\n") < ARTIFACTS
    with proxy.lock:
        proxy.seen.clear()
    audit(home, 1, *arguments[1:], "--resume")
    _, records, _, summary = parsed(file.read_text())
    assert (len(records), summary["artifacts"], partial.exists()) == (ARTIFACTS, ARTIFACTS, False)
    with proxy.lock:
        listed = sum("/referrers/" in seen.path for seen in proxy.seen)
    assert listed <= ARTIFACTS - recorded.count(b'"verdict":"verified"')


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Yields a small disk."""
    try:
        with mounted(tmp_path / "disk", "size=64k") as disk:
            yield disk
    except OSError as error:
        leave_out(f"needs a file system to mount: {error}", "run the tests as root")


@pytest.mark.parametrize("name", ["audit.jsonl", "audit.html", "audit.csv"])
def test_full_disk_keeps_the_old_report(name: str, disk: Disk, registry: Registry, home: Home, tmp_path: Path) -> None:
    """Where there is no room for a report, its old content stays, and the others are written."""
    (disk.path / name).write_text("old")
    disk.fill(2)
    other = tmp_path / "other.sarif"
    flags = (
        "--output",
        "none",
        "--fail-on",
        "none",
        "--output-file",
        str(disk.path / name),
        "--output-file",
        str(other),
    )
    done = audit(home, 3, registry.host, *flags)
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"Error: {disk.path / name}")
    advice = ": once it can be, run the same command with --resume to go on" if name == "audit.jsonl" else ""
    assert done.stderr.endswith(f" cannot be written: No space left on device{advice}\n")
    assert (disk.path / name).read_text() == "old"
    assert other.exists() is (name != "audit.jsonl")
    assert sorted(path.name for path in disk.path.iterdir()) == sorted(
        {"ballast", name, "audit.jsonl.partial"} if name == "audit.jsonl" else {"ballast", name}
    )
