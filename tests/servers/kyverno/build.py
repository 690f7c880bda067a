"""Kyverno's admission controller, compiled from modules of the Go module proxy, and the manifests in its sources."""

from pathlib import Path
from typing import Final

from tests.interop.go_build import Module, download
from tests.support.go_programs import GoProgram
from tests.support.manifests import folder

VERSION = "1.19.1"
_MODULE: Final = "github.com/kyverno/kyverno"

KYVERNO = GoProgram(
    "kyverno",
    Module(_MODULE, f"v{VERSION}", "h1:/MkgFii3/VlQfKR1JpC9tVwNNVNQTt2S4U6qCsafsTU="),
    "cmd/kyverno",
    variables={f"{_MODULE}/pkg/version.BuildVersion": f"v{VERSION}"},
)
_GROUPS = ("kyverno", "policies.kyverno.io", "policyreport", "reports")


def custom_resources() -> list[Path]:
    """Returns the definitions of Kyverno's own kinds of objects."""
    crds = download(KYVERNO.module) / "config" / "crds"
    return list(folder(*(crds / group for group in _GROUPS)))
