"""Access of the program, from its settings to its end."""

from notarykit_admission.access.pool import RegistryPool
from notarykit_admission.access.pull_secrets import PullSecretReader
from notarykit_admission.access.registries import RegistryAccess
from notarykit_admission.access.registry_files import RegistryFiles
from notarykit_admission.access.settings import AccessSettings
from notarykit_admission.cluster.api_server import APIServer
from notarykit_admission.cluster.config import in_cluster_config
from notarykit_admission.cluster.kubeconfig import load_kubeconfig


class OpenedAccess:
    """Access that is open until it is closed.

    Args:
        settings: The settings.
        own: The program's own settings for registries, as the files have them now.

    Attributes:
        registries: Access to registries. There is one for all doors, so that all share their decisions.
        pull_secrets: Reader of pull secrets; None if they are not read.

    Raises:
        ConfigurationError: Pull secrets are wanted, and it is not known how the API server is reached, or with files
            that cannot be used.
    """

    def __init__(self, settings: AccessSettings, own: RegistryFiles) -> None:
        self._pool = RegistryPool()
        self.registries = RegistryAccess(own, self._pool)
        self._server: APIServer | None = None
        self.pull_secrets: PullSecretReader | None = None
        if settings.pull_secrets:
            config = load_kubeconfig(settings.kubeconfig) if settings.kubeconfig else in_cluster_config()
            self._server = APIServer(config)
            self.pull_secrets = PullSecretReader(self._server.get)

    async def close(self) -> None:
        """Closes all connections."""
        if self.pull_secrets is not None:
            await self.pull_secrets.close()
        if self._server is not None:
            await self._server.close()
        self._pool.close()
