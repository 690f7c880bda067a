"""Registry hosts by name, each with one connection pool and one authentication for all of its repositories."""

import threading
from functools import partial
from typing import Self

from notarykit.net.budget import DEFAULT_SECONDS, Budget
from notarykit.oci.manifest import ManifestForm
from notarykit.oci.reference import LayoutReference, Reference
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.repository import RegistryRepository
from notarykit.oci.repository import Repository


class Registries:
    """Opens repositories, thread-safe; a context manager that closes all connections.

    Args:
        settings: Settings for access; anonymous and with TLS by default. `notarykit.load_registries` reads the user's.
        timeout: Time limit in seconds for one artifact.
        form: The form of new signature manifests.
        force_referrers_tag: True to write the referrers tag even if the registry has the referrers API.
    """

    def __init__(
        self,
        settings: RegistrySettings | None = None,
        *,
        timeout: float = DEFAULT_SECONDS,
        form: ManifestForm = "current",
        force_referrers_tag: bool = False,
    ) -> None:
        self._settings = settings or RegistrySettings()
        self._timeout = timeout
        self._form: ManifestForm = form
        self._force_referrers_tag = force_referrers_tag
        self._hosts: dict[str, RegistryHost] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[object, ...]:
        """Supports pickling: by the settings, without connections and tokens."""
        opened = partial(
            Registries, timeout=self._timeout, form=self._form, force_referrers_tag=self._force_referrers_tag
        )
        return opened, (self._settings,)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections to all registries."""
        with self._lock:
            hosts, self._hosts = self._hosts, {}
        for host in hosts.values():
            host.close()

    def host(self, name: str) -> RegistryHost:
        """Returns the registry of a name, `host[:port]`; always the same object for one name."""
        with self._lock:
            return self._hosts.get(name) or self._hosts.setdefault(name, RegistryHost(name, self._settings))

    def repository(self, reference: Reference) -> RegistryRepository:
        """Returns the repository of a reference, with a budget of its own for one artifact; sends nothing yet."""
        return RegistryRepository(
            self.host(reference.registry),
            reference.name,
            budget=Budget(self._settings.limits.artifact, self._timeout),
            form=self._form,
            force_referrers_tag=self._force_referrers_tag,
        )

    def open(self, reference: Reference | LayoutReference) -> Repository:
        """Opens the repository of a reference, which may be an image layout.

        Raises:
            StorageError: There is no image layout.
        """
        if isinstance(reference, Reference):
            return self.repository(reference)
        from notarykit.oci.layout import ImageLayout

        return ImageLayout(reference.path)
