"""Pods of the chart: what they may do, what they mount, and how many there are."""

from collections.abc import Mapping
from typing import Any

import pytest

from notarykit_admission.version import __version__
from tests.charts.helm import Helm, Rendered
from tests.charts.settings import GIVEN_CERTIFICATE, IMAGE, NEEDED, SETTINGS

ALL = pytest.mark.parametrize("values", SETTINGS.values(), ids=SETTINGS)


def _with(**changes: Any) -> dict[str, Any]:
    return {**GIVEN_CERTIFICATE, **changes}


@ALL
def test_pods_are_restricted(helm: Helm, values: Mapping[str, Any]) -> None:
    """The Pod Security Standard `restricted` admits the pods, whatever the values are."""
    rendered = helm.render(values)
    assert [each.forbidden for each in rendered.manifests] == [""] * len(rendered.manifests)
    assert rendered.pod["securityContext"]["runAsNonRoot"]
    assert rendered.container["securityContext"]["readOnlyRootFilesystem"]


@ALL
def test_volumes_are_those_that_are_mounted(helm: Helm, values: Mapping[str, Any]) -> None:
    """Each volume is mounted, each mount has its volume, and all but scratch space is read-only."""
    rendered = helm.render(values)
    volumes = {each["name"]: each for each in rendered.pod["volumes"]}
    mounts = {each["name"]: each for each in rendered.container["volumeMounts"]}
    assert mounts.keys() == volumes.keys()
    assert {name for name, mount in mounts.items() if not mount.get("readOnly")} == {"home", "tmp"}
    assert {name for name, volume in volumes.items() if "emptyDir" in volume} == {"home", "tmp"}


@ALL
def test_objects_are_about_the_same_pods(helm: Helm, values: Mapping[str, Any]) -> None:
    """Service, budget, network policy and Deployment select the Deployment's own pods."""
    rendered = helm.render(values)
    deployment = rendered.one("Deployment")["spec"]
    selectors = [
        deployment["selector"]["matchLabels"],
        rendered.one("Service")["spec"]["selector"],
        rendered.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        rendered.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    assert selectors == [selectors[0]] * len(selectors)
    assert selectors[0].items() <= deployment["template"]["metadata"]["labels"].items()


def test_no_rights_by_default(helm: Helm) -> None:
    """Without pull secrets nothing may be read of the cluster, and pods have no token for it."""
    rendered = helm.render(NEEDED)
    assert not [each for each in rendered.manifests if each.object["apiVersion"].startswith("rbac.")]
    assert rendered.pod["automountServiceAccountToken"] is False
    assert rendered.one("ServiceAccount")["automountServiceAccountToken"] is False


@pytest.mark.parametrize(("namespaces", "prefix"), [([], "Cluster"), (["shop", "bank"], "")])
def test_pull_secrets_need_get_alone(helm: Helm, namespaces: list[str], prefix: str) -> None:
    """With pull secrets, secrets and service accounts may be read by name, and nothing else; where, is a value."""
    rendered = helm.render(_with(pullSecrets={"enabled": True, "namespaces": namespaces}))
    roles, bindings = rendered.all(f"{prefix}Role"), rendered.all(f"{prefix}RoleBinding")
    where: list[str | None] = [*namespaces] or [None]
    allowed = [{"apiGroups": [""], "resources": ["secrets", "serviceaccounts"], "verbs": ["get"]}]
    assert [role["rules"] for role in roles] == [allowed] * max(1, len(namespaces))
    assert [role["metadata"].get("namespace") for role in roles] == where
    assert [each["metadata"].get("namespace") for each in bindings] == where
    account = rendered.one("ServiceAccount")["metadata"]
    for role, binding in zip(roles, bindings, strict=True):
        assert binding["roleRef"]["name"] == role["metadata"]["name"]
        subject = {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}
        assert binding["subjects"] == [subject]
    assert len([each for each in rendered.manifests if each.object["apiVersion"].startswith("rbac.")]) == 2 * len(roles)
    assert rendered.pod["automountServiceAccountToken"] is True


def test_image_by_digest(helm: Helm) -> None:
    """The digest counts more than the tag, which is the program's version if none is given."""
    digest = f"sha256:{'ab' * 32}"
    image = {"repository": IMAGE}
    assert helm.render(_with(image=image)).container["image"] == f"{IMAGE}:{__version__}"
    assert helm.render(_with(image={**image, "tag": "t"})).container["image"] == f"{IMAGE}:t"
    assert helm.render(_with(image={**image, "tag": "t", "digest": digest})).container["image"] == f"{IMAGE}@{digest}"


def test_replicas_are_spread(helm: Helm) -> None:
    """Two pods run, on two nodes if there are two, and one of them at most is taken away at a time."""
    rendered = helm.render(NEEDED)
    deployment = rendered.one("Deployment")["spec"]
    assert deployment["replicas"] == 2
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    (term,) = rendered.pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"
    assert rendered.pod["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "ScheduleAnyway"
    assert rendered.one("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_autoscaler_counts_replicas(helm: Helm) -> None:
    """With an autoscaler, the Deployment leaves the number of pods to it."""
    rendered = helm.render(_with(autoscaling={"enabled": True, "minReplicas": 3, "maxReplicas": 9}))
    assert "replicas" not in rendered.one("Deployment")["spec"]
    scaler = rendered.one("HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 9)
    assert scaler["scaleTargetRef"]["name"] == rendered.one("Deployment")["metadata"]["name"]


def test_pods_may_drain(helm: Helm) -> None:
    """A pod is not killed before it has drained, and answered for ten seconds what it has begun."""
    pod = helm.render(_with(drainSeconds=40)).pod
    assert pod["terminationGracePeriodSeconds"] > 40 + 10


def test_network_policy_lets_registries_be_reached(helm: Helm) -> None:
    """Pods are asked at their port, and reach names, registries and what else is given; no ports are no opening."""

    def ports(rendered: Rendered, direction: str) -> list[list[Any]]:
        rules = rendered.one("NetworkPolicy")["spec"][direction]
        return [[port["port"] for port in rule.get("ports", ())] for rule in rules]

    assert ports(helm.render(NEEDED), "ingress") == [["https"]]
    assert ports(helm.render(NEEDED), "egress") == [[53, 53], [80, 443]]
    assert ports(helm.render(_with(networkPolicy={"egressPorts": []})), "egress") == [[53, 53]]
    closed = _with(networkPolicy={"egressPorts": []}, pullSecrets={"enabled": True})
    assert ports(helm.render(closed), "egress") == [[53, 53], [443, 6443]]
