"""Access of the program, from its settings to its end."""

from notarykit_admission.access.api_server import APIServer
from notarykit_admission.access.asker import Asker
from notarykit_admission.access.cluster import in_cluster
from notarykit_admission.access.kubeconfig import load_kubeconfig
from notarykit_admission.access.own import AccessSettings, OwnSettings
from notarykit_admission.access.pool import RegistryPool
from notarykit_admission.access.pull_secrets import PullSecretReader
from notarykit_admission.access.registries import RegistryAccess
from notarykit_admission.judging.judge import Judge


class OpenedAccess:
    """Access that is open until it is closed.

    Args:
        settings: The settings.
        own: The program's own settings for registries, as the files have them now.

    Raises:
        ConfigurationError: Pull secrets are wanted, and it is not known how the API server is reached.
    """

    def __init__(self, settings: AccessSettings, own: OwnSettings) -> None:
        self._own = own
        self._pool = RegistryPool()
        self._server: APIServer | None = None
        self._reader: PullSecretReader | None = None
        if settings.pull_secrets:
            self._server = APIServer(load_kubeconfig(settings.kubeconfig) if settings.kubeconfig else in_cluster())
            self._reader = PullSecretReader(self._server.get)

    def asker(self, judge: Judge) -> Asker:
        """Returns what asks a judge with the credentials of whoever pulls."""
        return Asker(judge, RegistryAccess(self._own, self._pool), self._reader)

    async def close(self) -> None:
        """Closes all connections."""
        if self._reader is not None:
            await self._reader.close()
        if self._server is not None:
            await self._server.close()
        self._pool.close()
