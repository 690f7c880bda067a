"""Manifests of Kubernetes that users apply, and those that come with a program's sources."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "admission" / "deploy"
"""Manifests of the admission program for the programs that ask it."""
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def objects(*files: Path) -> list[dict[str, Any]]:
    """Returns the objects of files, in their order."""
    return [each for file in files for each in yaml.load_all(file.read_text(encoding="utf-8"), _LOADER) if each]


def folder(*folders: Path) -> Iterable[Path]:
    """Returns the manifests in folders, in the order of their names."""
    return sorted(file for each in folders for file in each.glob("*.yaml"))


def is_established(stored: dict[str, Any]) -> bool:
    """Returns True for a definition of a custom resource whose objects can be stored."""
    conditions = stored.get("status", {}).get("conditions") or ()
    return any((each["type"], each["status"]) == ("Established", "True") for each in conditions)
