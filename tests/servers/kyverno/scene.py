"""Kyverno that asks the admission program, and images in a registry for both."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.servers.kubernetes.api import API, Answer, Object
from tests.servers.kubernetes.images import Image, Images, at
from tests.servers.kubernetes.objects import pod
from tests.servers.kyverno.server import Kyverno
from tests.servers.registry.faults import status
from tests.support.manifests import DEPLOY, objects
from tests.support.polling import poll

PLACE = "https://notarykit-admission.notarykit.svc"
"""Address of the program in the manifests."""
NAME_LABEL = "kubernetes.io/metadata.name"
WARNED = "warned"
RULES = {WARNED: {"mode": "warn"}}
"""Rules of namespaces that are not as others."""


class Scene(NamedTuple):
    """Kyverno and everything around it.

    Attributes:
        kyverno: Kyverno without policies.
        address: Address of the program that the policies ask.
        ca_file: CA of its certificate.
        images: Images in a registry.
    """

    kyverno: Kyverno
    address: str
    ca_file: str
    images: Images

    @property
    def api(self) -> API:
        """Client of the cluster."""
        return self.kyverno.api

    def create(self, namespace: str, *images: str, **places: Any) -> Answer:
        """Creates a pod (`pod`)."""
        return self.api.create(pod(namespace, *images, **places))

    def close(self, image: Image) -> None:
        """Has the registry say nothing about an image's repository, until its faults are cleared."""
        self.images.proxy.fault(status(403), at(image))

    def make_namespace(self, name: str) -> Object:
        """Makes a namespace, and returns a pod that is there before any policy, with tags of an unsigned image."""
        self.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        image = self.images.unsigned.by_tag
        return self.api.done(self.create(name, image, init=[image], volumes=[image]))

    def apply(self, policy: Object, namespace: str) -> None:
        """Applies a policy to a namespace, and waits until an image without signatures is denied there."""
        self.kyverno.apply(policy)
        unsigned = pod(namespace, self.images.unsigned.by_tag)
        poll(lambda: not self.api.create(unsigned, dry_run=True).is_good)


def policy(kind: str, namespace: str, address: str, ca_file: str) -> Object:
    """Returns one of our policies, completed as a user does it, for a namespace.

    Args:
        kind: Its kind; one that belongs to a namespace is made out of its counterpart as the manifests say.
        namespace: Namespace in which it is to count.
        address: Address of the program.
        ca_file: Its CA, which policies in CEL cannot name.
    """
    is_namespaced = kind.startswith("Namespaced")
    made = _READERS[kind.removeprefix("Namespaced")](address, Path(ca_file).read_text(encoding="ascii"))
    made["kind"], made["metadata"]["name"] = kind, f"{namespace}-policy"
    if is_namespaced:
        made["metadata"]["namespace"] = namespace
    match = made["spec"].get("matchConstraints")
    if match is None:
        (rule,) = made["spec"]["rules"]
        rule["match"]["any"][0]["resources"]["namespaces"] = [namespace]
    else:
        del match["namespaceSelector"]
        if not is_namespaced:
            match["namespaceSelector"] = {"matchLabels": {NAME_LABEL: namespace}}
    return made


def _cel(name: str) -> Callable[[str, str], Object]:
    def read(address: str, ca: str) -> Object:
        del ca
        (made,) = objects(DEPLOY / "kyverno" / name)
        (url,) = (each for each in made["spec"]["variables"] if each["name"] == "url")
        assert url["expression"].startswith(f"'{PLACE}/")
        url["expression"] = url["expression"].replace(PLACE, address)
        return made

    return read


def _jmespath(address: str, ca: str) -> Object:
    (made,) = objects(DEPLOY / "kyverno" / "cluster-policy.yaml")
    (rule,) = made["spec"]["rules"]
    (service,) = (each["apiCall"]["service"] for each in rule["context"] if "apiCall" in each)
    assert service["url"].startswith(f"{PLACE}/")
    service |= {"url": service["url"].replace(PLACE, address), "caBundle": ca}
    return made


_READERS: dict[str, Callable[[str, str], Object]] = {
    "ClusterPolicy": _jmespath,
    "ValidatingPolicy": _cel("validating-policy.yaml"),
    "ImageValidatingPolicy": _cel("image-validating-policy.yaml"),
    "MutatingPolicy": _cel("mutating-policy.yaml"),
}
