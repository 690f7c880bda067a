"""Gatekeeper, compiled from modules of the Go module proxy, and the manifests in its sources."""

from pathlib import Path
from typing import Final

from tests.interop.go_build import Module, download
from tests.servers.kubernetes.build import same_libraries
from tests.support.go_programs import GoProgram
from tests.support.manifests import folder

VERSION = "3.23.1"
_MODULE: Final = "github.com/open-policy-agent/gatekeeper/v3"

GATEKEEPER = GoProgram(
    "gatekeeper",
    Module(_MODULE, f"v{VERSION}", "h1:njHTm0SJ6ZEhhEgmQTpJKTGQbc99fSs4hGiEp1OIKck="),
    edits=same_libraries("0.36"),
    variables={f"{_MODULE}/pkg/version.Version": f"v{VERSION}"},
)


def custom_resources() -> list[Path]:
    """Returns the definitions of Gatekeeper's own kinds of objects."""
    return list(folder(download(GATEKEEPER.module) / "charts" / "gatekeeper" / "crds"))
