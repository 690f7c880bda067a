"""Run a command on this machine as it is without some of what tests use: hidden are the programs and the files.

In a mount namespace of its own, each folder that has one of them gets a layer over it from which they are removed.
"""

import glob
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.requirements import REQUIREMENTS, SEARCHED, Requirement, program


def without(names: Iterable[str], command: list[str]) -> list[str]:
    """The command that runs another where the named requirements are not there; only root may."""
    return [program("unshare"), "--mount", sys.executable, __file__, ",".join(names), *command]


def _places(requirement: Requirement) -> set[Path]:
    """All its files, however they are reached."""
    folders = SEARCHED.split(os.pathsep)
    named = [Path(folder, each) for folder in folders for each in requirement.programs]
    named += [Path(each) for pattern in requirement.files for each in glob.glob(f"/usr/{pattern}")]
    return {each.parent.resolve() / each.name for each in named if os.path.lexists(each)}


def _hide(places: Iterable[Path]) -> None:
    """Removes files from what this process and its children see."""
    mount, layers = program("mount"), Path("/mnt")
    subprocess.run([mount, "-t", "tmpfs", "layers", layers], check=True)
    for number, folder in enumerate(sorted({each.parent for each in places})):
        upper, work = layers / f"upper{number}", layers / f"work{number}"
        upper.mkdir()
        work.mkdir()
        options = f"lowerdir={folder},upperdir={upper},workdir={work}"
        subprocess.run([mount, "-t", "overlay", "-o", options, "layer", folder], check=True)
    for each in places:
        each.unlink()


def main(names: str, *command: str) -> None:
    """Hide what is named, with a comma between two, and become the command."""
    _hide(set[Path]().union(*(_places(REQUIREMENTS[name]) for name in names.split(","))))
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
