"""Programs that print a PIN."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from notarykit.errors import PluginAccessDeniedError, PluginValidationError
from notarykit.plugin.time_limit import deadline
from notarykit_pkcs11.pin import source as pin_source
from plugins.pkcs11.tests.pin_requests import SECRET, get_pin, shown_error
from tests.support.executables import write_program


@pytest.fixture(autouse=True)
def prompts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Prompts at a terminal without an answer; there is no display either."""
    prompts: list[str] = []
    monkeypatch.setattr(pin_source, "prompt_secret", prompts.append)
    for name in ("PKCS11_PIN", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return prompts


@pytest.fixture
def request_on_stdin(tmp_path: Path) -> Iterator[None]:
    """Standard input as a host gives it, for programs that are started."""
    (tmp_path / "request").write_text('{"keyId": "x"}')
    original, request = os.dup(0), os.open(tmp_path / "request", os.O_RDONLY)
    os.dup2(request, 0)
    yield
    os.dup2(original, 0)
    os.close(original)
    os.close(request)


@pytest.mark.usefixtures("request_on_stdin")
def test_program_gets_arguments_and_empty_input(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A program gets its arguments as a shell splits them and no input; its standard error is passed on."""
    program = write_program(
        tmp_path / "pin tool", f'#!/bin/sh\necho hello >&2; cat; echo "$1,$2,{SECRET}"\necho second\n'
    )
    assert get_pin(pin_source=f"|'{program}' 'a b' $HOME") == f"a b,$HOME,{SECRET}"
    assert capfd.readouterr() == ("", "hello\n")


@pytest.mark.parametrize("line", ["", "echo swordfish", "./tool", "bin/tool", "'", " ", "'swordfish"])
def test_program_without_a_path_is_not_run(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in the current folder or on the search path is not run."""
    write_program(tmp_path / "tool", "#!/bin/sh\ntouch run\n")
    write_program(tmp_path / "bin" / "tool", "#!/bin/sh\ntouch run\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PluginValidationError) as caught:
        get_pin(pin_source=f"|{line}")
    assert "names no program by an absolute path" in shown_error(caught.value)
    assert not (tmp_path / "run").exists()


def test_failing_program_returns_no_pin(tmp_path: Path) -> None:
    """The output of a program that fails is not used, and neither it nor the arguments are shown."""
    program = write_program(tmp_path / "tool", f"#!/bin/sh\necho {SECRET}; exit 3\n")
    with pytest.raises(PluginAccessDeniedError) as caught:
        get_pin(pin_source=f"|{program} {SECRET}")
    assert shown_error(caught.value).startswith(f"the program {program} returned no PIN: it exited with 3")
    killed = write_program(tmp_path / "killed", f"#!/bin/sh\necho {SECRET}; kill -9 $$\n")
    with pytest.raises(PluginAccessDeniedError) as caught:
        get_pin(pin_source=f"|{killed}")
    assert "it exited with -9" in shown_error(caught.value)


def test_program_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    """A missing or non-executable program is named in the error."""
    with pytest.raises(PluginAccessDeniedError) as caught:
        get_pin(pin_source=f"|{tmp_path}/none {SECRET}")
    assert f"the program {tmp_path}/none cannot be run: No such file" in shown_error(caught.value)
    text = write_program(tmp_path / "text", "#!/bin/sh\n", 0o644)
    with pytest.raises(PluginAccessDeniedError) as caught:
        get_pin(pin_source=f"|{text}")
    assert f"the program {text} cannot be run: Permission denied" in shown_error(caught.value)


def test_slow_program_ends_at_the_deadline(tmp_path: Path) -> None:
    """A program may run until the deadline; its output until then is not shown."""
    program = write_program(
        tmp_path / "slow",
        f"#!{sys.executable}\nimport time\nprint({SECRET!r}, flush=True)\ntime.sleep(60)\n",
    )
    begun = time.monotonic()
    with deadline(0.3):
        with pytest.raises(PluginAccessDeniedError) as caught:
            get_pin(pin_source=f"|{program}")
        assert f"the program {program} returned no PIN in time" in shown_error(caught.value)
    assert time.monotonic() - begun < 30


def test_error_has_no_cause(tmp_path: Path) -> None:
    """The error for a program carries neither its output nor its command line."""
    program = write_program(tmp_path / "slow", f"#!/bin/sh\necho {SECRET}\nexec sleep 60\n")
    with deadline(0.3), pytest.raises(PluginAccessDeniedError) as caught:
        get_pin(pin_source=f"|{program}")
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None
