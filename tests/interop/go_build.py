"""Programs in Go that the tests need: each is compiled once and kept in the cache."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.support import cache
from tests.support.requirements import program


class Module(NamedTuple):
    """Module version with its required checksum."""

    path: str
    version: str
    checksum: str


def build(name: str, sources: Path) -> str:
    """Return the path of a program, built first where the cache has none for the present sources.

    Args:
        name: What its file in the cache is called, before the hash of the sources.
        sources: The folder of its package and module.
    """
    return str(cache.cached(place(name, sources), lambda folder: compile_to(folder / name, sources)))


def place(name: str, sources: Path) -> Path:
    """The path of a program in the cache, by the names and contents of all that decides what it does."""
    files = sorted([*sources.glob("*.go"), sources / "go.mod", sources / "go.sum"])
    return cache.place(name, [(file.name, file.read_bytes()) for file in [*files, *_replacements(sources)]])


def _replacements(sources: Path) -> list[Path]:
    """The sources of the modules that a module has in folders beside its own."""
    folders = re.findall(r"^replace \S+ => (\.\S+)$", (sources / "go.mod").read_text(), re.MULTILINE)
    return sorted(file for folder in folders for file in (sources / folder).iterdir())


def compile_to(binary: Path, sources: Path, package: str = ".") -> Path:
    """Compile a program with the modules that go.sum names and the toolchain that is installed, and no other."""
    # Stamping asks git about the clone, and git refuses a clone that another user owns, as in a container.
    flags = ("-mod=readonly", "-trimpath", "-buildvcs=false")
    go(sources, "build", *flags, "-o", str(binary), package)
    return binary


def download(module: Module) -> Path:
    """Return the folder of a module's sources in Go's cache, downloaded first where they are not there."""
    found = json.loads(go(Path(tempfile.gettempdir()), "mod", "download", "-json", f"{module.path}@{module.version}"))
    if found["Sum"] != module.checksum:
        raise RuntimeError(f"{module.path} {module.version} has the checksum {found['Sum']}")
    return Path(found["Dir"])


def go(folder: Path, *arguments: str) -> str:
    """Run the go command in a folder and return its output."""
    settings = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    command = [program("go"), *arguments]
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"go {arguments[0]} failed:\n{done.stderr}")
    return done.stdout
