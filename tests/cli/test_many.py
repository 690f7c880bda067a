"""Many references in one command: worker processes, summaries, JSON Lines, and `list` and `inspect` of several."""

import json
import pickle
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from notarykit.cli.batch.operation import Result
from notarykit.cli.batch.status import Status, duration
from notarykit.cli.batch.tally import Tally
from notarykit.revocation.checker import RevocationChecker
from notarykit.timestamp.client import TimestampAuthority, TimestampClient
from tests.cli.test_json import COMMANDS, schema
from tests.cli.world import VERIFY, World
from tests.support.ca import make_chain
from tests.support.layouts import make_layout


def references_of(world: World, count: int) -> str:
    """Makes layouts with an artifact each, and a file with references to them."""
    lines = [f"m{number}@{make_layout(world.folder / f'm{number}', f't{number}').digest}" for number in range(count)]
    (world.folder / "many.txt").write_text("".join(f"{line}\n" for line in lines))
    return "many.txt"


def test_worker_processes_sign_and_verify_in_order(world: World) -> None:
    """From 400 references on, the work is done by other processes, with the same output."""
    path = references_of(world, 410)
    lines = (world.folder / path).read_text().split()
    done = world.process("sign", "--oci-layout", "--from", path, "--jobs", "2")
    assert done.out == "".join(f"Successfully signed {line}\n" for line in lines)
    # A slow machine has lines of progress before it.
    assert (done.code, done.err.splitlines()[-1]) == (0, "410 references: 410 done, 0 failed")
    (world.home.store() / "README").write_text("a warning")
    done = world.process(*VERIFY, "--from", path, "--jobs", "2", "--output", "jsonl")
    results = [json.loads(line) for line in done.out.splitlines()]
    assert [(result["reference"], result["verdict"]) for result in results] == [(line, "verified") for line in lines]
    warning, *_, summary = done.err.splitlines()
    assert "README is ignored" in warning
    assert summary == "410 references: 410 done, 0 failed"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_line_of_json_lines_keeps_to_the_schema(world: World, command: str) -> None:
    """A success and a failure are a line each, for every command."""
    world.sign()
    absent = f"absent@{world.layout.digest}"
    done = world.run(*COMMANDS[command], "--output", "jsonl", world.reference, absent)
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["reference"] for line in lines] == [world.reference, absent]
    whole: Any = schema(command).schema
    for line in lines:
        Draft202012Validator({"$ref": "#/$defs/line", "$defs": whole["$defs"]}).validate(line)
    assert ("error" in lines[0], "error" in lines[1]) == (False, True)
    alone = world.run(*COMMANDS[command], "--output", "jsonl", world.reference)
    assert "error" not in json.loads(alone.out)


def test_trees_of_several_references_follow_each_other(world: World) -> None:
    """`list` and `inspect` print for each reference what they print for it alone."""
    world.sign()
    other = f"other@{make_layout(world.folder / 'other', 'v2').digest}"
    for command in (("list", "--oci-layout"), ("inspect", "--oci-layout")):
        alone = [world.did(*command, reference) for reference in (world.reference, other)]
        assert world.did(*command, world.reference, other) == "".join(alone)


def test_failures_are_grouped_by_reason(world: World) -> None:
    """Each failure has one line, and the summary has one for each reason."""
    path = references_of(world, 25)
    (world.folder / path).open("a").write("hello\n")
    done = world.run(*VERIFY, "--from", path)
    *lines, total, first, second = done.err.splitlines()
    assert len(lines) == 26
    assert total == "26 references: 0 done, 26 failed"
    assert first == "      25  no signature is associated with …"
    assert second.startswith("       1  many.txt, line 26: layout reference")


def test_errors_of_one_kind_have_one_traceback(world: World) -> None:
    """Under `--debug`, thirty references that fail for two causes have two tracebacks, and a line each."""
    path = references_of(world, 25)
    with (world.folder / path).open("a") as file:
        file.writelines(f"absent{number}@{world.layout.digest}\n" for number in range(5))
    done = world.run(*VERIFY, "--debug", "--jobs", "2", "--from", path)
    lines = done.err.splitlines()
    causes = [line.split(":")[0].rpartition(".")[2] for line in lines if line.startswith("notarykit.errors.")]
    assert causes == ["NoSignatureError", "StorageError"]
    assert sum(line.startswith("Error: ") for line in lines) == 30
    assert sum(line.startswith("Traceback ") for line in lines) == 2


def test_summary_says_what_was_left_out(world: World) -> None:
    """Under `--skip-signed`, what has a signature is done and nothing new."""
    references = [f"n{number}@{make_layout(world.folder / f'n{number}', f't{number}').digest}" for number in range(21)]
    assert world.run("sign", "--oci-layout", *references[:5]).code == 0
    done = world.run("sign", "--oci-layout", "--skip-signed", *references)
    assert (done.code, done.err) == (0, "21 references: 21 done, 5 of them signed already, 0 failed\n")


def test_reasons_are_bounded() -> None:
    """Messages that are all different take neither memory nor lines without limit."""
    tally = Tally()
    for number in range(5000):
        tally.add("a", Result(3, {"error": {"message": f"reason {number}"}}))
    lines = list(tally.summary("reference"))
    assert lines[0] == "5000 references: 0 done, 5000 failed"
    assert lines[1].split(maxsplit=1) == ["4000", "other reasons"]
    assert lines[-1].strip() == "and 991 other reasons"


def test_progress_has_count_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """After ten seconds, 50 of 150 references leave twenty seconds."""
    tally = Tally()
    monkeypatch.setattr("notarykit.cli.batch.status.time.monotonic", lambda: 100.0)
    status = Status("Verifying", tally, lambda: 150)
    for number in range(50):
        tally.add("a", Result(number % 10 == 0, {}))
    monkeypatch.setattr("notarykit.cli.batch.status.time.monotonic", lambda: 110.0)
    assert status.line() == "Verifying 50 of 150, 5 failed, 5.0/s, 20 s left"
    assert [duration(seconds) for seconds in (59, 61, 3661)] == ["59 s", "1 min 1 s", "1 h 1 min"]


def test_timestamp_client_goes_to_workers() -> None:
    """The client of `--timestamp-url` can be pickled, without connections."""
    root = make_chain("RSA-2048", 1).pems[-1]
    client = TimestampClient([TimestampAuthority("http://127.0.0.1:9", root)], RevocationChecker.online())
    assert isinstance(pickle.loads(pickle.dumps(client)), TimestampClient)
