"""cert-manager's own controllers, as a program on this machine."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.interop.go_build import Module, download, go, place
from tests.servers.kubernetes.api import API, Object
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.registry.running import started
from tests.support import cache
from tests.support.kubernetes import manifests
from tests.support.manifests import is_established
from tests.support.polling import poll
from tests.support.requirements import program, require_build

MODULE = Module("github.com/cert-manager/cert-manager", "v1.21.2", "h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=")
_SOURCES = Path(__file__).with_name("certmanager")
_KINDS = ("certificates", "certificaterequests", "clusterissuers", "issuers")
# Those of the other programs of Kubernetes, whose packages are compiled already.
_FLAGS = ("-buildvcs=false", "-mod=readonly", "-p=2", "-ldflags=-s -w")


def build() -> str:
    """Returns the path of the program; builds it if the cache has none of these sources."""
    found = place("cert-manager", _SOURCES)
    require_build("cert-manager", is_built=found.exists(), needs=["go 1.26"])

    def compiled(folder: Path) -> Path:
        go(_SOURCES, "build", *_FLAGS, "-o", str(folder / "cert-manager"), ".")
        return folder / "cert-manager"

    return str(cache.cached(found, compiled))


def resources() -> list[Object]:
    """Returns the definitions of its resources."""
    folder = download(MODULE) / "deploy" / "crds"
    return [dict(each.object) for kind in _KINDS for each in manifests(folder / f"cert-manager.io_{kind}.yaml")]


def define(api: API, definitions: list[Object]) -> None:
    """Defines custom resources, and waits until they are served."""
    for each in definitions:
        api.apply(each)
    poll(lambda: all(is_established(api.get(api.path(each))) for each in definitions))


@contextlib.contextmanager
def running(binary: str, cluster: Cluster) -> Iterator[None]:
    """Runs the controllers in a cluster, where their resources are defined, while the context is active."""
    command = [program("setpriv"), "--pdeathsig", "TERM", binary, cluster.kubeconfig]
    with started(command, {}, "controllers run for https://"):
        yield
