"""Which proxy Go's programs take, and which we do."""

import subprocess
from pathlib import Path

import pytest

from tests.interop import go_build
from tests.support.proxy_rules import CASES, DIFFERENCES

_SOURCES = Path(__file__).with_name("proxies")


@pytest.fixture(scope="module")
def program() -> str:
    """A program in Go that says which proxy it would take."""
    return go_build.build("proxies", _SOURCES)


def _taken(program: str, environment: dict[str, str], address: str) -> str:
    done = subprocess.run([program, address], env=environment, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def test_the_table_is_what_go_does(program: str) -> None:
    """Every row that our unit tests hold against our own rules is what a program in Go does."""
    wrong = [
        (environment, address, found, wanted)
        for environment, address, wanted in CASES
        if (found := _taken(program, environment, address)) != wanted
    ]
    assert wrong == []


@pytest.mark.parametrize(("environment", "address", "theirs", "ours"), DIFFERENCES)
def test_the_differences_are_there(
    environment: dict[str, str], address: str, theirs: str, ours: str, program: str
) -> None:
    """What is documented as a difference is one."""
    assert _taken(program, environment, address) == theirs != ours
