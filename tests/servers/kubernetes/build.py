"""The API server of Kubernetes, compiled from modules of the Go module proxy, since no package index has it."""

import re

from tests.interop.go_build import Module
from tests.support.go_programs import GoProgram

VERSION = "1.36.3"
"""Version of Kubernetes."""
LIBRARIES = f"v0.{VERSION.removeprefix('1.')}"
"""Version of its libraries, such as `k8s.io/api`, which are published on their own."""
_VERSION = "k8s.io/component-base/version"

API_SERVER = GoProgram(
    "kube-apiserver",
    Module("k8s.io/kubernetes", f"v{VERSION}", "h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o="),
    "cmd/kube-apiserver",
    # Its libraries are folders in its repository, which the published module has not.
    edits={r"^(\s*)(k8s\.io/[a-z0-9-]+) => \./staging/src/\S+$": rf"\1\2 => \2 {LIBRARIES}"},
    variables={
        f"{_VERSION}.gitVersion": f"v{VERSION}",
        f"{_VERSION}.gitMajor": VERSION.split(".", maxsplit=1)[0],
        f"{_VERSION}.gitMinor": VERSION.split(".")[1],
    },
)


def same_libraries(minor: str) -> dict[str, str]:
    """Returns the edits for a program that uses the same libraries at another patch of a minor version, `0.36`.

    What the API server's build has compiled of them then serves it too.
    """
    return {rf"^(\s*k8s\.io/[a-z0-9-]+) v{re.escape(minor)}\.\d+": rf"\1 {LIBRARIES}"}
