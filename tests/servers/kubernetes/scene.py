"""Scene of the tests: a cluster whose pods are judged by the program, and images in a registry."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.servers.kubernetes.api import API, Answer
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.images import Images
from tests.servers.kubernetes.objects import namespace, new_name, pod
from tests.servers.kubernetes.program import PIN, VALIDATE, Replica, register, running, wait_for
from tests.servers.registry.certificates import RegistryCA


class Scene(NamedTuple):
    """Cluster whose pods are judged.

    Attributes:
        api: Client of its API server.
        images: Images in a registry.
        ca: CA of the program's certificate.
        replica: The program.
    """

    api: API
    images: Images
    ca: RegistryCA
    replica: Replica

    @property
    def port(self) -> int:
        """Port of the program."""
        return self.replica.port

    def namespace(self, *webhooks: str, name: str = "") -> str:
        """Makes a namespace for which webhooks are asked, and returns its name."""
        made = name or new_name("ns")
        self.api.apply(namespace(made, *webhooks))
        return made

    def ask(self, port: int, *, timeout: int = 10) -> str:
        """Has the API server ask a program of one test, and returns a namespace for which it does.

        Args:
            port: Port of the program, which may have a certificate of the CA only.
            timeout: Seconds after which the API server has waited long enough.
        """
        webhook = new_name("hook")
        register(self.api, webhook, VALIDATE, port, self.ca.ca_file, timeout)
        made = self.namespace(webhook)
        wait_for(self.api, webhook, made)
        return made

    def run(self, namespace: str, image: str) -> Answer:
        """Creates a pod with one container."""
        return self.api.create(pod(namespace, image))


@contextlib.contextmanager
def opened(cluster: Cluster, ca: RegistryCA, images: Images, policies: Path) -> Iterator[Scene]:
    """Runs the program with both webhooks while the context is active.

    Args:
        cluster: The cluster.
        ca: CA of the program's certificate.
        images: Images in a registry.
        policies: Folder of the policies.
    """
    with running(policies, ca.server()) as replica:
        scene = Scene(cluster.api, images, ca, replica)
        for door in (PIN, VALIDATE):
            register(cluster.api, door, door, replica.port, ca.ca_file)
            wait_for(cluster.api, door, scene.namespace(door))
        yield scene
