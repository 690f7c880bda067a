"""Kubernetes' own controllers, which make ReplicaSets, pods and Jobs what they should be; nothing runs the pods."""

import contextlib
import tempfile
from collections.abc import Iterator

from tests.servers.kubernetes.build import API_SERVER
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.registry.running import started
from tests.support.ports import ATTEMPTS, free_port
from tests.support.requirements import program

CONTROLLERS = API_SERVER._replace(name="kube-controller-manager", package="cmd/kube-controller-manager")
_NAMES = ("deployment", "replicaset", "statefulset", "daemonset", "job", "cronjob", "garbage-collector")


@contextlib.contextmanager
def running(binary: str, cluster: Cluster) -> Iterator[None]:
    """Runs the controllers of workloads in a cluster while the context is active.

    Args:
        binary: Path of the program with all controllers.
        cluster: The cluster.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        command = [
            *(program("setpriv"), "--pdeathsig", "TERM", binary),
            f"--kubeconfig={cluster.kubeconfig}",
            f"--controllers={','.join(f'{name}-controller' for name in _NAMES)}",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--cert-dir={folder}",
            # Not twenty requests a second, so that a loop would be seen at once.
            "--kube-api-qps=500",
            "--kube-api-burst=500",
        ]
        for attempt in range(ATTEMPTS):
            try:
                stack.enter_context(started([*command, f"--secure-port={free_port()}"], {}, "Serving securely on "))
                break
            except RuntimeError as error:
                if "address already in use" not in str(error) or attempt == ATTEMPTS - 1:
                    raise
        yield
