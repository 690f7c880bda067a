"""Objects of Kubernetes for tests."""

from collections.abc import Callable, Mapping
from typing import Any

from notarykit_admission.workload.kinds import Kind

Spec = Mapping[str, Any]


def _template(spec: Spec | None) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "web"}}, "spec": spec}


def _in_template(spec: Spec | None) -> dict[str, Any]:
    return {"metadata": {"name": "web"}, "spec": {"replicas": 2, "template": _template(spec)}}


# Each kind that holds a pod's specification: an object with a given one, and the JSON pointer to it.
WORKLOADS: Mapping[Kind, tuple[Callable[[Spec | None], dict[str, Any]], str]] = {
    Kind("", "Pod"): (_template, "/spec"),
    Kind("", "PodTemplate"): (lambda spec: {"template": _template(spec)}, "/template/spec"),
    Kind("", "ReplicationController"): (_in_template, "/spec/template/spec"),
    Kind("apps", "Deployment"): (_in_template, "/spec/template/spec"),
    Kind("apps", "StatefulSet"): (_in_template, "/spec/template/spec"),
    Kind("apps", "DaemonSet"): (_in_template, "/spec/template/spec"),
    Kind("apps", "ReplicaSet"): (_in_template, "/spec/template/spec"),
    Kind("batch", "Job"): (_in_template, "/spec/template/spec"),
    Kind("batch", "CronJob"): (
        lambda spec: {"spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": _template(spec)}}}},
        "/spec/jobTemplate/spec/template/spec",
    ),
}


def pod_spec(
    *images: str, init: tuple[str, ...] = (), ephemeral: tuple[str, ...] = (), volumes: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Returns a pod's specification with images in each place; names are a letter and the number in the list."""
    return {
        "containers": [{"name": f"c{number}", "image": image} for number, image in enumerate(images)],
        "initContainers": [{"name": f"i{number}", "image": image} for number, image in enumerate(init)],
        "ephemeralContainers": [{"name": f"e{number}", "image": image} for number, image in enumerate(ephemeral)],
        "volumes": [
            {"name": "scratch", "emptyDir": {}},
            *({"name": f"v{number}", "image": {"reference": image}} for number, image in enumerate(volumes)),
        ],
        "nodeSelector": {"image": "no image"},
    }
