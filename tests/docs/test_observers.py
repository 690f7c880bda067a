"""The observer in the reference: an audit log of a package's and an executable's signatures."""

import json
import os
import time
from pathlib import Path

import pytest

from tests.cli.world import World, error_of
from tests.docs.test_documents import ROOT, blocks
from tests.support.ca import make_chain
from tests.support.distributions import add_distribution
from tests.support.executables import add_executable, guarded_plugin

_FAR = "from notarykit_local_file.plugin import LocalFilePlugin\nclass Found(LocalFilePlugin): name = 'far'\n"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> World:
    """A user at the command line, with the reference's observer installed and switched on."""
    world = World(tmp_path, make_chain(), monkeypatch, capsys)
    page = (ROOT / "docs" / "reference.md").read_text()
    (source,) = [block for block in blocks(page, "python") if "class AuditLog" in block]
    group = "notarykit.observers"
    add_distribution(tmp_path / "site", "acme-audit", "acme-audit", source, target="AuditLog", group=group)
    (world.home.folder / "notarykit.json").write_text('{"observers": ["acme-audit"]}')
    add_executable(world.home.folder / "plugins", "far", guarded_plugin(tmp_path / "lib" / "far_module.py", _FAR))
    return world


def _run(world: World, plugin: str, *command: str, log: str = "audit.log") -> str:
    """Runs a command with the key `build` of a plugin, and returns its error."""
    key, chain = world.home.folder / "build.key", world.home.folder / "build.chain.pem"
    flags = ("--plugin", plugin, "--id", str(key), "--plugin-config", f"certificate_chain={chain}")
    path, file = str(world.folder / "site"), str(world.folder / log)
    done = world.process(*command, *flags, PYTHONPATH=path, ACME_AUDIT_LOG=file)
    return error_of(done.err) if done.code else ""


@pytest.mark.parametrize("plugin", ["local-file", "far"])
def test_audit_log_of_the_reference_has_every_signature(world: World, plugin: str) -> None:
    """One line is written for each signature, of packages and of executables, whether it succeeds or fails."""
    key = str(world.home.folder / "build.key")
    assert _run(world, plugin, "sign", "--oci-layout", world.reference) == ""
    (entry,) = [json.loads(line) for line in Path("audit.log").read_text().splitlines()]
    assert abs(entry.pop("time") - time.time()) < 600
    assert entry == {"user": os.getuid(), "plugin": plugin, "key": key, "outcome": "signed"}


def test_audit_log_has_certificate_requests(world: World) -> None:
    """A key that `notarykit certificate` opens is logged as well."""
    assert _run(world, "local-file", "certificate", "request", "--subject", "C=US, ST=WA, O=x") == ""
    entry = json.loads(Path("audit.log").read_text())
    assert (entry["plugin"], entry["outcome"]) == ("local-file", "opened")


@pytest.mark.parametrize("plugin", ["local-file", "far"])
def test_unwritable_audit_log_stops_signing(world: World, plugin: str) -> None:
    """Nothing is signed if the log cannot be written, and the error names the observer."""
    text = _run(world, plugin, "sign", "--oci-layout", world.reference, log="absent/audit.log")
    advice = "see --debug, or take it off 'observers' in notarykit.json"
    assert text == f"observer 'acme-audit' failed with FileNotFoundError: {advice}"
