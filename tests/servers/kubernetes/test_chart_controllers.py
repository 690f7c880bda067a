"""The chart's webhooks beside Kubernetes' own controllers, which make most of what is judged."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.charts.helm import Helm
from tests.servers.kubernetes import cluster as clusters
from tests.servers.kubernetes import controllers, release
from tests.servers.kubernetes.api import API, Object
from tests.servers.kubernetes.images import Images
from tests.servers.kubernetes.objects import new_name, workload
from tests.servers.kubernetes.release import Installed
from tests.servers.registry.certificates import RegistryCA
from tests.support.polling import poll

_CHANGED = {"spec": {"template": {"spec": {"containers": [{"name": "c0", "env": [{"name": "A", "value": "b"}]}]}}}}


@pytest.fixture(scope="module")
def controlled(api_server: str, registry_ca: RegistryCA) -> Iterator[API]:
    """Another cluster, with controllers."""
    binary = controllers.CONTROLLERS.build()
    with clusters.running(api_server, registry_ca) as cluster, controllers.running(binary, cluster):
        yield cluster.api


@pytest.fixture(scope="module")
def older(controlled: API, images: Images) -> Object:
    """Deployment with a tag that was there before the webhooks were."""
    namespace = new_name("ns")
    controlled.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    made = workload("Deployment", namespace, images.signed.by_tag)
    controlled.apply(made)
    _wait(controlled, made)
    return made


@pytest.fixture(scope="module")
def installed(
    controlled: API,
    older: Object,
    helm: Helm,
    images: Images,
    registry_ca: RegistryCA,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installed]:
    """The chart's webhooks in that cluster."""
    with release.installed(controlled, helm, images, registry_ca, tmp_path_factory.mktemp("chart")) as installed:
        yield installed


@pytest.fixture
def answered(installed: Installed) -> Installed:
    """The chart's webhooks while the program runs."""
    installed.program.start()
    return installed


def _listed(api: API, kind: str, namespace: str) -> list[Any]:
    version = "/api/v1" if kind == "pods" else "/apis/apps/v1"
    found: list[Any] = api.get(f"{version}/namespaces/{namespace}/{kind}")["items"]
    return found


def _wait(api: API, made: Object, replicas: int = 1) -> None:
    """Waits until the controllers have made of a Deployment what it says."""

    def is_done() -> bool:
        stored = api.get(api.path(made))
        status = stored.get("status", {})
        is_seen = status.get("observedGeneration") == stored["metadata"]["generation"]
        return bool(is_seen and status.get("updatedReplicas") == replicas)

    poll(is_done)


def _images_of(pods: list[Any]) -> set[str]:
    return {container["image"] for each in pods for container in each["spec"]["containers"]}


def test_deployment_gets_one_replica_set(answered: Installed) -> None:
    """A Deployment with a tag has the digest from its template down to its pods, and one ReplicaSet for each change."""
    namespace = new_name("ns")
    answered.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    image = answered.images.signed
    made = workload("Deployment", namespace, image.by_tag)
    assert answered.api.create(made).status == 201
    _wait(answered.api, made)
    assert _images_of(_listed(answered.api, "pods", namespace)) == {image.pinned}
    assert answered.api.patch(made, _CHANGED).is_good
    _wait(answered.api, made)
    assert len(_listed(answered.api, "replicasets", namespace)) == 2


def test_older_deployment_goes_on(answered: Installed, older: Object) -> None:
    """A Deployment of before, with a tag, gets one ReplicaSet more when it changes; its new pods are pinned."""
    namespace, image = older["metadata"]["namespace"], answered.images.signed
    assert _images_of(_listed(answered.api, "pods", namespace)) == {image.by_tag}
    assert answered.api.patch(older, _CHANGED).is_good
    _wait(answered.api, older)
    assert len(_listed(answered.api, "replicasets", namespace)) == 2
    assert _images_of(_listed(answered.api, "pods", namespace)) == {image.by_tag, image.pinned}


def test_job_ends_unanswered(answered: Installed) -> None:
    """A Job whose pod has done its work ends while nobody answers: its controller takes finalizers off the pod."""
    api, namespace = answered.api, new_name("ns")
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    made = workload("Job", namespace, answered.images.signed.by_digest)
    assert api.create(made).status == 201
    poll(lambda: len(_listed(api, "pods", namespace)) == 1)
    (pod,) = _listed(api, "pods", namespace)
    assert "batch.kubernetes.io/job-tracking" in pod["metadata"]["finalizers"]
    answered.program.stop()
    stored = {"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"]}
    assert api.patch(stored, {"status": {"phase": "Succeeded"}}, "status").is_good
    poll(lambda: api.get(api.path(made))["status"].get("succeeded") == 1)
    assert "finalizers" not in _listed(api, "pods", namespace)[0]["metadata"]


def test_refused_pods_are_tried_again(answered: Installed) -> None:
    """Pods that were refused while nobody answered are made by their controller as soon as somebody does."""
    api, namespace = answered.api, new_name("ns")
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    made = workload("Deployment", namespace, answered.images.signed.by_digest)
    assert api.create(made).status == 201
    _wait(api, made)
    answered.program.stop()
    assert api.patch(made, {"spec": {"replicas": 2}}, "scale").is_good
    poll(lambda: "failed calling webhook" in str(api.get(api.path(made))["status"].get("conditions")))
    answered.program.start()
    _wait(api, made, 2)
