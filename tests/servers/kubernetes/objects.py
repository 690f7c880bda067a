"""Objects of Kubernetes: pods, and all workloads that have a template of a pod."""

import base64
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from tests.servers.kubernetes.api import Object

WORKLOADS: Mapping[str, str] = {
    "PodTemplate": "v1",
    "ReplicationController": "v1",
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
}
"""Versions of the kinds that have a template of a pod."""
_LABELS = {"app": "web"}


def new_name(prefix: str = "web") -> str:
    """Returns a name that nothing else has."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def pod_spec(*images: str, init: Sequence[str] = (), volumes: Sequence[str] = ()) -> dict[str, Any]:
    """Returns a pod's specification with images in containers, init containers and image volumes."""
    return {
        "containers": [{"name": f"c{number}", "image": image} for number, image in enumerate(images)],
        "initContainers": [{"name": f"i{number}", "image": image} for number, image in enumerate(init)],
        "volumes": [{"name": f"v{number}", "image": {"reference": image}} for number, image in enumerate(volumes)],
    }


def pod(namespace: str, *images: str, init: Sequence[str] = (), volumes: Sequence[str] = ()) -> Object:
    """Returns a pod with a name of its own."""
    metadata = {"name": new_name(), "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": pod_spec(*images, init=init, volumes=volumes),
    }


def workload(kind: str, namespace: str, image: str) -> Object:
    """Returns an object of a kind of `WORKLOADS`, with a name of its own, whose template has a container."""
    spec = pod_spec(image)
    if kind in {"Job", "CronJob"}:
        spec["restartPolicy"] = "Never"
    template = {"metadata": {"labels": _LABELS}, "spec": spec}
    made: Object = {
        "apiVersion": WORKLOADS[kind],
        "kind": kind,
        "metadata": {"name": new_name(), "namespace": namespace},
    }
    if kind == "PodTemplate":
        return {**made, "template": template}
    if kind == "CronJob":
        return {**made, "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": template}}}}
    if kind == "Job":
        return {**made, "spec": {"template": template}}
    selector = _LABELS if kind == "ReplicationController" else {"matchLabels": _LABELS}
    more = {"serviceName": "web"} if kind == "StatefulSet" else {}
    return {**made, "spec": {"selector": selector, "template": template, **more}}


def references(made: Object) -> list[str]:
    """Returns the references of a pod: of its containers, init containers, ephemeral containers and image volumes."""
    spec: dict[str, Any] = made["spec"]
    places = ("containers", "initContainers", "ephemeralContainers")
    volumes = [each["image"]["reference"] for each in spec.get("volumes", ()) if "image" in each]
    return [*(each["image"] for place in places for each in spec.get(place, ())), *volumes]


def debugging(image: str) -> Object:
    """Returns the change of a pod's subresource `ephemeralcontainers` that adds the container `e0`."""
    return {"spec": {"ephemeralContainers": [{"name": "e0", "image": image}]}}


def another_image(made: Object, image: str) -> Object:
    """Returns the change (a merge by name) that gives the container of an object another image."""
    change: Object = {"spec": {"containers": [{"name": "c0", "image": image}]}}
    if made["kind"] == "Pod":
        return change
    if made["kind"] == "PodTemplate":
        return {"template": change}
    if made["kind"] == "CronJob":
        return {"spec": {"jobTemplate": {"spec": {"template": change}}}}
    return {"spec": {"template": change}}


def webhook_configuration(kind: str, name: str, url: str, ca_file: str, timeout: int = 10) -> Object:
    """Returns a webhook for everything that has images, in namespaces that have the label `admission/NAME`.

    Args:
        kind: `ValidatingWebhookConfiguration` or `MutatingWebhookConfiguration`.
        name: Name of the configuration.
        url: Address of the webhook.
        ca_file: Certificate of its CA.
        timeout: Seconds after which the API server has waited long enough.
    """
    with open(ca_file, "rb") as file:
        bundle = base64.b64encode(file.read()).decode()
    webhook = {
        "name": f"{name}.notarykit.test",
        "clientConfig": {"url": url, "caBundle": bundle},
        "rules": [
            _rule("", "pods", "pods/ephemeralcontainers", "podtemplates", "replicationcontrollers"),
            _rule("apps", "deployments", "statefulsets", "daemonsets", "replicasets"),
            _rule("batch", "jobs", "cronjobs"),
        ],
        "namespaceSelector": {"matchExpressions": [{"key": f"admission/{name}", "operator": "Exists"}]},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "timeoutSeconds": timeout,
        "admissionReviewVersions": ["v1"],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "webhooks": [webhook],
    }


def _rule(group: str, *resources: str) -> dict[str, Any]:
    return {
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "resources": list(resources),
        "operations": ["CREATE", "UPDATE"],
        "scope": "Namespaced",
    }


def namespace(name: str, *webhooks: str) -> Object:
    """Returns a namespace that webhooks are called for, by the names of their configurations."""
    labels = {f"admission/{webhook}": "" for webhook in webhooks}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
