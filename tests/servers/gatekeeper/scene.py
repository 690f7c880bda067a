"""Gatekeeper that asks the admission program, and images in a registry for both."""

import base64
from pathlib import Path
from typing import Any, NamedTuple

from tests.servers.gatekeeper.server import Gatekeeper
from tests.servers.kubernetes.api import API, Answer, Object
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.registry.faults import at, cut_before_headers
from tests.support.admission import Image, Images, Program, pod
from tests.support.manifests import DEPLOY, objects

PLACE = "https://notarykit-admission.notarykit.svc"
"""Address of the program in the manifests."""
RULES: dict[str, Any] = {
    "version": "1",
    "namespaces": {
        "warned": {"mode": "warn"},
        "tagged": {"tags": "resolve"},
        "elsewhere": {"policy": "elsewhere.json"},
    },
}
"""Rules of namespaces that are not as others: there is no pinning in them either."""


class Scene(NamedTuple):
    """Gatekeeper and everything around it.

    Attributes:
        gatekeeper: Gatekeeper, with our manifests.
        program: The program that it asks.
        images: Images, signed by whom the program trusts.
        registry: What stands before the registry that they are read from.
        older: Pod that was there before the constraint, with an unsigned image in `c0` and a signed one in `i0`.
        tagged: Another such pod, with a tag in each place.
    """

    gatekeeper: Gatekeeper
    program: Program
    images: Images
    registry: FaultProxy
    older: Object
    tagged: Object

    @property
    def api(self) -> API:
        """Client of the cluster."""
        return self.gatekeeper.api

    def create(self, *images: str, **places: Any) -> Answer:
        """Creates a pod (`pod`)."""
        return self.api.create(pod(*images, **places))

    def requests(self, image: Image) -> int:
        """Returns the number of requests that the registry has had for an image's repository."""
        with self.registry.lock:
            return sum(seen.path.startswith(f"/v2/{image.name}/") for seen in self.registry.seen)

    def take_down(self, image: Image) -> None:
        """Has the registry not answer for an image's repository, until its faults are cleared."""
        self.registry.fault(cut_before_headers(), at(f"^/v2/{image.name}/"))


def manifests(name: str) -> list[Object]:
    """Returns the objects of a manifest, as it is."""
    return objects(DEPLOY / "gatekeeper" / name)


def providers(program: Program) -> list[Object]:
    """Returns the providers, completed as a user does it."""
    made = manifests("provider.yaml")
    for each in made:
        address: str = each["spec"]["url"]
        assert address.startswith(f"{PLACE}/")
        each["spec"] |= {"url": program.url(address.removeprefix(PLACE)), "caBundle": bundle(program.ca_file)}
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
