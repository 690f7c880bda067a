"""Kinds of objects that hold a pod's specification, and where."""

from collections.abc import Mapping
from typing import NamedTuple

_IN_POD = ("spec",)
_IN_TEMPLATE = ("spec", "template", "spec")


class Kind(NamedTuple):
    """Kind of an object. Its version does not matter: all versions have the specification in the same place.

    Attributes:
        group: API group; empty for the core group.
        name: Name of the kind, such as `Pod`.
    """

    group: str
    name: str


POD = Kind("", "Pod")

# Members that lead from an object to its pod specification (Kubernetes API reference, "Workload Resources").
POD_SPECS: Mapping[Kind, tuple[str, ...]] = {
    POD: _IN_POD,
    Kind("", "PodTemplate"): ("template", "spec"),
    Kind("", "ReplicationController"): _IN_TEMPLATE,
    Kind("apps", "Deployment"): _IN_TEMPLATE,
    Kind("apps", "StatefulSet"): _IN_TEMPLATE,
    Kind("apps", "DaemonSet"): _IN_TEMPLATE,
    Kind("apps", "ReplicaSet"): _IN_TEMPLATE,
    Kind("batch", "Job"): _IN_TEMPLATE,
    Kind("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template", "spec"),
}
