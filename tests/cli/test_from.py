"""References from a file or standard input (`--from`): comments, faults of single lines, encodings, order."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_json import schema
from tests.cli.world import VERIFY, World
from tests.support.layouts import make_layout

SIGN = ("sign", "--oci-layout")


def references_of(world: World, *names: str) -> list[str]:
    """Makes layouts of these names and returns references to their artifacts."""
    return [f"{name}@{make_layout(world.folder / name, name).digest}" for name in names]


def write_lines(world: World, *lines: str | bytes) -> str:
    """Writes lines to a file and returns its name."""
    content = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    (world.folder / "references.txt").write_bytes(content)
    return "references.txt"


def test_lines_come_after_arguments_in_order(world: World) -> None:
    """Arguments and then lines are signed in order; comments, blank lines and blanks around a reference are skipped."""
    one, two, three = references_of(world, "one", "two", "three")
    path = write_lines(world, "# a comment", "", f"  {two}\r", "\t# another", three)
    out = world.did(*SIGN, "--from", path, one)
    assert out == "".join(f"Successfully signed {each}\n" for each in (one, two, three))


def test_lines_of_standard_input(world: World) -> None:
    """`-` is standard input, and the last line needs no line end."""
    one, two = references_of(world, "one", "two")
    assert world.did(*SIGN, "--from", "-", stdin=f"{one}\n{two}").count("Successfully signed") == 2
    done = world.run(*VERIFY, "--from", "-", "-o", "json", stdin=f"{two}\n{one}\n")
    document = json.loads(done.out)
    schema("verify").validate(document)
    assert [each["reference"] for each in document["results"]] == [two, one]
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"hello", "layout reference 'hello' has neither tag nor digest: write PATH@DIGEST or PATH:TAG"),
        (b"hello@md5:0", "reference 'hello@md5:0': digest 'md5:0' is not of sha256, sha384 or sha512"),
        (b"caf\xe9:v1", r"caf\xe9:v1: references.txt, line 2: not UTF-8 at byte 3"),
        (b"hel\0lo:v1", r"hel\x00lo:v1: references.txt, line 2: it holds a NUL: give one item a line"),
        (b"x" * 9000, f"{'x' * 100}: references.txt, line 2: longer than 8192 bytes"),
        (b"x" * 100_000, f"{'x' * 100}: references.txt, line 2: longer than 8192 bytes"),
    ],
)  # fmt: skip
def test_bad_line_is_its_own_failure(world: World, line: bytes, fault: str) -> None:
    """A line that holds no reference fails with its number, and the lines around it are signed."""
    one, two = references_of(world, "one", "two")
    path = write_lines(world, one, line, two)
    done = world.run(*SIGN, "--from", path)
    assert (done.code, done.out) == (2, f"Successfully signed {one}\nSuccessfully signed {two}\n")
    prefix = "" if "line 2" in fault else "references.txt, line 2: "
    assert done.err == f"Error: {prefix}{fault}\n"
    document = json.loads(world.run(*SIGN, "--from", path, "-o", "json").out)
    schema("sign").validate(document)
    assert [each["signed"] for each in document["results"]] == [True, False, True]
    assert document["results"][1]["error"]["exitCode"] == 2


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\xef\xbb\xbfx:v1", "it begins with a byte order mark: save it as UTF-8 without one"),
        ("x:v1\n".encode("utf-16"), "it is in UTF-16: save it as UTF-8"),
        ("x:v1\n".encode("utf-16-le"), "it is in UTF-16: save it as UTF-8"),
        (b"", "no reference to an artifact"),
        (b"# nothing\n\n", "no reference to an artifact"),
    ],
)  # fmt: skip
def test_file_in_another_encoding_or_without_references_is_refused(world: World, content: bytes, fault: str) -> None:
    """A file by another program's encoding, and an empty one, which would succeed without a word, end with 2."""
    path = write_lines(world, content)
    assert world.refused(2, *SIGN, "--from", path) == f"--from {path}: {fault}"


def test_file_that_cannot_be_opened_is_refused(world: World) -> None:
    """A file that is not there, or is a folder, ends with 2 before anything is done."""
    assert world.refused(2, *SIGN, "--from", "none", world.reference) == "--from none: No such file or directory"
    assert world.refused(2, *SIGN, "--from", "hello", world.reference) == "--from hello: Is a directory"
    assert world.did("list", "--oci-layout", world.reference).endswith(" has no associated signature\n")


def test_lines_are_read_when_they_are_needed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An input without an end is read no further than the work goes."""
    read = 0

    def lines(_: object) -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1
            if read == 1000:
                raise KeyboardInterrupt
            yield f"absent{read}:v1\n".encode()

    monkeypatch.setattr("notarykit.cli.batch.lines.Lines._read", lines(None).__next__)
    done = world.run("verify", "--oci-layout", "--scope", "local/tests", "--from", "-")
    assert done.code == 130
    assert done.err.count("Error: absent") > 500


def test_documented_command_runs(world: World) -> None:
    """The command of the reference's page on many references runs, and its journal spares the second run the work."""
    page = (Path(__file__).parents[2] / "docs" / "reference.md").read_text()
    (line,) = re.findall(r"^    notarykit (verify --from .*) > results\.jsonl$", page, re.MULTILINE)
    world.did("sign", "--oci-layout", world.reference)
    write_lines(world, world.reference)
    first, second = (world.run(*VERIFY, *line.split()[1:]) for _ in range(2))
    assert json.loads(first.out) == json.loads(second.out)
    assert (first.code, second.code, first.err) == (0, 0, "")
    assert second.err == "1 references: 1 done, 1 of them before, 0 failed\n"
