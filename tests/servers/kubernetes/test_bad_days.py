"""Bad days of the webhook, as far as a real API server shows them: nothing is admitted by them."""

import contextlib
from pathlib import Path

import pytest

from tests.servers.kubernetes import program
from tests.servers.kubernetes.objects import new_name, pod, webhook_configuration
from tests.servers.kubernetes.program import policy_files
from tests.servers.kubernetes.scene import Scene
from tests.servers.registry.certificates import RegistryCA
from tests.support.polling import poll
from tests.support.ports import free_port
from tests.unit.admission.policy.volumes import write_files


def _denial(scene: Scene, url: str, ca_file: str, *versions: str) -> str:
    """Returns the message of the API server where a webhook does not work, about an image that is signed."""
    webhook = new_name("broken")
    configuration = webhook_configuration("ValidatingWebhookConfiguration", webhook, url, ca_file)
    if versions:
        configuration["webhooks"][0]["admissionReviewVersions"] = list(versions)
    scene.api.apply(configuration)
    namespace = scene.namespace(webhook)
    image = scene.images.signed.by_digest
    poll(lambda: webhook in scene.api.create(pod(namespace, image), dry_run=True).message)
    made = pod(namespace, image)
    answer = scene.api.create(made)
    assert answer.status == 500
    assert scene.api.request("GET", scene.api.path(made)).status == 404
    return answer.message


def test_program_is_down(scene: Scene) -> None:
    """Without the program nothing starts."""
    message = _denial(scene, f"https://127.0.0.1:{free_port()}/kubernetes/validate", scene.ca.ca_file)
    assert "connection refused" in message


def test_certificate_of_another_ca(scene: Scene, tmp_path: Path) -> None:
    """Who shows a certificate of another CA than the configuration has is not believed."""
    other = RegistryCA(str(tmp_path), "Another CA")
    message = _denial(scene, f"https://127.0.0.1:{scene.port}/kubernetes/validate", other.ca_file)
    assert "x509: certificate signed by unknown authority" in message


def test_certificate_has_expired(scene: Scene, stack: contextlib.ExitStack, tmp_path: Path) -> None:
    """A certificate whose time is over admits nothing, until another one takes its place."""
    policies = write_files(tmp_path / "policy", policy_files(scene.images.trusted))
    replica = stack.enter_context(program.running(policies, scene.ca.server(expired=True)))
    message = _denial(scene, f"https://127.0.0.1:{replica.port}/kubernetes/validate", scene.ca.ca_file)
    assert "x509: certificate has expired" in message


def test_door_that_is_none(scene: Scene) -> None:
    """A configuration with another path admits nothing."""
    message = _denial(scene, f"https://127.0.0.1:{scene.port}/validate", scene.ca.ca_file)
    assert "the server could not find the requested resource" in message


def test_another_version_of_reviews(scene: Scene) -> None:
    """A configuration that has only v1beta1 sent admits nothing, and the message says which version to send."""
    url = f"https://127.0.0.1:{scene.port}/kubernetes/validate"
    message = _denial(scene, url, scene.ca.ca_file, "v1beta1")
    assert "send AdmissionReview of admission.k8s.io/v1" in message


@pytest.mark.parametrize("number", [250, 1000])
def test_many_containers(scene: Scene, judged: str, number: int) -> None:
    """A pod of many containers is answered in time: up to the limit it is judged, and beyond it is denied."""
    answer = scene.api.create(pod(judged, *[scene.images.signed.by_digest] * number))
    assert answer.status == (201 if number == 250 else 403)
    assert answer.seconds < 10
    assert ("more than 250 images in one request" in answer.message) is (number == 1000)


def test_large_object(scene: Scene, judged: str) -> None:
    """An object nearly as large as the API server takes it is judged."""
    made = pod(judged, scene.images.signed.by_digest)
    made["spec"]["containers"][0]["env"] = [{"name": f"n{number}", "value": "v" * 1000} for number in range(1200)]
    assert scene.api.create(made).status == 201
    made = pod(judged, scene.images.unsigned.by_digest)
    made["spec"]["containers"][0]["env"] = [{"name": f"n{number}", "value": "v" * 1000} for number in range(1200)]
    assert scene.api.create(made).status == 403
