"""A plugin on the Go framework of the Notary Project: one program, whose file's name decides what it can do."""

import shutil
from pathlib import Path

from interop import go_build

SOURCES = Path(__file__).with_name("plugin")


def build() -> str:
    """Return the path of the program, built first where the cache has none for the present sources."""
    return go_build.build("plugin", SOURCES)


def install(folder: Path, name: str) -> Path:
    """Put a copy of the program into a plugins folder, where a host finds it by the name, and return its path."""
    place = folder / name / f"notation-{name}"
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(build(), place)
    place.chmod(0o755)
    return place
