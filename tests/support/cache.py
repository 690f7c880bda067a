"""What the tests build, kept from one run to the next in a folder that is never inside the clone."""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path


def _directory() -> Path:
    if own := os.environ.get("NOTARYKIT_CACHE"):
        return Path(own).absolute()
    if user := os.environ.get("XDG_CACHE_HOME"):
        return Path(user, "notarykit-tests").absolute()
    return Path.home() / ".cache" / "notarykit-tests"


_DIRECTORY = _directory()  # before a test gives itself another home


def place(name: str, recipe: object) -> Path:
    """The path of something in the cache, whether it is there or not.

    Args:
        name: What it is called, before the hash of the recipe.
        recipe: All that decides how it comes out, as a value whose `repr` tells it.
    """
    return _DIRECTORY / f"{name}-{hashlib.sha256(repr(recipe).encode()).hexdigest()[:16]}"


def cached(found: Path, make: Callable[[Path], Path]) -> Path:
    """Return something in the cache, made first where it is not there; who makes it at the same time is waited for.

    Args:
        found: Its path, of `place`.
        make: Makes it, in an empty folder beside the others, and returns the path there.
    """
    if not found.exists():
        _DIRECTORY.mkdir(parents=True, exist_ok=True)
        with _alone(found), tempfile.TemporaryDirectory(dir=_DIRECTORY) as folder:
            if not found.exists():
                make(Path(folder)).replace(found)
    return found


@contextlib.contextmanager
def _alone(found: Path) -> Iterator[None]:
    with found.with_name(f"{found.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
