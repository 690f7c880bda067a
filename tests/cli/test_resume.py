"""Journal of a run (`--resume`): what is recorded is not done again, and another run's journal is refused."""

import json
import os
import resource
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notarykit._internal.rfc3339 import format_rfc3339, utc_now
from tests.cli.test_json import schema
from tests.cli.world import VERIFY, World, error_of
from tests.support.ca import Changes, make_chain
from tests.support.homes import OTHER_IDENTITY, policy_document
from tests.support.layouts import add_artifact, make_layout
from tests.support.signatures import signature_manifests

SIGN = ("sign", "--oci-layout", "--resume", "journal")
CHECK = (*VERIFY, "--resume", "journal")


def journal(world: World) -> Path:
    """The journal."""
    return world.folder / "journal"


def records(world: World) -> list[dict[str, Any]]:
    """The lines of the journal."""
    return [json.loads(line) for line in journal(world).read_text().splitlines()]


def rewrite(world: World, lines: list[dict[str, Any]]) -> None:
    """Replaces the lines of the journal."""
    journal(world).write_text("".join(f"{json.dumps(line)}\n" for line in lines))


@pytest.fixture
def unsigned(world: World) -> str:
    """Signs the artifact, and returns a reference to another without signatures."""
    world.sign()
    return f"hello@{add_artifact('hello', 'v2').digest}"


def test_journal_records_each_outcome(world: World, unsigned: str) -> None:
    """The first line is about the run, the others about its references; no other user can read the file."""
    done = world.run(*CHECK, world.reference, unsigned)
    assert done.code == 1
    head, *lines = records(world)
    assert (head["journal"], head["command"], head["flags"]) == (1, "verify", {"oci-layout": True, "scope": VERIFY[-1]})
    assert [(line["reference"], line["exitCode"], line["result"]["verdict"]) for line in lines] == [
        (world.reference, 0, "verified"),
        (unsigned, 1, "failed"),
    ]
    assert journal(world).stat().st_mode & 0o777 == 0o600


def test_failure_is_tried_again_and_success_is_not(world: World, unsigned: str) -> None:
    """A second run verifies what failed, and its outcome is that of both runs."""
    world.run(*CHECK, world.reference, unsigned)
    world.sign(reference=unsigned)
    world.break_at(world.layout.digest)  # it would fail if it was verified again
    done = world.run(*CHECK, "-o", "json", world.reference, unsigned)
    document = json.loads(done.out)
    schema("verify").validate(document)
    assert [result["verdict"] for result in document["results"]] == ["verified", "verified"]
    assert (done.code, done.err) == (0, "2 references: 2 done, 1 of them before, 0 failed\n")
    assert [line["exitCode"] for line in records(world)[1:]] == [0, 1, 0]
    lines = world.run(*CHECK, "-o", "jsonl", world.reference, unsigned).out.splitlines()
    assert [json.loads(line) for line in lines] == document["results"]


def test_signed_artifact_is_not_signed_again(world: World) -> None:
    """The same command twice makes one signature."""
    for _ in range(2):
        assert world.run(*SIGN, world.reference).code == 0
    assert len(signature_manifests("hello")) == 1


def test_torn_last_line_is_dropped(world: World) -> None:
    """What a power cut left of the last line is cut off, and its artifact signed again."""
    world.run(*SIGN, world.reference)
    content = journal(world).read_bytes()
    journal(world).write_bytes(content[:-20])
    assert world.run(*SIGN, world.reference).code == 0
    assert len(signature_manifests("hello")) == 2
    assert [line.get("exitCode") for line in records(world)] == [None, 0]
    journal(world).write_bytes(content[:20])  # the first line
    assert world.run(*SIGN, world.reference).code == 0
    assert len(records(world)) == 2


def renew(world: World) -> None:
    """Replaces the default key and its certificate in their files."""
    chain = make_chain()
    (world.home.folder / "build.key").write_bytes(chain.key_pem)
    (world.home.folder / "build.chain.pem").write_bytes(chain.chain_pem)


