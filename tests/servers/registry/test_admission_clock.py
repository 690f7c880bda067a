"""The admission program on a machine whose clock is wrong: nothing is accepted by it that should not be."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.servers.registry.admission import Program, Setting
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.running import Registry
from tests.support import cache
from tests.support.requirements import program

_SOURCE = Path(__file__).with_name("clock.c")
_YEAR = timedelta(days=365)

Run = Callable[[timedelta], tuple[Program, str]]


def _library() -> Path:
    """Returns the library that makes a clock wrong, compiled first where the cache has none of this source."""
    return cache.cached(cache.place("clock.so", _SOURCE.read_bytes()), _compile)


def _compile(folder: Path) -> Path:
    made = folder / "clock.so"
    flags = ("-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
    subprocess.run([program("cc"), *flags, "-o", made, _SOURCE, "-ldl"], check=True)
    return made


@pytest.fixture
def run(memory_registry: Registry, registry_ca: RegistryCA, tmp_path: Path) -> Iterator[Run]:
    """What runs the program by a clock that is wrong, beside an image that is signed."""
    with contextlib.ExitStack() as programs:
        setting = Setting(programs, registry_ca, tmp_path)
        reference = setting.push(memory_registry)

        def begin(offset: timedelta) -> tuple[Program, str]:
            variables = {"LD_PRELOAD": str(_library()), "CLOCK_OFFSET": str(int(offset.total_seconds()))}
            return setting.run("--plain-http", memory_registry.address, **variables), reference

        yield begin


def test_clock_is_right(run: Run) -> None:
    """By a clock that is right the image is accepted."""
    admission, reference = run(timedelta(0))
    assert admission.accepts(reference)
    assert admission.page("/readyz") == "ready"


@pytest.mark.parametrize(("offset", "reason"), [(-5 * _YEAR, "is not valid before"), (60 * _YEAR, "expired")])
def test_clock_is_wrong(offset: timedelta, reason: str, run: Run) -> None:
    """Before and after the time of the signer's certificate the image is refused, with the time as the reason."""
    admission, reference = run(offset)
    found = admission.verify(reference)
    assert found["verdict"] == "failed"
    assert reason in found["notAccepted"][0]["error"]["message"]
    assert ("the certificate ended" in admission.page("/readyz")) is (offset > timedelta(0))
