"""HashiCorp Vault, compiled from modules of the Go module proxy, since no package index has its program.

The module of Vault 1.21.4 has "replace" directives for its own submodules, so `go install` refuses it, and the `sdk` of
that tag was never published. The previous `sdk`, with one file of a later one and one changed signature, fits. The
build takes about eight minutes.
"""

import os
import re
import shutil
from pathlib import Path

from tests.interop.go_build import Module, download, go
from tests.support import cache
from tests.support.requirements import require_build

VAULT = Module("github.com/hashicorp/vault", "v1.21.4", "h1:KHGcdSnJtombvae1gDk+jZ50kiFngJPFDOvcCJRnU0c=")
SDK = Module("github.com/hashicorp/vault/sdk", "v0.21.0", "h1:3gDqdKLhHY2ekmCEE9EeesoNpgsReq2bo/SpMqvBYdw=")
LATER_SDK = Module("github.com/hashicorp/vault/sdk", "v0.24.0", "h1:4/8w/puVy751oHZlD2nVgDQPfqHy6gC61dU9QnMZZ0g=")
LATER_FILE = Path("helper", "keysutil", "lock_manager.go")
SIGNATURES = (
    "ActivationFunc func(context.Context, *logical.Request, string)",
    "ActivationFunc func(context.Context, *logical.Request)",
)
MAIN = """package main

import (
	"os"

	"github.com/hashicorp/vault/command"
)

func main() { os.Exit(command.Run(os.Args[1:])) }
"""
# Without the plugins for clouds and databases; two compilers at a time, since other tests may be running.
FLAGS = ("-tags=minimal", "-ldflags=-s -w", "-buildvcs=false", "-mod=mod", "-p=2")


def build() -> str:
    """Returns the path of Vault's program; builds it if the cache has none of this builder."""
    place = cache.place("vault", (VAULT, SDK, LATER_SDK, LATER_FILE.parts, SIGNATURES, MAIN, FLAGS))
    require_build("vault", is_built=place.exists(), needs=["go 1.25"])
    return str(cache.cached(place, _compile))


def _compile(folder: Path) -> Path:
    vault = download(VAULT)
    _write_sdk(folder / "sdk")
    module = re.sub(r"^module .*", "module loopback.test/vault", (vault / "go.mod").read_text(), flags=re.MULTILINE)
    module = re.sub(rf"^replace {VAULT.path}/.*\n", "", module, flags=re.MULTILINE)
    (folder / "go.mod").write_text(f"{module}\nrequire {VAULT.path} {VAULT.version}\nreplace {SDK.path} => ./sdk\n")
    shutil.copyfile(vault / "go.sum", folder / "go.sum")
    (folder / "main.go").write_text(MAIN)
    go(folder, "build", *FLAGS, "-o", "vault", ".")
    return folder / "vault"


def _write_sdk(folder: Path) -> None:
    # Without the modes: module files are read-only.
    shutil.copytree(download(SDK), folder, copy_function=shutil.copyfile)
    for path, _, _ in os.walk(folder):
        os.chmod(path, 0o755)
    shutil.copyfile(download(LATER_SDK) / LATER_FILE, folder / LATER_FILE)
    backend = folder / "framework" / "backend.go"
    before = backend.read_text()
    after = before.replace(*SIGNATURES)
    if after == before:
        raise RuntimeError(f"{SDK.path} is not as it was")
    backend.write_text(after)
