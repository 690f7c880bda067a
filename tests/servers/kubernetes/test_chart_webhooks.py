"""The chart's webhooks at a real API server: what they let in, and what goes on when nobody answers."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.charts.helm import NAMESPACE, Helm
from tests.servers.kubernetes import release
from tests.servers.kubernetes.api import Answer
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.images import Images
from tests.servers.kubernetes.objects import WORKLOADS, debugging, pod, workload
from tests.servers.kubernetes.release import NOBODY, Installed
from tests.servers.registry.certificates import RegistryCA

_METADATA: Final = {"metadata": {"labels": {"new": "label"}, "finalizers": ["tests/finalizer"]}}
_OWNER: Final = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "1"}


@pytest.fixture(scope="module")
def installed(
    cluster: Cluster, helm: Helm, images: Images, registry_ca: RegistryCA, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installed]:
    """The chart's webhooks, which call the program on this machine."""
    with release.installed(cluster.api, helm, images, registry_ca, tmp_path_factory.mktemp("chart")) as installed:
        yield installed


@pytest.fixture
def answered(installed: Installed) -> Installed:
    """The chart's webhooks while the program runs."""
    installed.program.start()
    return installed


def test_what_was_verified_is_what_runs(answered: Installed) -> None:
    """A signed image starts, by its digest; the template of a Deployment gets it as well."""
    image = answered.images.signed
    assert answered.run(image.by_tag).body["spec"]["containers"][0]["image"] == image.pinned
    answer = answered.api.create(workload("Deployment", answered.namespace, image.by_tag))
    assert answer.body["spec"]["template"]["spec"]["containers"][0]["image"] == image.pinned


@pytest.mark.parametrize("kind", ["Pod", *WORKLOADS])
def test_every_kind_is_judged(answered: Installed, kind: str) -> None:
    """Whatever makes an image run is refused if it is not signed, and admitted if it is."""

    def create(image: str) -> Answer:
        made = pod(answered.namespace, image) if kind == "Pod" else workload(kind, answered.namespace, image)
        return answered.api.create(made)

    answer = create(answered.images.unsigned.by_digest)
    assert (answer.status, "no signature is associated with" in answer.message) == (403, True)
    assert create(answered.images.signed.by_digest).status == 201


def test_debug_container_is_judged(answered: Installed) -> None:
    """A debug container is added only if its image is signed, and by its digest."""
    made = pod(answered.namespace, answered.images.signed.by_digest)

    def debug(image: str) -> Answer:
        return answered.api.patch(made, debugging(image), "ephemeralcontainers")

    assert answered.api.create(made).status == 201
    assert debug(answered.images.unsigned.by_tag).status == 403
    (container,) = debug(answered.images.signed.by_tag).body["spec"]["ephemeralContainers"]
    assert container["image"] == answered.images.signed.pinned


@pytest.mark.parametrize("namespace", ["kube-system", NAMESPACE])
def test_namespaces_that_are_left_out(answered: Installed, namespace: str) -> None:
    """What the cluster and the program need to start is judged by nobody."""
    assert answered.run(answered.images.unsigned.by_digest, namespace).status == 201


def test_pods_do_not_start_unanswered(installed: Installed) -> None:
    """While nobody answers, neither pods nor templates are admitted."""
    installed.program.stop()
    image = installed.images.signed.by_digest
    answers = [installed.run(image), installed.api.create(workload("Deployment", installed.namespace, image))]
    assert [(answer.status, NOBODY in answer.message) for answer in answers] == [(500, True)] * 2


def test_what_runs_goes_on_unanswered(answered: Installed) -> None:
    """While nobody answers, labels and finalizers can be changed and workloads scaled; images cannot be exchanged."""
    image = answered.images.signed.by_digest
    made = [pod(answered.namespace, image), workload("Deployment", answered.namespace, image)]
    assert [answered.api.create(each).status for each in made] == [201] * 2
    answered.program.stop()
    for each in made:
        assert answered.api.patch(each, _METADATA).status == 200
    assert answered.api.patch(made[1], {"spec": {"replicas": 7}}, "scale").status == 200
    other = {"spec": {"containers": [{"name": "c0", "image": "registry.test/other"}]}}
    assert NOBODY in answered.api.patch(made[0], other).message
    assert NOBODY in answered.api.patch(made[1], {"spec": {"template": other}}).message


def test_template_of_a_controller_is_its_own(answered: Installed) -> None:
    """A ReplicaSet that a Deployment has made stays as it is, so that the two do not differ; its pods are judged."""
    image = answered.images.unsigned
    owned = workload("ReplicaSet", answered.namespace, image.by_tag)
    owned["metadata"]["ownerReferences"] = [{**_OWNER, "controller": True}]
    named = workload("ReplicaSet", answered.namespace, image.by_tag)
    named["metadata"]["ownerReferences"] = [_OWNER]
    of_a_controller = pod(answered.namespace, image.by_tag)
    of_a_controller["metadata"]["ownerReferences"] = [{**_OWNER, "kind": "ReplicaSet", "controller": True}]
    answer = answered.api.create(owned)
    assert answer.status == 201
    assert answer.body["spec"]["template"]["spec"]["containers"][0]["image"] == image.by_tag
    assert answered.api.create(named).status == 403
    assert answered.api.create(of_a_controller).status == 403
