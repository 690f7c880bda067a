"""Access of the program, from its settings to its end."""

from typing import NamedTuple

import notarykit
from notarykit import Registries
from notarykit_admission.access.api_server import APIServer
from notarykit_admission.access.asker import Asker
from notarykit_admission.access.cluster import in_cluster
from notarykit_admission.access.kubeconfig import load_kubeconfig
from notarykit_admission.access.pool import RegistryPool
from notarykit_admission.access.pull_secrets import PullSecretReader
from notarykit_admission.access.registries import LookUp, RegistryAccess
from notarykit_admission.judging.judge import Judge


class AccessSettings(NamedTuple):
    """Settings for access to registries, and to the API server for pull secrets.

    Attributes:
        registry_timeout: Seconds that reading one image's signatures may take.
        pull_secrets: True if pull secrets of pods are read.
        kubeconfig: File that says how the API server is reached; empty for the cluster that this pod runs in.
    """

    registry_timeout: float = 20.0
    pull_secrets: bool = False
    kubeconfig: str = ""


class OpenedAccess:
    """Access that is open until it is closed.

    Args:
        settings: The settings.

    Raises:
        ConfigurationError: They, or the user's settings for registries, cannot be used.
    """

    def __init__(self, settings: AccessSettings) -> None:
        self._settings = settings
        self._pool = RegistryPool()
        self._server: APIServer | None = None
        self._reader: PullSecretReader | None = None
        self._make().close()
        if settings.pull_secrets:
            self._server = APIServer(load_kubeconfig(settings.kubeconfig) if settings.kubeconfig else in_cluster())
            self._reader = PullSecretReader(self._server.get)

    def asker(self, judge: Judge) -> Asker:
        """Returns what asks a judge with the credentials of whoever pulls."""
        return Asker(judge, RegistryAccess(lambda: ("", self._make), self._make, self._pool), self._reader)

    async def close(self) -> None:
        """Closes all connections."""
        if self._reader is not None:
            await self._reader.close()
        if self._server is not None:
            await self._server.close()
        self._pool.close()

    def _make(self, look_up: LookUp | None = None) -> Registries:
        return notarykit.load_registries(credentials=look_up, timeout=self._settings.registry_timeout)
