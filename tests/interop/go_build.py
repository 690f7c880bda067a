"""Programs in Go that the tests need: each is compiled once and kept in the cache."""

import os
import subprocess
from pathlib import Path

from tests.support import cache
from tests.support.requirements import program


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
    return cache.place(name, [(file.name, file.read_bytes()) for file in files])


def compile_to(binary: Path, sources: Path) -> Path:
    """Compile a program with the modules that go.sum names and the toolchain that is installed, and no other."""
    settings = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    # Stamping asks git about the clone, and git refuses a clone that another user owns, as in a container.
    command = [program("go"), "build", "-trimpath", "-buildvcs=false", "-o", str(binary), "."]
    done = subprocess.run(command, cwd=sources, env=settings, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"go build failed:\n{done.stderr}")
    return binary
