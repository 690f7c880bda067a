"""Programs that are published as Go modules alone: compiled from the module proxy, and kept in the cache.

`go install` refuses a module whose go.mod replaces others, and resolves nothing of what that says. So each program is
built by a module of our own that has all of the published one's requirements, replacements and checksums.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.interop.go_build import Module, download, go
from tests.support import cache
from tests.support.requirements import require_build

# Go's build cache holds packages by these flags, so that programs with the same dependencies share what is compiled.
# Two compilers at a time, since other tests may be running.
FLAGS = ("-buildvcs=false", "-mod=mod", "-p=2")


class GoProgram(NamedTuple):
    """Program of a published module.

    Attributes:
        name: Its name in the table `requirements.BUILDS`.
        module: The module.
        package: Path of its main package in the module; empty for the module's own.
        edits: What is changed in the module's go.mod: replacements by regular expression of a line.
        variables: Values of variables in other packages, such as the version that the program tells.
    """

    name: str
    module: Module
    package: str = ""
    edits: Mapping[str, str] = {}
    variables: Mapping[str, str] = {}

    def build(self) -> str:
        """Returns the path of the program; builds it if the cache has none of this recipe."""
        place = cache.place(self.name, (self, FLAGS))
        require_build(self.name, is_built=place.exists(), needs=["go 1.26"])
        return str(cache.cached(place, self.compile))

    def compile(self, folder: Path) -> Path:
        """Compiles the program in an empty folder, and returns its path there."""
        self.prepare(folder)
        package = f"{self.module.path}/{self.package}" if self.package else self.module.path
        values = (f"-X {name}={value}" for name, value in self.variables.items())
        flags = (*FLAGS, f"-ldflags={' '.join(('-s -w', *values))}")
        go(folder, "build", *flags, "-o", self.name, package)
        return folder / self.name

    def prepare(self, folder: Path) -> None:
        """Makes an empty folder a module that has the published one's requirements, replacements and checksums."""
        published = download(self.module)
        (folder / "go.mod").write_text(self._requirements((published / "go.mod").read_text()))
        shutil.copyfile(published / "go.sum", folder / "go.sum")

    def _requirements(self, published: str) -> str:
        """Returns the go.mod of the module that builds, out of the published one."""
        edits = {r"^module .*": "module loopback.test/build", r"^toolchain .*\n": "", **self.edits}
        for pattern, replacement in edits.items():
            published = re.sub(pattern, replacement, published, flags=re.MULTILINE)
        return f"{published}\nrequire {self.module.path} {self.module.version}\n"