@pytest.mark.parametrize(
    ("command", "change", "difference"),
    [
        (SIGN, lambda _: ("-m", "a=b"), "--user-metadata was not given and is ['a=b']"),
        (SIGN, lambda _: ("--signature-format", "cose"), "was 'application/jose+json' and is 'application/cose'"),
        (SIGN, lambda world: ("--key", world.home.add_key(make_chain(), "other")[0].stem), "key is not the same"),
        (SIGN, renew, "thumbprint was "),
        (CHECK, lambda _: ("--max-signatures", "3"), "--max-signatures was not given and is 3"),
        (CHECK, lambda world: world.home.set_policy(policy_document([OTHER_IDENTITY])), "policy is not the same"),
        (CHECK, lambda world: world.home.trust(make_chain()), "trustStores is not the same"),
        (CHECK, lambda _: ("--plugin-config", "pin=2"), "--plugin-config is not the same"),
        (("list", "--oci-layout", "--resume", "journal"), lambda _: (), "command was 'verify' and is 'list'"),
    ],
    ids=[
        "metadata",
        "format",
        "key",
        "certificate",
        "limit",
        "policy",
        "trust store",
        "plugin's configuration",
        "command",
    ],
)
def test_journal_of_another_run_is_refused(world: World, command: Any, change: Any, difference: str) -> None:
    """The error names what differs, and the journal stays as it was."""
    world.sign()
    first = CHECK if command[0] == "list" else command
    assert world.run(*first, world.reference).code == 0
    before = journal(world).read_bytes()
    flags = change(world) or ()
    error = world.refused(2, *command, *flags, world.reference)
    assert error.startswith("--resume journal is of another run: ")
    assert difference in error
    assert journal(world).read_bytes() == before


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"a file of the user's\n", "--resume journal is no journal"),
        (b"a file of the user's, in one line", "--resume journal is no journal"),
        (b'{"journey": 1}', "--resume journal is no journal"),
        (b'{"journal": 2}\n', "it is of a version of notarykit that this one does not know"),
        (b'{"audit": {}}\n', "--resume journal is no journal"),
    ],
)
def test_file_that_is_no_journal_is_left_alone(world: World, content: bytes, fault: str) -> None:
    """Another file is refused, and not written to."""
    journal(world).write_bytes(content)
    journal(world).chmod(0o600)
    assert fault in world.refused(2, *SIGN, world.reference)
    assert journal(world).read_bytes() == content


@pytest.mark.parametrize("size", [0, 5, 60])
def test_journal_that_was_torn_at_its_beginning(size: int, world: World) -> None:
    """A journal whose first line was not written to its end is begun anew."""
    world.run(*SIGN, world.reference)
    content = journal(world).read_bytes()
    journal(world).write_bytes(content[:size])
    assert world.run(*SIGN, world.reference).code == 0
    assert journal(world).read_bytes().startswith(content[:10])
    assert len(records(world)) == 2


def test_link_is_not_followed(world: World) -> None:
    """A link in the journal's place could lead to any file of the user's."""
    (world.folder / "target").touch()
    journal(world).symlink_to("target")
    assert world.refused(3, *SIGN, world.reference).startswith("--resume journal cannot be opened: ")
    assert (world.folder / "target").read_bytes() == b""


def test_secret_of_a_plugin_is_not_written(world: World) -> None:
    """Values for a plugin appear by a slow hash."""
    world.sign()
    assert world.run(*CHECK, "--plugin-config", "pin=swordfish", world.reference).code == 0
    assert "swordfish" not in journal(world).read_text()
    assert world.run(*CHECK, "--plugin-config", "pin=swordfish", world.reference).code == 0


