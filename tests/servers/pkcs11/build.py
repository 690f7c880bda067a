"""Builds of modules without a package: kryoptic from its crate, and a shim by which any program loads NSS softokn.

Kryoptic takes about two minutes.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support import cache
from tests.support.requirements import program, require_build

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
_KRYOPTIC_NEEDS = ("cargo", "clang", "libclang-dev", "pkg-config", "libsqlite3-dev", "gcc")
SHIM = Path(__file__).with_name("nss_shim.c")


def kryoptic() -> Path:
    """Returns kryoptic's module, built first where the cache has none and that is asked for."""
    place = cache.place("kryoptic.so", (VERSION, CHECKSUMS, MANIFEST, FLAGS))
    require_build("kryoptic", is_built=place.exists(), needs=_KRYOPTIC_NEEDS)
    return cache.cached(place, _compile_kryoptic)


def nss_shim() -> Path:
    """Returns the module that hands softokn its parameters, compiled first where the cache has none of this source."""
    return cache.cached(cache.place("nss-shim.so", SHIM.read_bytes()), _compile_shim)


def _compile_kryoptic(folder: Path) -> Path:
    (folder / "Cargo.toml").write_text(MANIFEST)
    (folder / "empty.rs").touch()
    packages = json.loads(_run(folder, [program("cargo"), "metadata", "--format-version=1", "--quiet"]))["packages"]
    lock = (folder / "Cargo.lock").read_text()
    for name, expected in CHECKSUMS.items():
        found = re.search(rf'name = "{name}"\nversion = ".*"\nsource = ".*"\nchecksum = "(.*)"', lock)
        if found is None or found[1] != expected:
            raise RuntimeError(f"{name} {VERSION} is not the one that is known: {found and found[1]}")
    manifest = next(package["manifest_path"] for package in packages if package["name"] == "kryoptic")
    # A library for other languages is not built as a dependency, and the registry's own copy stays as it is.
    source = folder / "source"
    shutil.copytree(Path(manifest).parent, source)
    _run(source, [program("cargo"), "build", "--locked", "--quiet", f"--target-dir={folder / 'target'}", *FLAGS])
    return folder / "target" / "release" / "libkryoptic_pkcs11.so"


def _compile_shim(folder: Path) -> Path:
    module = folder / "nss_shim.so"
    flags = ("-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
    _run(folder, [program("cc"), *flags, "-o", str(module), str(SHIM), "-ldl"])
    return module


def _run(folder: Path, command: Sequence[str]) -> str:
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout
