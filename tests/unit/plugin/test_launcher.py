"""Launchers: what they are recognised by, and that they run wherever their interpreter is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from notarykit.plugin.launcher import flags_for, is_launcher, launcher
from tests.support.distributions import signing_plugin
from tests.support.executables import write_program


def test_a_launcher_is_recognised(tmp_path: Path) -> None:
    """A launcher is one of ours by its own mark, whatever its interpreter is called."""
    for interpreter in ("/usr/bin/python3", "/a b/python", f"/{'x' * 200}/python"):
        path = write_program(tmp_path / "launcher", launcher("acme", "m:C", interpreter).decode())
        assert is_launcher(str(path))


@pytest.mark.parametrize(
    "content", [b"", b"#!/bin/sh\n", b"\x7fELF" + bytes(5000), b"x" * 20000 + launcher("a", "m:C", "/p")]
)
def test_what_is_none(content: bytes, tmp_path: Path) -> None:
    """Other files, whatever their size, and files that are not there are none."""
    path = tmp_path / "file"
    assert not is_launcher(str(path))
    path.write_bytes(content)
    assert not is_launcher(str(path))
    assert not is_launcher(str(tmp_path))


def test_a_short_path_is_in_the_first_line() -> None:
    """Where the system can start the interpreter itself, no shell comes between."""
    lines = launcher("acme", "m:C", "/usr/bin/python3").decode().splitlines()
    assert lines[0] == "#!/usr/bin/python3 -I"
    longest = "/" + "x" * (127 - len("#!/ -I"))
    assert launcher("acme", "m:C", longest).splitlines()[0].decode() == f"#!{longest} -I"
    assert launcher("acme", "m:C", longest + "x").splitlines()[0] == b"#!/bin/sh"


def _environment_at(folder: Path) -> Path:
    """The interpreter of a virtual environment at a place, with the packages of this one and a folder of its own."""
    real = Path(sys.prefix)
    site = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    site.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(os.path.realpath(sys.executable))
    (folder / "pyvenv.cfg").write_bytes((real / "pyvenv.cfg").read_bytes())
    paths = [path for path in sys.path if path.endswith(("site-packages", "src")) and os.path.isdir(path)]
    (site / "real.pth").write_text("\n".join(paths))
    (site / "acme_module.py").write_text(signing_plugin("acme"))
    return folder / "bin" / "python"


@pytest.mark.parametrize(
    "place", ["plain", "a b", "it's", "it's a \"q\" $HOME `x`", "x" * 130, "ä ö", "a'''b c"],
    ids=["plain", "blank", "quote", "quotes", "long", "letters", "three quotes"],
)  # fmt: skip
def test_a_launcher_runs(place: str, tmp_path: Path) -> None:
    """A launcher runs with its own interpreter, wherever that is, under its own name alone."""
    interpreter = _environment_at(tmp_path / place)
    path = write_program(
        tmp_path / "notation-acme", os.fsdecode(launcher("acme", "acme_module:Found", str(interpreter)))
    )
    done = subprocess.run([path, "get-plugin-metadata"], input=b"{}", capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["name"] == "acme"


def test_a_launcher_is_isolated(tmp_path: Path) -> None:
    """Neither the environment nor the folder that somebody is in changes what a launcher means."""
    interpreter = _environment_at(tmp_path / "venv")
    path = write_program(
        tmp_path / "plugin" / "notation-acme", launcher("acme", "acme_module:Found", str(interpreter)).decode()
    )
    trap = tmp_path / "trap"
    for name in ("acme_module.py", "notarykit.py", "json.py"):
        write_program(trap / name, "raise SystemExit('trapped')")
        write_program(path.parent / name, "raise SystemExit('trapped')")
    environment = {
        **os.environ,
        "PYTHONPATH": str(trap),
        "PYTHONHOME": "/nowhere",
        "PYTHONSTARTUP": str(trap / "json.py"),
    }
    done = subprocess.run(
        [path, "get-plugin-metadata"], input=b"{}", cwd=trap, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_flags(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only a package in the user's own folder is found by an interpreter that looks there."""
    monkeypatch.setattr("site.getusersitepackages", lambda: str(tmp_path))
    inside, outside = str(tmp_path / "acme.py"), str(tmp_path) + "2/acme.py"
    for enabled, prefix, wanted in (
        (True, sys.base_prefix, "-EP"),
        (False, sys.base_prefix, "-I"),
        (True, "/venv", "-I"),
    ):
        monkeypatch.setattr("site.ENABLE_USER_SITE", enabled)
        monkeypatch.setattr(sys, "prefix", prefix)
        assert flags_for(inside) == wanted
        assert flags_for(outside) == "-I"
