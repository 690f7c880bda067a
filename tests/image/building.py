"""Carries out a Dockerfile without a registry: its base image is this machine, and layers take all changes.

Needs a mount namespace of its own, which only root makes: `command` has the whole command. The program that is started
at the end has the image's user and variables, and a root that is read-only but for one folder.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.image.dockerfile import ROOT, Report
from tests.support.requirements import program

GIVEN = "/etc/notarykit"
"""Folder of the image where the program sees what it is given, as the chart mounts it."""
_LAYERS = Path("/mnt")
_OF_THE_MACHINE = ("/dev", "/proc", "/etc/resolv.conf", "/etc/hosts")
# The official images of Python have it in the path as `python`.
_PATH = f"{sys.base_prefix}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def command(report: Report, folder: Path, *arguments: str) -> list[str]:
    """Returns the command that builds the image, and runs its program with arguments.

    Args:
        report: The Dockerfile.
        folder: Folder that the program sees as `GIVEN`; the command writes into it what the last stage has added to the
            base: paths with their modes, in the file `added.json`.
        arguments: Arguments of the program.
    """
    (folder / "report.json").write_text(json.dumps(report._asdict()))
    return [program("unshare"), "--mount", sys.executable, __file__, str(folder), *arguments]


class _Stage:
    """Stage of a build.

    Attributes:
        root: Its root folder.
        name: Its name, or an empty string.
    """

    def __init__(self, number: int, name: str) -> None:
        self.root = _LAYERS / f"root{number}"
        self.name = name
        self._added = _LAYERS / f"upper{number}"
        self._folder = "/"
        self._variables = {"PATH": _PATH, "HOME": "/root"}
        work = _LAYERS / f"work{number}"
        for path in (self.root, self._added, work):
            path.mkdir()
        _mount("-t", "overlay", "-o", f"lowerdir=/,upperdir={self._added},workdir={work}", "layer", str(self.root))
        for shared in _OF_THE_MACHINE:
            _mount("--rbind", shared, f"{self.root}{shared}")
        # Python may be in a home that only its owner enters.
        for parent in Path(sys.base_prefix).parents:
            inside = Path(f"{self.root}{parent}")
            inside.chmod(inside.stat().st_mode | stat.S_IXOTH)

    def path(self, inside: str) -> Path:
        """Returns the path of what has another one for the stage."""
        return self.root / os.path.join(self._folder, inside).lstrip("/")

    def enter(self, folder: str) -> None:
        """Makes a folder, and works there from now on."""
        self._folder = os.path.join(self._folder, folder)
        self.path("").mkdir(parents=True, exist_ok=True)

    def set(self, variables: Mapping[str, str]) -> None:
        """Sets variables."""
        self._variables.update(variables)

    def run(self, words: Sequence[str]) -> None:
        """Runs a command.

        Raises:
            CalledProcessError: It failed.
        """
        subprocess.run([*self._inside(), *words], env=_of_the_machine() | self._variables, check=True)

    def become(self, words: Sequence[str], user: str) -> None:
        """Becomes a command of a user; nothing of this machine's variables is there."""
        uid, gid = user.split(":")
        command = [*self._inside(), f"--setuid={uid}", f"--setgid={gid}", *words]
        os.execve(command[0], command, self._variables)

    def added(self) -> dict[str, int]:
        """Returns the modes of the files that the stage has and its base has not."""
        files = (path for path in self._added.rglob("*") if path.is_file() and not path.is_symlink())
        return {f"/{path.relative_to(self._added)}": path.stat().st_mode for path in files}

    def _inside(self) -> list[str]:
        return [program("unshare"), f"--root={self.root}", f"--wd={self._folder}"]


def _of_the_machine() -> dict[str, str]:
    """Returns what a machine says of its package index and the way there, which is no part of an image."""
    names = ("PIP_", "SSL_CERT", "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")
    return {name: value for name, value in os.environ.items() if name.startswith(names)}


def _mount(*arguments: str) -> None:
    subprocess.run([program("mount"), *arguments], check=True)


def _copy(sources: Sequence[Path], target: Path, *, into: bool) -> None:
    """Copies as COPY does: of a folder, what is in it."""
    for source in sources:
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True) if into else target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def _context(files: Sequence[str]) -> Path:
    """Makes the context, without what is left out."""
    context = _LAYERS / "context"
    for name in files:
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, context / name)
    return context


def _build(report: Report) -> _Stage:
    """Builds all stages, and returns the last one."""
    context, stages = _context(report.files), list[_Stage]()
    for instruction in report.instructions:
        name, words = instruction["name"].upper(), instruction["words"]
        if name == "FROM":
            stages.append(_Stage(len(stages), words[-1] if "AS" in words else ""))
        elif name == "WORKDIR":
            stages[-1].enter(words[0])
        elif name == "ENV":
            stages[-1].set(dict(zip(words[::3], words[1::3], strict=True)))
        elif name == "RUN":
            stages[-1].run(["/bin/sh", "-c", words[0]])
        elif name == "COPY":
            origins = {f"--from={stage.name}": stage.root for stage in stages}
            origin = origins[instruction["flags"][0]] if instruction["flags"] else context
            sources = [origin / each.lstrip("/") for each in words[:-1]]
            _copy(sources, stages[-1].path(words[-1]), into=words[-1].endswith("/"))
        elif name not in {"ARG", "LABEL", "EXPOSE", "USER", "ENTRYPOINT"}:
            raise ValueError(f"unexpected instruction {name}")
    return stages[-1]


def main(folder: str, *arguments: str) -> None:
    """Builds an image and becomes its program."""
    report = Report(**json.loads(Path(folder, "report.json").read_text()))
    _mount("-t", "tmpfs", "layers", str(_LAYERS))
    image = _build(report)
    Path(folder, "added.json").write_text(json.dumps(image.added()))
    image.path(GIVEN).mkdir(parents=True)
    _mount("--bind", folder, str(image.path(GIVEN)))
    _mount("-o", "remount,ro", str(image.root))
    image.become([*report.image["Entrypoint"], *arguments], report.image["User"])


if __name__ == "__main__":
    main(*sys.argv[1:])
