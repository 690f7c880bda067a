"""Running Kyverno beside a cluster: it has the API server call it by address, and makes its own certificates."""

import contextlib
import functools
import http.client
import ssl
from collections.abc import Iterator
from typing import NamedTuple

from tests.servers.kubernetes.api import API, Object
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kyverno.build import custom_resources
from tests.servers.registry.running import started
from tests.support.manifests import is_established, objects
from tests.support.polling import poll
from tests.support.ports import free_port
from tests.support.requirements import program

NAMESPACE = "kyverno"
# By default it speaks to nobody at loopback, and lets no policy of a namespace speak to anybody.
_CALLS = ("httpBlocklist=169.254.169.254", "allowHTTPInNamespacedPolicies=true")
# Everything else that would listen does so here, at any port.
_LOCAL = ("webhookServerHost=127.0.0.1", "metricsHost=127.0.0.1", "metricsPort=0", "controllerRuntimeMetricsAddress=0")
_OWN = (
    "caSecretName=kyverno-ca",
    "tlsSecretName=kyverno-tls",
    "backgroundServiceAccountName=system:serviceaccount:kyverno:background",
    "reportsServiceAccountName=system:serviceaccount:kyverno:reports",
    "admissionReports=false",
    "autoMemLimitEnabled=false",
    "disableMetrics=true",
    "leaderElectionRetryPeriod=1s",
    "loggingFormat=json",
)
_ENVIRONMENT = {
    "KYVERNO_NAMESPACE": NAMESPACE,
    "KYVERNO_POD_NAME": "kyverno-0",
    "KYVERNO_DEPLOYMENT": "kyverno",
    "KYVERNO_SVC": "kyverno-svc",
    "KYVERNO_SERVICEACCOUNT_NAME": "kyverno",
    "KYVERNO_ROLE_NAME": "kyverno",
    "INIT_CONFIG": "kyverno",
    "METRICS_CONFIG": "kyverno-metrics",
    "NO_PROXY": "*",
    "no_proxy": "*",
}


class Kyverno(NamedTuple):
    """Kyverno that runs.

    Attributes:
        api: Client of the cluster that it guards.
        log: File with its log.
    """

    api: API
    log: str

    def apply(self, made: Object) -> None:
        """Applies a policy, and waits until Kyverno has taken it up."""
        self.api.apply(made)
        poll(lambda: _is_ready(self.api.get(self.api.path(made))))


@contextlib.contextmanager
def running(binary: str, cluster: Cluster, trusted: str) -> Iterator[Kyverno]:
    """Runs Kyverno while the context is active.

    Args:
        binary: Path of its program.
        cluster: Cluster that is for it alone: without it, nothing that its policies match can be created there.
        trusted: File of CAs that its calls trust, in place of the system's.
    """
    paths = [cluster.api.path(cluster.api.apply(made)) for made in objects(*custom_resources())]
    for path in paths:
        poll(functools.partial(_is_established, cluster.api, path))
    for made in _objects():
        cluster.api.apply(made)
    port = free_port()
    flags = (*_CALLS, *_LOCAL, *_OWN, f"kubeconfig={cluster.kubeconfig}", f"webhookServerPort={port}")
    # With an address of the server, the API server is told that and no service.
    command = [program("setpriv"), "--pdeathsig", "TERM", binary, f"--serverIP=127.0.0.1:{port}"]
    command += [f"--{flag}" for flag in flags]
    with started(command, {**_ENVIRONMENT, "SSL_CERT_FILE": trusted}, '"serverIP":"') as (_, log):
        poll(lambda: _answers(port))
        yield Kyverno(cluster.api, log)


def _objects() -> Iterator[Object]:
    """Returns the objects that its chart would have made."""
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    for name in (_ENVIRONMENT["INIT_CONFIG"], _ENVIRONMENT["METRICS_CONFIG"]):
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": NAMESPACE}}
    labels = {"app": "kyverno"}
    spec = {"containers": [{"name": "kyverno", "image": "none.test/kyverno"}]}
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "kyverno", "namespace": NAMESPACE},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def _is_established(api: API, path: str) -> bool:
    return is_established(api.get(path))


def _answers(port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.request("GET", "/health/readiness")
        return connection.getresponse().status == 200
    return False


def _is_ready(found: Object) -> bool:
    status = found.get("status") or {}
    conditions = status.get("conditions") or ()
    is_old_kind_ready = any((each["type"], each["status"]) == ("Ready", "True") for each in conditions)
    return is_old_kind_ready or bool(status.get("conditionStatus", {}).get("ready"))
