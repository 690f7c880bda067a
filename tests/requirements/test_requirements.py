"""What tests use that Python does not bring: asked for in one way, and said in one line where it is missing."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.requirements.hidden import USERS
from tests.support import requirements
from tests.support.requirements import REQUIREMENTS, Requirement, how, leave_out, program, require, require_build

_ROOT = Path(__file__).parents[2]
_PROGRAMS = {each for requirement in REQUIREMENTS.values() for each in requirement.programs}
# It runs where its caller has asked for what it runs.
_ASKED_BEFORE = {"tests/servers/piv/host.py"}


def _lists(tree: ast.AST) -> Iterator[str]:
    """The programs that lists of arguments begin with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.List) and node.elts and isinstance(node.elts[0], ast.Constant):
            yield str(node.elts[0].value)


def _tests() -> Iterator[Path]:
    found = (each for folder in ("tests", "plugins") for each in (_ROOT / folder).rglob("*.py"))
    return (each for each in found if "src" not in each.parts)


@pytest.mark.parametrize("missing", [Requirement(("no-such-program",)), Requirement(files=("lib/*/no-such.so",))])
def test_missing_requirement_skips_the_test(monkeypatch: pytest.MonkeyPatch, missing: Requirement) -> None:
    """A missing program or file skips the test with the way to get it."""
    monkeypatch.setattr(requirements, "REQUIREMENTS", {"thing": missing})
    with pytest.raises(pytest.skip.Exception, match=r"^needs thing \(apt-get install thing\)$"):
        require("thing")


def test_old_version_skips_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier version skips the test with the way to get a newer one."""
    old = Requirement(("env",), how="https://example.com", version=(("echo", "go1.9.3"), (1, 23)))
    new = old._replace(version=(("echo", "go1.9.3"), (1, 9)))
    monkeypatch.setattr(requirements, "REQUIREMENTS", {"old": old, "new": new})
    with pytest.raises(pytest.skip.Exception, match=r"^needs old \(https://example.com\)$"):
        require("new", "old")


def test_present_requirement_is_found() -> None:
    """A present requirement is found, daemons included."""
    assert Path(program("mount")).is_absolute()


def test_slow_build_needs_notarykit_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is not built yet is built only under NOTARYKIT_ALL."""
    monkeypatch.delenv("NOTARYKIT_ALL", raising=False)
    require_build("vault", is_built=True, needs=["nothing"])
    with pytest.raises(pytest.skip.Exception, match=r"8 minutes to compile \(make test ALL=1\)$"):
        require_build("vault", is_built=False, needs=[])
    monkeypatch.setenv("NOTARYKIT_ALL", "1")
    require_build("vault", is_built=False, needs=[])


def test_build_that_the_table_lacks_is_an_error() -> None:
    """A server that is in no table is found on machines that have it built."""
    with pytest.raises(KeyError):
        require_build("unknown", is_built=True, needs=[])


def test_programs_are_run_by_their_path_from_the_table() -> None:
    """No test runs a program of the table by its bare name."""
    bare = {
        (str(path.relative_to(_ROOT)), name)
        for path in _tests()
        for name in _lists(ast.parse(path.read_text()))
        if name in _PROGRAMS
    }
    assert {each for each in bare if each[0] not in _ASKED_BEFORE} == set()


def test_only_the_table_skips_tests() -> None:
    """Only the table skips tests, so that the end of a run lists everything left out."""
    here = Path(__file__)
    found = [path for path in _tests() if path != here and "pytest.skip(" in path.read_text()]
    assert found == [_ROOT / "tests" / "support" / "requirements.py"]


def test_every_requirement_is_hidden_once() -> None:
    """The check that hides requirements one by one knows users of each."""
    assert set(USERS) == set(REQUIREMENTS)


def test_reason_is_one_line() -> None:
    """A reason is one line, whatever the program's output."""
    with pytest.raises(pytest.skip.Exception) as caught:
        leave_out("needs a thing: it\nsays so", how("bash"))
    assert str(caught.value) == "needs a thing: it says so (apt-get install bash)"


_RUN = """
import pytest
from tests.support.requirements import leave_out

@pytest.mark.parametrize("number", range(3))
def test_one(number):
    leave_out("needs a thing", "get it")

@pytest.mark.slow
def test_two():
    pass
"""


@pytest.mark.parametrize("everything", [False, True])
def test_summary_counts_skipped_tests(tmp_path: Path, everything: bool) -> None:
    """The end of a run counts what was left out and has the command that includes it; what takes long is left out."""
    (tmp_path / "conftest.py").write_text((_ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_some.py").write_text(_RUN)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow: takes long\n")
    hidden = ("NOTARYKIT_NO_SKIP", "NOTARYKIT_ALL")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"PYTHONPATH": str(_ROOT)} | ({"NOTARYKIT_ALL": "1"} if everything else {})
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "    3 needs a thing (get it)" in done.stdout
    assert ("    1 takes long (make test ALL=1)" in done.stdout) is not everything
    assert "everything is tested by: make test ALL=1" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 passed, 3 skipped" if everything else "4 skipped")
