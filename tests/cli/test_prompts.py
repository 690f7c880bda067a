"""Prompts without an answer: the command changes nothing and names the flag that answers them."""

import shutil
import subprocess
import sys

import pytest

from tests.cli.world import World, error_of
from tests.support.executables import add_executable, shell_plugin
from tests.support.homes import IDENTITY

QUESTIONS = {
    "policy import": ("policy", "import", "new.json"),
    "policy init": ("policy", "init", "--name", "a", "--trust-store", "ca:tests", "--trusted-identity", IDENTITY),
    "certificate delete": ("certificate", "delete", "--type", "ca", "--store", "tests", "root0.pem"),
    "certificate delete --all": ("certificate", "delete", "--type", "ca", "--store", "tests", "--all"),
    "certificate cleanup-test": ("certificate", "cleanup-test", "wabbit"),
    "plugin uninstall": ("plugin", "uninstall", "acme"),
}
# How standard input is, as a shell writes it.
NOBODY = {"nothing in it": "</dev/null", "closed": "<&-", "to write to": "0>/dev/null"}


@pytest.fixture
def asked(world: World) -> World:
    """A user who has everything that a question may be about."""
    world.did("certificate", "generate-test", "wabbit")
    add_executable(world.home.folder / "plugins", "acme", shell_plugin("acme"))
    shutil.copy(world.home.policy_file, "new.json")
    return world


def _files(world: World) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in world.home.folder.rglob("*") if each.is_file()}


@pytest.mark.parametrize("question", QUESTIONS)
def test_prompt_without_input_ends_with_2(asked: World, question: str) -> None:
    """A prompt at the end of the input is a usage error that names the flag; the flag skips the prompt."""
    before = _files(asked)
    done = asked.run(*QUESTIONS[question])
    assert done.code == 2
    text = error_of(done.err)
    assert text.startswith("nothing was changed: no answer on standard input: add --")
    assert _files(asked) == before
    done = asked.run(*QUESTIONS[question], text.rpartition(" ")[2])
    assert done.code == 0
    assert "[y/N]" not in done.out


@pytest.mark.parametrize("stdin", NOBODY)
def test_closed_input_ends_with_2(asked: World, stdin: str) -> None:
    """However standard input cannot be read, that is no answer."""
    before = _files(asked)
    run = ["sh", "-c", f'exec "$@" {NOBODY[stdin]}', "sh", sys.executable, "-m", "notarykit.cli"]
    done = subprocess.run(
        [*run, *QUESTIONS["policy import"]], env=asked.home.environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, error_of(done.stderr).rpartition(": ")[2]) == (2, "add --force")
    assert _files(asked) == before


@pytest.mark.parametrize("question", QUESTIONS)
def test_declining_changes_nothing(asked: World, question: str) -> None:
    """A no is an answer: nothing is changed, and that is fine."""
    before = _files(asked)
    assert asked.run(*QUESTIONS[question], stdin="n\n").code == 0
    assert _files(asked) == before
