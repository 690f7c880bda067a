"""An API server that shows a certificate to its webhooks, and a program that answers nobody else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.kubernetes import cluster as clusters
from tests.servers.kubernetes import program
from tests.servers.kubernetes.images import Images
from tests.servers.kubernetes.objects import namespace, pod
from tests.servers.kubernetes.program import PIN, VALIDATE, policy_files, register, wait_for
from tests.servers.kubernetes.scene import Scene
from tests.servers.registry.certificates import KeyPair, RegistryCA
from tests.unit.admission.policy.volumes import write_files

_API = "apiserver.config.k8s.io/v1"


def _configuration(folder: Path, client: KeyPair) -> str:
    """Writes the API server's configuration of its client certificate for webhooks, and returns its path."""
    user = {"client-certificate": client.certificate, "client-key": client.key}
    kubeconfig: Any = {"apiVersion": "v1", "kind": "Config", "users": [{"name": "*", "user": user}]}
    (folder / "kubeconfig").write_text(json.dumps(kubeconfig))
    told = {"apiVersion": _API, "kind": "WebhookAdmissionConfiguration", "kubeConfigFile": str(folder / "kubeconfig")}
    names = ("ValidatingAdmissionWebhook", "MutatingAdmissionWebhook")
    plugins = [{"name": name, "configuration": told} for name in names]
    path = folder / "admission.yaml"
    path.write_text(json.dumps({"apiVersion": _API, "kind": "AdmissionConfiguration", "plugins": plugins}))
    return str(path)


@pytest.fixture(scope="module")
def guarded(
    api_server: str, registry_ca: RegistryCA, images: Images, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """Cluster that shows a certificate, and the program that needs one at every door."""
    folder = tmp_path_factory.mktemp("guard")
    (folder / "clients").mkdir()
    clients = RegistryCA(str(folder / "clients"), "Clients CA")
    policies = write_files(folder / "policy", policy_files(images.trusted))
    configuration = _configuration(folder, clients.client("kube-apiserver"))
    with (
        program.running(policies, registry_ca.server(), "--client-ca", clients.ca_file, "--guard-all") as replica,
        clusters.running(api_server, registry_ca, f"--admission-control-config-file={configuration}") as cluster,
    ):
        for door in (PIN, VALIDATE):
            register(cluster.api, door, door, replica.port, registry_ca.ca_file)
            cluster.api.apply(namespace(door, door))
            wait_for(cluster.api, door, door)
        yield Scene(cluster.api, images, registry_ca, replica)


def test_pods_are_judged(guarded: Scene) -> None:
    """The API server gets in by its certificate: what is signed starts, by its digest, and nothing else."""
    made = guarded.namespace(PIN, VALIDATE)
    answer = guarded.run(made, guarded.images.signed.by_tag)
    assert answer.status == 201
    assert answer.body["spec"]["containers"][0]["image"] == guarded.images.signed.pinned
    answer = guarded.api.create(pod(made, guarded.images.unsigned.by_digest))
    assert answer.status == 403
    assert "no signature is associated" in answer.message


def test_nobody_else_is_answered(guarded: Scene) -> None:
    """Without a certificate no door answers about an image, and the probes and metrics are read all the same."""
    body = {"references": [guarded.images.signed.by_digest]}
    for path in ("/kubernetes/validate", "/kubernetes/pin", "/kyverno/verify", "/image-policy", "/v1/verify"):
        assert program.ask(guarded.port, guarded.ca.ca_file, path, body)[0] == 403
    for path in ("/healthz", "/readyz", "/metrics"):
        assert program.ask(guarded.port, guarded.ca.ca_file, path)[0] == 200
