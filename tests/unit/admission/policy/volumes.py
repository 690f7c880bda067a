"""Volumes as Kubernetes mounts ConfigMaps and Secrets: a folder for each state, and one link that is exchanged."""

import os
from collections.abc import Mapping
from pathlib import Path


class Volume:
    """Volume in a folder; each write is a new state.

    Attributes:
        folder: The folder where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._states = 0

    def write(self, files: Mapping[str, bytes], *, remove: bool = True) -> None:
        """Exchanges all files, as kubelet does it (`atomic_writer.go`, "AtomicWriter")."""
        self._states += 1
        state = self.folder / f"..2026_11_29_12_00_00.{self._states:09}"
        for path, content in files.items():
            (state / path).parent.mkdir(parents=True, exist_ok=True)
            (state / path).write_bytes(content)
        state.mkdir(exist_ok=True)
        data = self.folder / "..data"
        old = data.resolve() if data.exists() else None
        (self.folder / "..data_tmp").symlink_to(state.name)
        (self.folder / "..data_tmp").rename(data)
        for name in {path.partition("/")[0] for path in files}:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        if old is not None and remove:
            _remove(old)


def _remove(folder: Path) -> None:
    for root, folders, names in os.walk(folder, topdown=False):
        for name in names:
            (Path(root) / name).unlink()
        for name in folders:
            (Path(root) / name).rmdir()
    folder.rmdir()


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Writes plain files below a folder, and returns it."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder
