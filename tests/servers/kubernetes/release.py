"""Release of the chart in a cluster: its webhooks, which call the program on this machine in place of a Service."""

import base64
import contextlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.charts.helm import NAMESPACE, Helm
from tests.charts.settings import GIVEN_CERTIFICATE
from tests.servers.kubernetes.api import API, Answer, Object
from tests.servers.kubernetes.images import Images
from tests.servers.kubernetes.objects import new_name, pod
from tests.servers.kubernetes.program import Replica, policy_files, running
from tests.servers.registry.certificates import RegistryCA
from tests.support.polling import poll
from tests.support.ports import free_port
from tests.unit.admission.policy.volumes import write_files

_CONFIGURATIONS: Final = {"validate": "ValidatingWebhookConfiguration", "pin": "MutatingWebhookConfiguration"}
NOBODY: Final = "failed calling webhook"
"""What the API server says when the program does not answer."""


class Program:
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


class Installed(NamedTuple):
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
    program: Program

    def run(self, image: str, namespace: str = "") -> Answer:
        """Creates a pod."""
        return self.api.create(pod(namespace or self.namespace, image))


@contextlib.contextmanager
def installed(api: API, helm: Helm, images: Images, ca: RegistryCA, folder: Path) -> Iterator[Installed]:
    """Installs the chart's webhooks, and runs the program, while the context is active.

    Args:
        api: Client of the API server.
        helm: Helm with the chart.
        images: Images in a registry, of which one signer is trusted.
        ca: CA of the program's certificate.
        folder: Folder for the policies.
    """
    port, namespace = free_port(), new_name("ns")
    for name in (namespace, NAMESPACE):
        api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    policies = write_files(folder / "policy", policy_files(images.trusted))
    program = Program(partial(running, policies, ca.server(), f"--port={port}"))
    rendered = helm.render(GIVEN_CERTIFICATE)
    configurations = [_at(rendered.one(kind), port, ca) for kind in _CONFIGURATIONS.values()]
    malformed = pod(namespace, "no reference")
    program.start()
    try:
        for kind, configuration in zip(_CONFIGURATIONS, configurations, strict=True):
            api.apply(configuration)
            poll(partial(_is_refused, api, malformed, f'"{kind}.'))
        yield Installed(api, images, namespace, program)
    finally:
        for each in configurations:
            api.delete(each)
        program.stop()


def _at(configuration: Any, port: int, ca: RegistryCA) -> Object:
    """Returns a configuration whose webhook is at a port of this machine."""
    made: Object = json.loads(json.dumps(configuration))
    for webhook in made["webhooks"]:
        url = f"https://127.0.0.1:{port}{webhook['clientConfig']['service']['path']}"
        webhook["clientConfig"] = {"url": url, "caBundle": base64.b64encode(Path(ca.ca_file).read_bytes()).decode()}
    return made


def _is_refused(api: API, made: Object, by: str) -> bool:
    return by in api.create(made, dry_run=True).message