class TestRecordedVerdicts:
    """A recorded verdict counts for what cannot have changed since."""

    def _is_verified_again(self, world: World, reference: str) -> bool:
        world.break_at(world.layout.digest if "@" in reference else "v1")
        return world.run(*CHECK, reference).code == 70

    def test_tag_is_verified_again(self, world: World) -> None:
        """A tag may have been moved to another artifact."""
        world.sign()
        assert world.run(*CHECK, "hello:v1").code == 0
        assert self._is_verified_again(world, "hello:v1")

    @pytest.mark.parametrize(("age", "is_again"), [(23, False), (25, True), (-1, True)])
    def test_verdict_ages(self, world: World, age: int, *, is_again: bool) -> None:
        """After a day certificates may have been revoked; a time to come is a clock's that was wrong."""
        world.sign()
        assert world.run(*CHECK, world.reference).code == 0
        head, record = records(world)
        rewrite(world, [head, {**record, "time": format_rfc3339(utc_now() - timedelta(hours=age))}])
        assert self._is_verified_again(world, world.reference) == is_again

    @pytest.mark.parametrize(("hours", "is_again"), [(1, False), (3, True)])
    @pytest.mark.parametrize("is_expiry", [True, False], ids=["expiry", "certificate"])
    def test_verdict_ends(
        self, world: World, monkeypatch: pytest.MonkeyPatch, hours: int, *, is_expiry: bool, is_again: bool
    ) -> None:
        """A verdict does not count longer than the signature, and each certificate of its chain, are valid."""
        if not is_expiry:
            chain = make_chain(cas={1: Changes(not_after=utc_now() + timedelta(hours=2))})
            world.home.trust(chain)
            world.home.add_key(chain, "brief")
        world.sign(*("--expiry", "2h") * is_expiry)
        assert world.run(*CHECK, world.reference).code == 0
        monkeypatch.setattr("notarykit.cli.commands.verify.utc_now", lambda: utc_now() + timedelta(hours=hours))
        assert self._is_verified_again(world, world.reference) == is_again

    def test_verdict_that_others_can_write_is_worth_nothing(self, world: World) -> None:
        """A journal that others can write brings a warning, and its verdicts do not count."""
        world.sign()
        assert world.run(*CHECK, world.reference).code == 0
        journal(world).chmod(0o666)
        assert "Warning: journal can be written by everybody" in world.run(*CHECK, world.reference).err
        assert self._is_verified_again(world, world.reference)

    def test_signature_that_others_can_claim_is_worth_nothing(self, world: World) -> None:
        """Whoever can write a journal could keep an artifact from being signed."""
        world.run(*SIGN, world.reference)
        journal(world).chmod(0o666)
        assert "Warning: journal can be written by everybody" in world.run(*SIGN, world.reference).err
        assert len(signature_manifests(world.folder / "hello")) == 2

    def test_record_of_another_reference_does_not_count(
        self, world: World, unsigned: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is recorded about one artifact says nothing of others, not even of those with the same hash."""
        assert world.run(*CHECK, world.reference).code == 0
        monkeypatch.setattr("notarykit.cli.batch.journal.hash", lambda _: 1, raising=False)
        assert world.run(*CHECK, unsigned).code == 1


def test_journal_is_used_by_one_command_at_a_time(world: World) -> None:
    """A second command with it ends before it does anything."""
    command = [sys.executable, "-m", "notarykit.cli", *SIGN, "--from", "-", "--output", "jsonl"]
    with subprocess.Popen(
        command, env=world.home.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{world.reference}\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["signed"]
        error = world.refused(3, *SIGN, world.reference)
        assert error == "--resume journal is in use by another command: wait for its end"
        process.stdin.close()
        assert process.wait() == 0


def test_full_disk_ends_the_run_and_loses_nothing(world: World) -> None:
    """Where the journal cannot be written, the run ends with 3, and what was recorded is intact."""
    references = [f"n{number}@{make_layout(world.folder / f'n{number}', f't{number}').digest}" for number in range(9)]
    assert world.run(*SIGN, references[0]).code == 0
    size = journal(world).stat().st_size

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 2000, resource.RLIM_INFINITY))

    done = subprocess.run(
        [sys.executable, "-m", "notarykit.cli", *SIGN, "--jobs", "1", *references],
        env=world.home.environment(), capture_output=True, text=True, check=False, preexec_fn=limit,
    )  # fmt: skip
    assert done.returncode == 3
    error = "--resume journal cannot be written: File too large: once it can be, run the same command again to go on"
    assert error_of(done.stderr) == error
    assert [line.get("exitCode") for line in records(world)] == [None, 0, 0, 0]
    done_again = world.run(*SIGN, *references)
    assert done_again.code == 0
    assert "9 references: 9 done, 3 of them before, 0 failed" in done_again.err


def test_folder_and_pipe_are_refused(world: World) -> None:
    """A journal is a regular file."""
    os.mkfifo(world.folder / "journal")
    assert world.refused(3, *SIGN, world.reference) == "--resume journal is not a regular file"
    assert world.refused(3, "sign", "--oci-layout", "--resume", ".", world.reference).startswith("--resume . cannot be")
