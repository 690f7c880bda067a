"""The Dockerfile as BuildKit reads it."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.interop import go_build
from tests.support.requirements import require

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "admission" / "Dockerfile"
_SOURCES = Path(__file__).with_name("buildkit")


class Report(NamedTuple):
    """What BuildKit has found in a Dockerfile.

    Attributes:
        findings: What its own checks say, a line each.
        instructions: Name, flags and words of each instruction.
        image: Configuration of the image.
        files: Files of the context that the file beside it does not leave out, relative to the context.
    """

    findings: Sequence[str]
    instructions: Sequence[Mapping[str, Any]]
    image: Mapping[str, Any]
    files: Sequence[str]


def read(path: Path = DOCKERFILE) -> Report:
    """Returns what BuildKit finds in a Dockerfile, whose context is this clone."""
    require("go 1.25")
    command = [go_build.build("buildkit", _SOURCES), str(path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Report(**json.loads(done.stdout))
