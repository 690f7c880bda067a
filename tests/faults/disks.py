"""Small disks that can be filled: a file system in memory, mounted here or in a namespace of its own."""

import contextlib
import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.requirements import program

PAGE = os.sysconf("SC_PAGE_SIZE")


class Disk:
    """A small disk.

    Attributes:
        path: Its root folder.
    """

    def __init__(self, path: Path) -> None:
        """Takes the folder where it is mounted."""
        self.path = path
        self._ballast = path / "ballast"

    def fill(self, free_pages: int) -> None:
        """Fills the disk but for so many pages."""
        self._ballast.unlink(missing_ok=True)
        with open(self._ballast, "wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * PAGE)
            size = file.tell()
            file.truncate(max(0, size - size % PAGE - free_pages * PAGE))

    def use_up_names(self) -> None:
        """Makes files until the disk takes no more of them, however much room there is."""
        with contextlib.suppress(OSError):
            for number in itertools.count():
                (self.path / f"name{number}").touch(exist_ok=False)

    def free(self) -> None:
        """Makes room again."""
        self._ballast.unlink(missing_ok=True)
        for each in self.path.glob("name*"):
            each.unlink()


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Disk]:
    """Mounts a disk in memory here, as root may.

    Raises:
        OSError: It is not permitted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [program("mount"), "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise OSError(f"mount: {done.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run([program("umount"), "--lazy", folder], check=True)


@contextlib.contextmanager
def mounted_apart(folder: Path, options: str) -> Iterator[Disk]:
    """Mounts a disk in memory in a namespace of its own, as users may; it is reached through the process that holds it.

    Raises:
        OSError: It is not permitted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script = 'mount -t tmpfs -o "$1" tmpfs "$2" && echo ready && read -r _'
    apart = (program("unshare"), "--user", "--map-root-user", "--mount")
    command = [*apart, "sh", "-c", script, "sh", options, str(folder)]
    holder = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    try:
        assert holder.stdout is not None
        if holder.stdout.readline() != "ready\n":
            assert holder.stderr is not None
            raise OSError(f"unshare: {holder.stderr.read().strip()}")
        yield Disk(Path(f"/proc/{holder.pid}/root{folder}"))
    finally:
        holder.communicate()
