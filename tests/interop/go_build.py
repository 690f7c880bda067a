"""Programs in Go that the tests need: each is compiled once and kept in a cache."""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path


def build(name: str, sources: Path) -> str:
    """Return the path of a program, built first where the cache has none for the present sources.

    Args:
        name: What its file in the cache is called, before the hash of the sources.
        sources: The folder of its package and module.
    """
    cache = cache_directory()
    program = cache / f"{name}-{sources_hash(sources)}"
    if not program.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as beside:
            fresh = Path(beside, program.name)
            compile_to(fresh, sources)
            fresh.replace(program)
    return str(program)


def _cache_directory() -> Path:
    if own := os.environ.get("NOTARYKIT_CACHE"):
        return Path(own).absolute()
    if user := os.environ.get("XDG_CACHE_HOME"):
        return Path(user, "notarykit-tests").absolute()
    return Path.home() / ".cache" / "notarykit-tests"


_CACHE = _cache_directory()  # before a test gives itself another home


def cache_directory() -> Path:
    """Return the directory for what the tests build, which is never inside the clone."""
    return _CACHE


def sources_hash(sources: Path) -> str:
    """Hash the names and contents of all that decides what the program does."""
    files = sorted([*sources.glob("*.go"), sources / "go.mod", sources / "go.sum"])
    digests = [f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:16]


def compile_to(program: Path, sources: Path) -> None:
    """Compile a program with the modules that go.sum names and the toolchain that is installed, and no other."""
    settings = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    # Stamping asks git about the clone, and git refuses a clone that another user owns, as in a container.
    command = ["go", "build", "-trimpath", "-buildvcs=false", "-o", str(program), "."]
    done = subprocess.run(command, cwd=sources, env=settings, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"go build failed:\n{done.stderr}")
