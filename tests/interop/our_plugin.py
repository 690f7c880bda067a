"""Plugins on notarykit as executables: those of `our_plugins`, and the one that is installed as a package."""

import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.support.homes import Home

TARGETS = {
    "our-blobs": "tests.interop.our_plugins.blobs:BlobPlugin",
    "our-depending": "tests.interop.our_plugins.depending:DependingPlugin",
    "our-envelope": "tests.interop.our_plugins.envelope:EnvelopePlugin",
    "our-failing": "tests.interop.our_plugins.failing:FailingPlugin",
    "our-noisy": "tests.interop.our_plugins.noisy:NoisyPlugin",
    "our-verifying": "tests.interop.our_plugins.verifying:VerifyingPlugin",
}

CONSOLE_SCRIPT = Path(sysconfig.get_path("scripts"), "notation-local-file")
"""What an installer made of the package's entry in `[project.scripts]`."""

_SCRIPT = """#!{python} -I
import sys
sys.path.append({tests!r})
from notarykit.plugin.server.stdio import run
sys.exit(run({target!r}))
"""


def install(folder: Path, name: str) -> Path:
    """Put an executable for one of `our_plugins` into a plugins folder, as its author would, and return its path."""
    place = folder / name / f"notation-{name}"
    place.parent.mkdir(parents=True)
    tests = str(Path(__file__).parents[2])
    place.write_text(_SCRIPT.format(python=sys.executable, tests=tests, target=TARGETS[name]))
    place.chmod(0o755)
    return place


def install_by_command(home: Home, *arguments: str, python: str = sys.executable) -> Path:
    """Have the real command line install a plugin, and return the folder in which hosts look for plugins."""
    command = [python, "-m", "notarykit.cli", "plugin", "install", *arguments]
    done = subprocess.run(command, env=home.environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return home.folder / "plugins"
