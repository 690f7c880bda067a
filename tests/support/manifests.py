"""Manifests of Kubernetes that users apply, and those that come with a program's sources."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "admission" / "deploy"
"""Manifests of the admission program for the programs that ask it."""


def objects(*files: Path) -> list[dict[str, Any]]:
    """Returns the objects of files, in their order."""
    return [each for file in files for each in yaml.safe_load_all(file.read_text(encoding="utf-8")) if each]


def folder(*folders: Path) -> Iterable[Path]:
    """Returns the manifests in folders, in the order of their names."""
    return sorted(file for each in folders for file in each.glob("*.yaml"))
