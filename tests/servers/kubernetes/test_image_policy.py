"""The API server's own plugin ImagePolicyWebhook, which asks the program about each pod."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.docs.test_admission import section
from tests.docs.test_documents import blocks
from tests.servers.kubernetes import cluster as clusters
from tests.servers.kubernetes import program
from tests.servers.kubernetes.api import API
from tests.servers.kubernetes.images import Images
from tests.servers.kubernetes.objects import pod
from tests.servers.kubernetes.program import policy_files
from tests.servers.kubernetes.service import Service
from tests.servers.registry.certificates import RegistryCA
from tests.unit.admission.policy.volumes import write_files


class _Asking(NamedTuple):
    """Cluster that asks the program by its own plugin, and where it does."""

    api: API
    service: Service


@pytest.fixture(scope="module")
def asking(
    api_server: str, registry_ca: RegistryCA, images: Images, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[_Asking]:
    """Another cluster, whose plugin asks the program."""
    folder = tmp_path_factory.mktemp("image-policy")
    policies = write_files(folder / "policy", policy_files(images.trusted))
    with program.running(policies, registry_ca.server()) as replica, Service(replica.port) as service:
        configuration = folder / "admission.yaml"
        configuration.write_text(_configuration(folder, service.port, registry_ca))
        flags = ("--enable-admission-plugins=ImagePolicyWebhook", f"--admission-control-config-file={configuration}")
        with clusters.running(api_server, registry_ca, *flags) as cluster:
            yield _Asking(cluster.api, service)


def _configuration(folder: Path, port: int, ca: RegistryCA) -> str:
    """Returns the API server's configuration as the page on admission has it, but that no answer is kept for long."""
    configuration, kubeconfig = blocks(section("ImagePolicyWebhook"), "yaml")
    file = folder / "kubeconfig"
    here = kubeconfig.replace("/etc/kubernetes/notarykit-ca.crt", ca.ca_file)
    file.write_text(here.replace("notarykit.example.com:8443", f"127.0.0.1:{port}"))
    told = configuration.replace("/etc/kubernetes/notarykit.kubeconfig", str(file))
    return re.sub("(TTL|Backoff): [0-9]+", r"\1: 1", told)


def test_signed_image_starts(asking: _Asking, images: Images) -> None:
    """A pod whose images are signed is created, as it was written."""
    image = images.signed.by_digest
    answer = asking.api.create(pod("default", image, init=[image]))
    assert answer.status == 201
    assert answer.body["spec"]["containers"][0]["image"] == image


def test_unsigned_image_is_denied(asking: _Asking, images: Images) -> None:
    """Whoever is refused reads the reason, in one line, for a container and an init container."""
    good, bad = images.signed.by_digest, images.unsigned.by_digest
    for made in (pod("default", bad), pod("default", good, init=[bad])):
        answer = asking.api.create(made)
        assert answer.status == 403
        assert f"{bad}: no signature is associated with" in answer.message
        assert answer.message.isprintable()
    assert asking.api.create(pod("default", images.signed.by_tag)).status == 403


def test_updates_are_judged(asking: _Asking, images: Images) -> None:
    """Another image of a running pod is judged, and the image of a debug container."""
    made = pod("default", images.signed.by_digest)
    assert asking.api.create(made).status == 201
    for member, subresource, name in (
        ("containers", "", "c0"),
        ("ephemeralContainers", "ephemeralcontainers", "debug"),
    ):
        change = {"spec": {member: [{"name": name, "image": images.unsigned.by_digest}]}}
        assert asking.api.patch(made, change, subresource).status == 403
        change = {"spec": {member: [{"name": name, "image": images.push_signed().by_digest}]}}
        assert asking.api.patch(made, change, subresource).status == 200


def test_nothing_starts_without_the_program(asking: _Asking, images: Images) -> None:
    """A pod of an image that was never asked about is denied when the program is down."""
    made, endpoints = pod("default", images.push_signed().by_digest), asking.service.endpoints
    asking.service.retire()
    answer = asking.api.create(made)
    assert answer.status == 403
    asking.service.endpoints = endpoints
    assert asking.api.create(made).status == 201
