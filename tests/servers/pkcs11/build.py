"""What no package has: kryoptic, compiled from its crate, and a thin module that lets any program load NSS softokn.

Kryoptic takes about a minute and a half; `python -m servers.pkcs11.build`, in the folder of the tests, compiles both
before they run.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from interop import go_build

VERSION = "1.5.4"
CHECKSUMS = {
    "kryoptic": "21b64b7679ce821f19a7a48b7e40146f26fbb9daa64ee2acb6376788a26d7ae8",
    "kryoptic-lib": "a947971554efc7ae20b1f5f3cb5a5406f53599a0879f93b6de8adc6f3f83e6e2",
}
MANIFEST = f"""[package]
name = "loopback-test"
version = "0.0.0"
edition = "2021"

[lib]
path = "empty.rs"

[dependencies]
kryoptic = "={VERSION}"
"""
# The other features need an OpenSSL that is newer than some systems'; two compilers at a time, as other tests run.
FLAGS = ("--release", "--no-default-features", "--features=minimal,kryoptic-lib/dynamic", "--jobs=2")
SHIM = Path(__file__).with_name("nss_shim.c")


def kryoptic_missing() -> str | None:
    """Say why kryoptic is not in the cache and cannot be built here, or return None."""
    if _place("kryoptic", Path(__file__)).exists():
        return None
    needed = {"cargo": "Rust", "clang": "clang and libclang-dev", "pkg-config": "pkg-config and libsqlite3-dev"}
    absent = [package for command, package in needed.items() if shutil.which(command) is None]
    return f"kryoptic is built with cargo and needs {', '.join(absent)}" if absent else None


def kryoptic() -> Path:
    """Return kryoptic's module, built first where the cache has none that this builder made."""
    return _cached("kryoptic", Path(__file__), _compile_kryoptic)


def nss_shim() -> Path:
    """Return the module that hands softokn its parameters, compiled first where the cache has none of this source."""
    return _cached("nss-shim", SHIM, _compile_shim)


def _place(name: str, source: Path) -> Path:
    return go_build.cache_directory() / f"{name}-{hashlib.sha256(source.read_bytes()).hexdigest()[:16]}.so"


def _cached(name: str, source: Path, compile_in: Callable[[Path], Path]) -> Path:
    """Find a module in the cache or compile it; whoever compiles it at the same time is waited for."""
    module = _place(name, source)
    if not module.exists():
        cache = module.parent
        cache.mkdir(parents=True, exist_ok=True)
        with _alone(cache / f"{name}.lock"), tempfile.TemporaryDirectory(dir=cache) as folder:
            if not module.exists():
                compile_in(Path(folder)).replace(module)
    return module


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _compile_kryoptic(folder: Path) -> Path:
    (folder / "Cargo.toml").write_text(MANIFEST)
    (folder / "empty.rs").touch()
    packages = json.loads(_run(folder, ["cargo", "metadata", "--format-version=1", "--quiet"]))["packages"]
    lock = (folder / "Cargo.lock").read_text()
    for name, expected in CHECKSUMS.items():
        found = re.search(rf'name = "{name}"\nversion = ".*"\nsource = ".*"\nchecksum = "(.*)"', lock)
        if found is None or found[1] != expected:
            raise RuntimeError(f"{name} {VERSION} is not the one that is known: {found and found[1]}")
    manifest = next(package["manifest_path"] for package in packages if package["name"] == "kryoptic")
    # A library for other languages is not built as a dependency, and the registry's own copy stays as it is.
    source = folder / "source"
    shutil.copytree(Path(manifest).parent, source)
    _run(source, ["cargo", "build", "--locked", "--quiet", f"--target-dir={folder / 'target'}", *FLAGS])
    return folder / "target" / "release" / "libkryoptic_pkcs11.so"


def _compile_shim(folder: Path) -> Path:
    module = folder / "nss_shim.so"
    _run(folder, ["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(module), str(SHIM), "-ldl"])
    return module


def _run(folder: Path, command: Sequence[str]) -> str:
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    print(kryoptic())
    print(nss_shim())
