"""The chart's webhooks at a real API server: what they let in, and what goes on when nobody answers."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from tests.charts.helm import NAMESPACE, Helm
from tests.charts.settings import GIVEN_CERTIFICATE
from tests.servers.kubernetes.api import API, Answer, Object, poll
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.images import Images
from tests.servers.kubernetes.objects import WORKLOADS, new_name, pod, workload
from tests.servers.kubernetes.program import Replica, policy_files, running
from tests.servers.registry.certificates import RegistryCA
from tests.support.ports import free_port
from tests.unit.admission.policy.volumes import write_files

_CONFIGURATIONS: Final = {"validate": "ValidatingWebhookConfiguration", "pin": "MutatingWebhookConfiguration"}
_NOBODY: Final = "failed calling webhook"
_METADATA: Final = {"metadata": {"labels": {"new": "label"}, "finalizers": ["tests/finalizer"]}}
_OWNER: Final = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "1"}


class _Program:
    """The program that the webhooks call, which is there or not.

    Args:
        run: Runs it while the context is active.
    """

    def __init__(self, run: Callable[[], AbstractContextManager[Replica]]) -> None:
        self._run = run
        self._running: ExitStack | None = None

    def start(self) -> None:
        """Runs it from now on."""
        if self._running is None:
            self._running = ExitStack()
            self._running.enter_context(self._run())

    def stop(self) -> None:
        """Ends it."""
        if self._running is not None:
            self._running.close()
            self._running = None


class _Installed(NamedTuple):
    """Cluster with the chart's webhooks.

    Attributes:
        api: Client of the API server.
        images: Images in a registry.
        namespace: Namespace of the tests alone.
        program: The program that the webhooks call.
    """

    api: API
    images: Images
    namespace: str
    program: _Program

    def run(self, image: str, namespace: str = "") -> Answer:
        """Creates a pod."""
        return self.api.create(pod(namespace or self.namespace, image))


@pytest.fixture(scope="module")
def installed(
    cluster: Cluster, helm: Helm, images: Images, registry_ca: RegistryCA, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[_Installed]:
    """The chart's webhooks, which call the program on this machine in place of its Service."""
    api, port, namespace = cluster.api, free_port(), new_name("ns")
    for name in (namespace, NAMESPACE):
        api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    policies = write_files(tmp_path_factory.mktemp("chart") / "policy", policy_files(images.trusted))
    program = _Program(partial(running, policies, registry_ca.server(), f"--port={port}"))
    rendered = helm.render(GIVEN_CERTIFICATE)
    configurations = [_at(rendered.one(kind), port, registry_ca) for kind in _CONFIGURATIONS.values()]
    malformed = pod(namespace, "no reference")
    program.start()
    try:
        for kind, configuration in zip(_CONFIGURATIONS, configurations, strict=True):
            api.apply(configuration)
            poll(partial(_is_refused, api, malformed, f'"{kind}.'))
        yield _Installed(api, images, namespace, program)
    finally:
        for each in configurations:
            api.delete(each)
        program.stop()


@pytest.fixture
def answered(installed: _Installed) -> _Installed:
    """The chart's webhooks while the program runs."""
    installed.program.start()
    return installed


def _at(configuration: Any, port: int, ca: RegistryCA) -> Object:
    """Returns a configuration whose webhook is at a port of this machine."""
    made: Object = json.loads(json.dumps(configuration))
    for webhook in made["webhooks"]:
        url = f"https://127.0.0.1:{port}{webhook['clientConfig']['service']['path']}"
        webhook["clientConfig"] = {"url": url, "caBundle": base64.b64encode(Path(ca.ca_file).read_bytes()).decode()}
    return made


def _is_refused(api: API, made: Object, by: str) -> bool:
    return by in api.create(made, dry_run=True).message


def test_what_was_verified_is_what_runs(answered: _Installed) -> None:
    """A signed image starts, by its digest; the template of a Deployment gets it as well."""
    image = answered.images.signed
    assert answered.run(image.by_tag).body["spec"]["containers"][0]["image"] == image.pinned
    answer = answered.api.create(workload("Deployment", answered.namespace, image.by_tag))
    assert answer.body["spec"]["template"]["spec"]["containers"][0]["image"] == image.pinned


@pytest.mark.parametrize("kind", ["Pod", *WORKLOADS])
def test_every_kind_is_judged(answered: _Installed, kind: str) -> None:
    """Whatever makes an image run is refused if it is not signed, and admitted if it is."""

    def create(image: str) -> Answer:
        made = pod(answered.namespace, image) if kind == "Pod" else workload(kind, answered.namespace, image)
        return answered.api.create(made)

    answer = create(answered.images.unsigned.by_digest)
    assert (answer.status, "no signature is associated with" in answer.message) == (403, True)
    assert create(answered.images.signed.by_digest).status == 201


def test_debug_container_is_judged(answered: _Installed) -> None:
    """A debug container is added only if its image is signed, and by its digest."""
    made = pod(answered.namespace, answered.images.signed.by_digest)

    def debug(image: str) -> Answer:
        changes = {"spec": {"ephemeralContainers": [{"name": "debugger", "image": image}]}}
        return answered.api.patch(made, changes, "ephemeralcontainers")

    assert answered.api.create(made).status == 201
    assert debug(answered.images.unsigned.by_tag).status == 403
    (container,) = debug(answered.images.signed.by_tag).body["spec"]["ephemeralContainers"]
    assert container["image"] == answered.images.signed.pinned


@pytest.mark.parametrize("namespace", ["kube-system", NAMESPACE])
def test_namespaces_that_are_left_out(answered: _Installed, namespace: str) -> None:
    """What the cluster and the program need to start is judged by nobody."""
    assert answered.run(answered.images.unsigned.by_digest, namespace).status == 201


def test_pods_do_not_start_unanswered(installed: _Installed) -> None:
    """While nobody answers, neither pods nor templates are admitted."""
    installed.program.stop()
    image = installed.images.signed.by_digest
    answers = [installed.run(image), installed.api.create(workload("Deployment", installed.namespace, image))]
    assert [(answer.status, _NOBODY in answer.message) for answer in answers] == [(500, True)] * 2


def test_what_runs_goes_on_unanswered(answered: _Installed) -> None:
    """While nobody answers, labels and finalizers can be changed and workloads scaled; images cannot be exchanged."""
    image = answered.images.signed.by_digest
    made = [pod(answered.namespace, image), workload("Deployment", answered.namespace, image)]
    assert [answered.api.create(each).status for each in made] == [201] * 2
    answered.program.stop()
    for each in made:
        assert answered.api.patch(each, _METADATA).status == 200
    assert answered.api.patch(made[1], {"spec": {"replicas": 7}}, "scale").status == 200
    other = {"spec": {"containers": [{"name": "c0", "image": "registry.test/other"}]}}
    assert _NOBODY in answered.api.patch(made[0], other).message
    assert _NOBODY in answered.api.patch(made[1], {"spec": {"template": other}}).message


def test_template_of_a_controller_is_its_own(answered: _Installed) -> None:
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
