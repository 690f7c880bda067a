"""Multi-platform images by go-containerregistry, and choices by containerd's package platforms, from a Go program."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.interop import go_build

SOURCES = Path(__file__).with_name("images")

Digests = dict[str, str]
"""Digests of an index's parts, by platform, and of the indexes, `index` and `nested`."""


def push(reference: str, *, docker: bool = False) -> Digests:
    """Pushes an image index, or a Docker manifest list, to a registry."""
    return _answer("push", reference, *(["docker"] if docker else []))


def write(layout: Path) -> Digests:
    """Writes an image index into a new layout, under the tag v1."""
    return _answer("write", str(layout))


def choose(wanted: Sequence[str], images: Sequence[dict[str, Any]]) -> list[list[int] | None]:
    """Returns, for each platform, the positions of the images that it can run, best first; None for a malformed one."""
    lines = "".join(json.dumps({"wanted": platform, "images": images}) + "\n" for platform in wanted)
    return [json.loads(line) for line in _run(["choose"], lines).splitlines()]


def _answer(*arguments: str) -> Digests:
    digests: Digests = json.loads(_run(arguments, ""))
    return digests


def _run(arguments: Sequence[str], stdin: str) -> str:
    program = go_build.build("images", SOURCES)
    return subprocess.run([program, *arguments], input=stdin, text=True, capture_output=True, check=True).stdout
