"""Running Gatekeeper beside a cluster: its objects are stored there, and the API server calls it by address."""

import base64
import contextlib
import functools
import http.client
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.servers.gatekeeper.build import custom_resources
from tests.servers.kubernetes.api import API, Object
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.running import started
from tests.support.manifests import is_established, objects
from tests.support.polling import poll
from tests.support.ports import free_port
from tests.support.requirements import program

NAMESPACE = "gatekeeper-system"
POD = "gatekeeper"
# What its chart has, but for the failure policy.
SECONDS_TO_VALIDATE, SECONDS_TO_MUTATE = 3, 1
_WEBHOOKS = (
    *(
        f"--operation={each}"
        for each in ("webhook", "generate", "status", "mutation-webhook", "mutation-controller", "mutation-status")
    ),
    "--max-serving-threads=32",  # as our manifests advise
)
_AUDIT = ("--operation=audit", "--audit-interval=1")


class Gatekeeper(NamedTuple):
    """Gatekeeper that runs.

    Attributes:
        cluster: Cluster that it guards.
        log: File with its log.
    """

    cluster: Cluster
    log: str

    @property
    def api(self) -> API:
        """Client of the cluster."""
        return self.cluster.api

    def apply(self, made: Object) -> None:
        """Applies an object of Gatekeeper's own kinds, and waits until it counts."""
        self.api.apply(made)
        poll(lambda: _is_observed(self.api.get(self.api.path(made))))
        if made["kind"] == "ConstraintTemplate":
            kind = made["spec"]["crd"]["spec"]["names"]["kind"]
            poll(lambda: _is_served(self.api, "constraints.gatekeeper.sh/v1beta1", kind))


@contextlib.contextmanager
def running(binary: str, cluster: Cluster, ca: RegistryCA) -> Iterator[Gatekeeper]:
    """Runs Gatekeeper while the context is active, and has the API server call it.

    Args:
        binary: Path of its program.
        cluster: Cluster that is for it alone: without it, nothing can be created there.
        ca: CA of its certificate, which it serves with and shows to providers.
    """
    paths = [cluster.api.path(cluster.api.apply(made)) for made in objects(*custom_resources())]
    for path in paths:
        poll(functools.partial(_is_established, cluster.api, path))
    for made in (_object("Namespace", NAMESPACE), _pod()):
        cluster.api.apply(made)
    with contextlib.ExitStack() as stack:
        port, log = _start(stack, binary, cluster, ca, _WEBHOOKS)
        for hook in _webhooks(port, Path(ca.ca_file).read_bytes()):
            cluster.api.apply(hook)
        yield Gatekeeper(cluster, log)


@contextlib.contextmanager
def auditing(binary: str, cluster: Cluster, ca: RegistryCA) -> Iterator[None]:
    """Runs one more Gatekeeper, which looks at what is stored, each second, while the context is active."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        _start(stack, binary, cluster, ca, (*_AUDIT, f"--api-cache-dir={folder}"))
        yield


def _start(
    stack: contextlib.ExitStack, binary: str, cluster: Cluster, ca: RegistryCA, work: Sequence[str]
) -> tuple[int, str]:
    """Starts Gatekeeper, and returns the port of its webhooks and the file with its log."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    pair = ca.peer()
    shutil.copy(pair.certificate, os.path.join(folder, "tls.crt"))
    shutil.copy(pair.key, os.path.join(folder, "tls.key"))
    # The metrics for Prometheus would be served at every address, so they are sent to nobody.
    settings = ("host=127.0.0.1", "health-addr=127.0.0.1:0", "metrics-backend=opentelemetry", "metrics-addr=0")
    arguments = [f"--{each}" for each in (*settings, "otlp-endpoint=127.0.0.1:9", "shutdown-delay=0")]
    arguments += [f"--kubeconfig={cluster.kubeconfig}", f"--cert-dir={folder}", "--disable-cert-rotation"]
    # Its states are stored as belonging to its pod, so there must be one of that name.
    environment = {"POD_NAMESPACE": NAMESPACE, "POD_NAME": POD, "NO_PROXY": "*", "no_proxy": "*"}
    port = free_port()
    command = [program("setpriv"), "--pdeathsig", "TERM", binary, *arguments, *work, f"--port={port}"]
    health, log = stack.enter_context(started(command, environment, '"name":"health probe","addr":"'))
    poll(lambda: _is_ready(health))
    return port, log


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200


def _webhooks(port: int, ca: bytes) -> Iterator[Object]:
    """Returns the configurations of webhooks, as Gatekeeper's chart has them, but closed by default."""
    bundle = base64.b64encode(ca).decode()
    for kind, name, path, seconds in (
        ("ValidatingWebhookConfiguration", "validation.gatekeeper.sh", "admit", SECONDS_TO_VALIDATE),
        ("MutatingWebhookConfiguration", "mutation.gatekeeper.sh", "mutate", SECONDS_TO_MUTATE),
    ):
        hook = {
            "name": name,
            "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": f"https://127.0.0.1:{port}/v1/{path}", "caBundle": bundle},
            "failurePolicy": "Fail",
            "matchPolicy": "Exact",
            "sideEffects": "None",
            "timeoutSeconds": seconds,
            "namespaceSelector": {
                "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [NAMESPACE]}]
            },
            "rules": [
                {
                    "apiGroups": ["*"],
                    "apiVersions": ["*"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["*", "pods/ephemeralcontainers"],
                }
            ],
        }
        version = "admissionregistration.k8s.io/v1"
        yield {"apiVersion": version, "kind": kind, "metadata": {"name": "gatekeeper"}, "webhooks": [hook]}


def _object(kind: str, name: str, **members: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **members}


def _pod() -> Object:
    pod = _object("Pod", POD, spec={"containers": [{"name": "gatekeeper", "image": "none.test/gatekeeper"}]})
    pod["metadata"]["namespace"] = NAMESPACE
    return pod


def _is_established(api: API, path: str) -> bool:
    return is_established(api.get(path))


def _is_observed(found: Object) -> bool:
    generation = found["metadata"]["generation"]
    states = found.get("status", {}).get("byPod") or ()
    assert not any(each.get("errors") for each in states), states
    return any(each.get("observedGeneration") == generation for each in states)


def _is_served(api: API, version: str, kind: str) -> bool:
    answer = api.request("GET", f"/apis/{version}")
    return answer.is_good and any(each["kind"] == kind for each in answer.body["resources"])
