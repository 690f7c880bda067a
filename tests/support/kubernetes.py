"""Kubernetes manifests of the documents: decoded by Kubernetes' own types, and their containers as processes."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.interop import go_build
from tests.support.requirements import require

SOURCES = Path(go_build.__file__).with_name("kubernetes")


class Manifest(NamedTuple):
    """Manifest of a file.

    Attributes:
        object: Its members, with the names and values of Kubernetes' types.
        forbidden: Why the Pod Security Standard `restricted` refuses its pods, or an empty string.
    """

    object: Mapping[str, Any]
    forbidden: str


def manifests(path: Path) -> list[Manifest]:
    """Returns the manifests of a file, decoded strictly: an unknown or repeated member is an error.

    Raises:
        ValueError: A manifest is malformed.
    """
    require("go 1.25")
    done = subprocess.run([go_build.build("kubernetes", SOURCES), path], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    return [Manifest(**json.loads(line)) for line in done.stdout.splitlines()]


def command_of(container: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """Returns a container's command with its variables expanded as the kubelet does it.

    `$(NAME)` is the variable's value, or stays as it is if there is none; `$$` is a dollar sign.
    """

    def value(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else environment.get(match[1], match[0])

    arguments = [*container.get("command", ()), *container.get("args", ())]
    return [re.sub(r"\$\$|\$\(([^()]+)\)", value, argument) for argument in arguments]


def mount_config_map(folder: Path, content: Mapping[str, bytes], version: str = "..2026_01_01") -> Path:
    """Writes files as the kubelet does for a ConfigMap: links to a folder that it can exchange in one step."""
    for path, data in content.items():
        file = folder / version / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        top = folder / Path(path).parts[0]
        if not top.is_symlink():
            top.symlink_to(Path("..data", top.name))
    (folder / "..data").symlink_to(version)
    return folder
