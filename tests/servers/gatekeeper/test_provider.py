"""Gatekeeper and its provider: certificates on both sides, and answers that our template takes for good ones or not."""

import itertools
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.gatekeeper.scene import Door, Scene, constraint, provider
from tests.servers.kubernetes.api import Answer
from tests.servers.kubernetes.program import policy_files, running
from tests.servers.registry.certificates import RegistryCA
from tests.support.ca import make_chain
from tests.support.external_data import ANSWERS, all_good, answering, keys_of
from tests.support.ports import free_port
from tests.unit.admission.policy.volumes import write_files

_NUMBERS = itertools.count()
Ask = Callable[[str, str], Answer]


@pytest.fixture
def ask(scene: Scene) -> Ask:
    """Function that has a pod with a good image judged by one more provider, at an address and with a CA."""

    def create(address: str, ca_file: str) -> Answer:
        name = f"provider-{next(_NUMBERS)}"
        scene.make_namespace(name)
        for made in (provider(name, address, ca_file), constraint(name, name)):
            scene.gatekeeper.apply(made)
        return scene.create(scene.images.signed.by_digest, namespace=name)

    return create


@pytest.fixture(scope="module")
def other_ca(tmp_path_factory: pytest.TempPathFactory) -> RegistryCA:
    """CA that nobody trusts."""
    return RegistryCA(str(tmp_path_factory.mktemp("other-ca")), "Other CA")


def test_provider_beside_ours(scene: Scene, ask: Ask) -> None:
    """A second constraint with a second provider at the same door changes nothing for a good image."""
    answer = ask(scene.door.url("/gatekeeper/verify"), scene.door.ca_file)
    assert answer.status == 201, answer.message


def test_provider_that_is_down(scene: Scene, ask: Ask) -> None:
    """Without a program nothing is admitted, and the message says that it is not there."""
    answer = ask(f"https://127.0.0.1:{free_port()}/gatekeeper/verify", scene.door.ca_file)
    assert answer.status == 403
    assert "images cannot be verified: failed to send external data request" in answer.message
    assert "connection refused" in answer.message


def test_provider_of_another_ca(scene: Scene, ask: Ask, other_ca: RegistryCA) -> None:
    """A program whose certificate is not of the provider's CA is not asked."""
    answer = ask(scene.door.url("/gatekeeper/verify"), other_ca.ca_file)
    assert answer.status == 403
    assert "images cannot be verified" in answer.message
    assert "certificate signed by unknown authority" in answer.message


def test_provider_that_does_not_exist(scene: Scene) -> None:
    """A constraint that names no provider of this cluster admits nothing."""
    scene.make_namespace("nameless")
    scene.gatekeeper.apply(constraint("nameless", "nameless"))
    answer = scene.create(scene.images.push_signed().by_digest, namespace="nameless")
    assert answer.status == 403
    assert "images cannot be verified: key is not found in provider cache" in answer.message


def test_door_that_does_not_exist(scene: Scene, ask: Ask) -> None:
    """A provider with a wrong path is no good answer."""
    answer = ask(scene.door.url("/gatekeeper/verfy"), scene.door.ca_file)
    assert answer.status == 403
    assert "images cannot be verified: failed to unmarshal external data response" in answer.message


def test_address_says_how_long_gatekeeper_waits(scene: Scene, silent: str) -> None:
    """The program has the time that the provider's address names, where webhooks wait for another than the chart's."""
    scene.make_namespace("timed")
    address = scene.door.url("/gatekeeper/verify?timeout=1s")
    for made in (provider("timed", address, scene.door.ca_file), constraint("timed", "timed")):
        scene.gatekeeper.apply(made)
    answer = scene.create_once(f"{silent}/web@sha256:{'ab' * 32}", namespace="timed")
    assert answer.status == 403
    assert "[timed] images cannot be verified" in answer.message
    assert "no decision within 0.8 seconds" in answer.message


def test_nobody_else_is_let_in(scene: Scene, other_ca: RegistryCA, gatekeeper_ca: RegistryCA) -> None:
    """The doors of Gatekeeper want its certificate: none is answered 403, and one of another CA ends the handshake."""
    for door in ("/gatekeeper/verify", "/gatekeeper/mutate"):
        status, response = scene.door.ask(door, "r.test/a")
        assert (status, response["systemError"]) == (403, "a client certificate is needed here")
        assert response["items"] == []
        with pytest.raises((ssl.SSLError, ConnectionError)):
            scene.door.ask(door, "r.test/a", client=other_ca.client())
        assert scene.door.ask(door, "r.test/a", client=gatekeeper_ca.client())[0] == 200


def test_gatekeeper_of_another_ca(
    scene: Scene, ask: Ask, other_ca: RegistryCA, registry_ca: RegistryCA, tmp_path: Path
) -> None:
    """A program that was given another CA for its clients does not answer Gatekeeper, which admits nothing."""
    folder = write_files(tmp_path / "policy", policy_files(make_chain()))
    with running(folder, registry_ca.server(), "--client-ca", other_ca.ca_file) as replica:
        door = Door(replica.port, registry_ca.ca_file)
        answer = ask(door.url("/gatekeeper/verify"), door.ca_file)
    assert answer.status == 403
    assert "images cannot be verified: failed to send external data request" in answer.message


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_is_good_or_not(ask: Ask, registry_ca: RegistryCA, name: str) -> None:
    """The template admits a pod by an answer that is whole and good, and by no other."""
    status, response, message = ANSWERS[name]
    with answering(registry_ca, status, response) as double:
        answer = ask(f"https://127.0.0.1:{double.port}/verify", registry_ca.ca_file)
    assert answer.status == (403 if message else 201), answer.message
    assert message in answer.message


def test_one_request_for_a_pod(scene: Scene, registry_ca: RegistryCA) -> None:
    """All images of a pod are asked about at once, each once, with the namespace before them."""
    first, second, third = (scene.images.push_signed().by_digest for _ in range(3))
    scene.make_namespace("counted")
    with answering(registry_ca, 200, all_good) as double:
        for made in (
            provider("counted", f"https://127.0.0.1:{double.port}/verify", registry_ca.ca_file),
            constraint("counted", "counted"),
        ):
            scene.gatekeeper.apply(made)
        answer = scene.create(first, second, first, init=[second], volumes=[first, third], namespace="counted")
        (seen,) = double.seen
    assert answer.status == 201, answer.message
    assert sorted(keys_of(seen)) == sorted(f"[counted]{image}" for image in (first, second, third))
