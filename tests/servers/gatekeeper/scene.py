"""Gatekeeper that asks the admission program, and images in a registry for both."""

import base64
import json
from pathlib import Path
from typing import Any, NamedTuple

from tests.servers.gatekeeper.server import Gatekeeper
from tests.servers.kubernetes.api import API, Answer, Object
from tests.servers.kubernetes.images import Image, Images, at
from tests.servers.kubernetes.objects import pod
from tests.servers.kubernetes.program import ask
from tests.servers.registry.certificates import KeyPair
from tests.servers.registry.faults import cut_before_headers
from tests.support.manifests import DEPLOY, objects
from tests.support.polling import poll

PLACE = "https://notarykit-admission.notarykit.svc"
"""Address of the program in the manifests."""
WARNED, TAGGED, ELSEWHERE = "warned", "tagged", "elsewhere"
RULES = {WARNED: {"mode": "warn"}, TAGGED: {"tags": "resolve"}, ELSEWHERE: {"policy": "elsewhere.json"}}
"""Rules of namespaces that are not as others."""


class Door(NamedTuple):
    """The program's doors.

    Attributes:
        port: Port of the program, on 127.0.0.1.
        ca_file: CA of its certificate.
    """

    port: int
    ca_file: str

    def url(self, path: str) -> str:
        """Returns the address of a door."""
        return f"https://127.0.0.1:{self.port}{path}"

    def ask(self, path: str, *keys: str, client: KeyPair | None = None) -> tuple[int, dict[str, Any]]:
        """Asks a door about keys, and returns the status and the response's members."""
        status, content = ask(self.port, self.ca_file, path, {"request": {"keys": keys}}, client=client)
        members: dict[str, Any] = json.loads(content)["response"]
        return status, members


class Scene(NamedTuple):
    """Gatekeeper and everything around it.

    Attributes:
        gatekeeper: Gatekeeper, with our manifests.
        door: The program that it asks.
        images: Images in a registry.
        older: Pod that was there before the constraint, with an unsigned image in `c0` and a signed one in `i0`.
        tagged: Another such pod, with a tag in each place.
    """

    gatekeeper: Gatekeeper
    door: Door
    images: Images
    older: Object
    tagged: Object

    @property
    def api(self) -> API:
        """Client of the cluster."""
        return self.gatekeeper.api

    def create_once(self, *images: str, namespace: str = "default", **places: Any) -> Answer:
        """Creates a pod (`pod`)."""
        return self.api.create(pod(namespace, *images, **places))

    def create(self, *images: str, namespace: str = "default", **places: Any) -> Answer:
        """Creates a pod (`pod`), and tries again where a busy machine had no decision in time."""
        answers: list[Answer] = []

        def is_decided() -> bool:
            answers.append(self.create_once(*images, namespace=namespace, **places))
            return not any(text in answers[-1].message for text in ("no decision within", "deadline exceeded"))

        poll(is_decided)
        return answers[-1]

    def make_namespace(self, name: str) -> None:
        """Makes a namespace."""
        self.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def take_down(self, image: Image) -> None:
        """Has the registry not answer for an image's repository, until its faults are cleared."""
        self.images.proxy.fault(cut_before_headers(), at(image))


def manifests(name: str) -> list[Object]:
    """Returns the objects of a manifest, as it is."""
    return objects(DEPLOY / "gatekeeper" / name)


def providers(door: Door) -> list[Object]:
    """Returns the providers, completed as a user does it."""
    made = manifests("provider.yaml")
    for each in made:
        address: str = each["spec"]["url"]
        assert address.startswith(f"{PLACE}/")
        each["spec"] |= {"url": door.url(address.removeprefix(PLACE)), "caBundle": bundle(door.ca_file)}
    return made


def bundle(ca_file: str) -> str:
    """Returns certificates as a provider has them."""
    return base64.b64encode(Path(ca_file).read_bytes()).decode()


def provider(name: str, address: str, ca_file: str) -> Object:
    """Returns a provider of a test's own."""
    (made, _) = manifests("provider.yaml")
    made["metadata"]["name"] = name
    made["spec"] |= {"url": address, "caBundle": bundle(ca_file)}
    return made


def constraint(name: str, namespace: str) -> Object:
    """Returns a constraint that asks the provider of that name about a namespace."""
    (made,) = manifests("constraint.yaml")
    made["metadata"]["name"] = name
    made["spec"]["match"] |= {"namespaces": [namespace]}
    made["spec"]["parameters"]["provider"] = name
    return made
