"""The command `audit` before it asks a registry, and outputs that cannot be written."""

import json
from pathlib import Path
from typing import Any

import pytest

from notarykit.audit.counts import Counts
from notarykit.audit.header import AuditHeader
from notarykit.audit.partial_file import PartialFile
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict
from notarykit.audit.shard import Shard
from tests.cli.test_json import schema
from tests.cli.world import World
from tests.support.records import AUDITED_AT, make_record

_HEADER = AuditHeader(("registry.example.com",), Shard(), True, f"sha256:{0:064x}", AUDITED_AT, 90)


@pytest.fixture
def audit_file(world: World) -> str:
    """Returns the file of a complete audit with one artifact."""
    return _write_audit(make_record())


def _write_audit(*records: ArtifactRecord) -> str:
    """Writes the file of a complete audit."""
    counts = Counts(_HEADER)
    with PartialFile("audit.jsonl", _HEADER) as partial:
        for record in records:
            partial.add(record)
            counts.add(record)
        partial.complete([], {"finishedAt": "2026-06-01T13:00:00Z", **counts.to_json()})
        partial.publish()
    return "audit.jsonl"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((), "missing registry: name registries, or repositories in a file with --from"),
        (("https://registry.test",), "'https://registry.test' is not of the form"),
        (("registry.test/app:v1",), "'registry.test/app:v1' is not of the form"),
        (("registry.test", "--shard", "4/4"), "shard '4/4' is not of the form I/N with I from 0 to N - 1: such as 0/4"),
        (("registry.test", "--fail-on", "everything"), "unrecognized value 'everything' of --fail-on"),
        (("registry.test", "--output", "xml"), "unrecognized value 'xml' of --output"),
        (("registry.test", "--output-file", "audit.xml"), "--output-file 'audit.xml' has none of the known extensions"),
        (("registry.test", *["--output-file", "a.csv"] * 2), "--output-file names one file twice"),
        (
            ("registry.test", "--output-file", "a.jsonl", "--output-file", "b.ndjson"),
            "--output-file names two files of JSON Lines",
        ),
        (("registry.test", "--resume"), "--resume requires an --output-file of JSON Lines"),
        (("registry.test", "--resume", "--output-file", "a.csv"), "--resume requires an --output-file of JSON Lines"),
        (("a.test", "b.test", "-u", "x", "-p", "y"), "credentials for one registry, and references to 2"),
        (("--from", "absent"), "--from absent: No such file or directory"),
    ],
)
def test_usage(arguments: tuple[str, ...], error: str, world: World) -> None:
    """What is wrong with the arguments is said before any registry is asked."""
    assert world.refused(2, "audit", "run", *arguments).startswith(error)


@pytest.mark.parametrize(
    ("flag", "value", "error"),
    [
        ("--output-file", "absent/audit.csv", "absent/audit.csv cannot be written: no folder absent"),
        ("--since", "absent.jsonl", "absent.jsonl does not exist"),
    ],
)
def test_files_are_looked_at_first(flag: str, value: str, error: str, world: World) -> None:
    """An audit that has nowhere to go, or nothing to compare with, does not begin."""
    assert world.refused(3, "audit", "registry.test", flag, value).startswith(error)


@pytest.mark.parametrize("flags", [("merge",), ("registry.test", "--since")])
def test_file_of_something_else_is_no_finding(flags: tuple[str, ...], world: World) -> None:
    """The exit code is that of files that cannot be read, and not the one of findings, which CI may permit."""
    Path("audit.csv").write_text("registry,repository\n")
    error = world.refused(3, "audit", *flags, "audit.csv")
    assert error.startswith("audit.csv: line at byte 0 is malformed")
    assert error.endswith(": name a file that an audit has written as JSON Lines")


def test_command_may_be_left_out(world: World) -> None:
    """A registry where a command could stand is that of the command that audits, and so is the help."""
    assert world.refused(2, "audit", "A_B").startswith("'A_B' is not of the form registry")
    text = world.did("audit", "--help")
    assert text == world.did("audit")
    assert "  merge  Put the shards" in text
    assert text.endswith(world.did("audit", "run", "--help"))


def test_debug_and_a_cluster_exclude_each_other(world: World) -> None:
    """HTTP traffic is shown where it is, and a cluster's is not here."""
    for command in ("audit", "verify"):
        arguments = (command, "registry.test/app:v1", "--dask", "tcp://127.0.0.1:1", "--debug")
        assert world.run(*arguments).err.endswith("Error: flags --dask and --debug exclude each other\n")


def test_merge_makes_reports(world: World, audit_file: str) -> None:
    """One file is an audit that is put together already, of which other reports are made."""
    out = world.did("audit", "merge", audit_file, "--output", "jsonl", "--output-file", "audit.html")
    lines = [json.loads(line) for line in out.splitlines()]
    for line in lines:
        schema("audit").validate(line)
    assert lines[:2] == [{"audit": _HEADER.to_json()}, make_record().to_json()]
    assert Path("audit.html").read_text().startswith("<!DOCTYPE html>")


def test_merge_over_its_own_file(world: World, audit_file: str) -> None:
    """A file may be merged into itself: it is read before it is replaced."""
    world.did("audit", "merge", audit_file, "--output", "none", "--output-file", audit_file)
    assert Path(audit_file).read_bytes().count(b"\n") == 3


def test_warnings_are_no_flood(world: World) -> None:
    """Of what could not be read twenty are told, and all are in the reports."""
    unread = make_record(digest="", tags=(), verdict=ArtifactVerdict.UNKNOWN, reason="no answer", signatures=())
    records = [unread._replace(repository=f"r{number}") for number in range(25)]
    done = world.run("audit", "merge", _write_audit(*records), "--output", "jsonl")
    assert done.code == 3
    assert done.err.splitlines() == [f"Warning: registry.example.com/r{number}: no answer" for number in range(20)]
    assert done.out.count("no answer") == 25


def test_schema_refuses_other_lines() -> None:
    """A schema that would accept anything would prove nothing."""
    refusing = schema("audit")
    record = make_record().to_json()
    assert refusing.is_valid(record)
    changed = [{**record, name: value} for name, value in (("verdict", "good"), ("ends", "soon"), ("x", 1))]
    wrong: tuple[Any, ...] = ({}, [], *changed, {"summary": {}})
    for line in wrong:
        assert not refusing.is_valid(line)


def test_report_that_cannot_be_written_keeps_the_old_one(
    world: World, audit_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one report fails, its old content stays, the others are written, and so is the recording."""
    for name in ("old.csv", "new.sarif"):
        Path(name).write_text("old")
    written = []

    def full(path: str, form: str, _: object) -> object:
        from notarykit.errors import StorageError

        written.append(path)
        return StorageError(f"{path} cannot be written: No space left on device") if form == "csv" else None

    monkeypatch.setattr("notarykit.cli.commands.audit.outputs._write_file", full)
    files = ("old.csv", "new.sarif", "merged.jsonl")
    done = world.run("audit", "merge", audit_file, *(word for file in files for word in ("--output-file", file)))
    assert (done.code, done.err) == (3, "Error: old.csv cannot be written: No space left on device\n")
    assert written == ["old.csv", "new.sarif"]
    assert Path("merged.jsonl").read_bytes().count(b"\n") == 3
    assert Path("old.csv").read_text() == "old"
