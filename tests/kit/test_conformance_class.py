"""The kit as tests: what a plugin's author writes is one method, and pytest says the rest."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from notarykit.plugin.conformance import Level
from notarykit.plugin.conformance.rules import RULES

_TESTS = """
from tests.kit.reference import VERIFIER, Verifier, serve
from tests.kit.wrong import METADATA, giving
from notarykit.plugin.conformance import PluginConformance, Target

calls = []


class TestRight(PluginConformance):
    def target(self) -> Target:
        calls.append(self)
        return VERIFIER.target()


def test_once() -> None:
    assert len(calls) == 1


class TestWrong(PluginConformance):
    def target(self) -> Target:
        return VERIFIER.target(giving(METADATA, name="another")(serve(Verifier)))


class TestDoubtful(PluginConformance):
    def target(self) -> Target:
        return VERIFIER.target(giving(METADATA, version="v1")(serve(Verifier)))


class TestUnfinished(PluginConformance):
    pass
"""


class _Ran:
    """A run of pytest in a process of its own: the names of the tests of each class by what became of them."""

    def __init__(self, folder: Path, *flags: str) -> None:
        (folder / "test_my_plugin.py").write_text(_TESTS)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--junitxml=found.xml", *flags, "."]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("PYTEST_ADDOPTS", None)
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        self.code, self.text = done.returncode, done.stdout
        self._cases = list(ET.parse(folder / "found.xml").iter("testcase"))

    def names(self, kind: str, outcome: str) -> list[str]:
        """The rules of a class whose tests passed, failed or ended in an error."""
        return [
            each.attrib["name"].removeprefix("test_rule[").removesuffix("]")
            for each in self._cases
            if each.attrib["classname"].endswith(kind) and outcome == ([part.tag for part in each] or ["passed"])[0]
        ]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> _Ran:
    """All of them, run once."""
    return _Ran(tmp_path_factory.mktemp("plugin"))


_ALL = [rule.id for rule in RULES]


def test_a_plugin_that_is_right(ran: _Ran) -> None:
    """Each rule is a test of its own that passes, and the plugin is judged once for all of them."""
    assert ran.names("TestRight", "passed") == _ALL
    assert ran.names("test_my_plugin", "passed") == ["test_once"]


def test_a_plugin_that_breaks_what_it_must_keep(ran: _Ran) -> None:
    """The test of the rule fails, with the rule's text, what is wrong and where to read on; the others pass."""
    assert ran.names("TestWrong", "failure") == ["metadata.name"]
    assert ran.names("TestWrong", "passed") == [name for name in _ALL if name != "metadata.name"]
    assert ran.code == pytest.ExitCode.TESTS_FAILED
    rule = next(rule for rule in RULES if rule.id == "metadata.name")
    for line in (
        rule.text,
        "it is 'another', but the executable is notation-com.example.reference",
        f"See: {rule.section}",
    ):
        assert f"\n{line}\n" in ran.text


def test_a_plugin_that_breaks_what_it_should_keep(ran: _Ran) -> None:
    """The test of the rule passes with a warning that names it."""
    assert next(rule for rule in RULES if rule.id == "metadata.version").level is Level.SHOULD
    assert ran.names("TestDoubtful", "passed") == _ALL
    assert ran.text.count("NotarykitWarning: metadata.version: ") == 1
    assert ", 1 warning" in ran.text


def test_warnings_that_are_errors(tmp_path: Path) -> None:
    """A plugin's author who asks pytest to take warnings for errors hears of every SHOULD that way."""
    ran = _Ran(tmp_path, "-W", "error::notarykit.errors.NotarykitWarning", "-k", "TestDoubtful")
    assert ran.names("TestDoubtful", "failure") == ["metadata.version"]


def test_a_class_without_a_subject(ran: _Ran) -> None:
    """A subclass that does not say which plugin it is about is told so."""
    assert ran.names("TestUnfinished", "error") == _ALL
    assert "a subclass of PluginConformance implements target()" in ran.text
