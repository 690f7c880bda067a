"""Scripts of the benchmarks, which no other test runs."""

import subprocess
import sys
from pathlib import Path

import pytest

_BENCH = Path(__file__).parents[1] / "bench"
_SCRIPTS = ["bench.py", "crl_process.py", "fallback.py", "http_libraries.py", "web_stacks.py"]


@pytest.mark.parametrize("name", _SCRIPTS)
def test_script_finds_its_modules(name: str, tmp_path: Path) -> None:
    """A script that is started by its path, from any folder, imports what it measures."""
    load = "import runpy, sys; sys.path[0] = sys.argv[1]; runpy.run_path(sys.argv[2], run_name='loaded')"
    command = [sys.executable, "-c", load, str(_BENCH), str(_BENCH / name)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
