"""The program's own files for registries, which are looked at again while it runs: credentials and CAs."""

import hashlib
import ssl
from collections.abc import Callable

import notarykit
from notarykit import Credentials, Registries, RegistryLimits
from notarykit.errors import ConfigurationError
from notarykit_admission.access.settings import AccessSettings
from notarykit_admission.files import read_file

LookUp = Callable[[str], Credentials | None]
"""Look-up of credentials for a repository, `host/name`."""

# Whoever may make pods names registries, of which many are read at a time. A list of a thousand signatures has a fifth
# of a MiB, and a signature some KiB.
_LIMITS = RegistryLimits(artifact=16 * 1024 * 1024, largest_document=1024 * 1024, kept=256 * 1024)


class RegistryFiles:
    """The program's own credentials and CAs for registries, as files have them.

    Args:
        settings: Settings that name the files.

    Raises:
        ConfigurationError: A file cannot be used to begin with.
    """

    def __init__(self, settings: AccessSettings) -> None:
        self._settings = settings
        self._seen = self._look()
        self._changes = 0
        self.open().close()  # the user's settings, which are read too

    @property
    def identity(self) -> str:
        """Identity of what the files hold, another one after each change; no secret."""
        return f"own {self._changes}"

    def refresh(self) -> bool:
        """Looks at the files, and returns True if others count from now on.

        Raises:
            ConfigurationError: One of them cannot be used. Registries that are open keep what they have read of it;
                those that are opened then, or look up credentials anew, fail.
        """
        found = self._look()
        is_new, self._seen = found != self._seen, found
        self._changes += is_new
        return is_new

    def open(self, look_up: LookUp | None = None) -> Registries:
        """Opens registries.

        Args:
            look_up: Function that returns the credentials by `host/name`; by default the program's own count.
        """
        if look_up is None and self._settings.docker_config:
            look_up = notarykit.load_docker_config(self._settings.docker_config)
        return notarykit.load_registries(
            credentials=look_up,
            added_ca_file=self._settings.registry_ca,
            plain_http=self._settings.plain_http,
            timeout=self._settings.registry_timeout,
            limits=_LIMITS,
        )

    def _look(self) -> tuple[bytes, ...]:
        """Returns the digests of the files, which can be used.

        Raises:
            ConfigurationError: One of them cannot.
        """
        found = []
        if path := self._settings.docker_config:
            content = read_file(path)
            if content.strip():  # Docker takes an empty file for one without credentials
                notarykit.parse_docker_config(content, path)
            found.append(hashlib.sha256(content).digest())
        if path := self._settings.registry_ca:
            content = read_file(path)
            try:
                ssl.create_default_context(cadata=content.decode("ascii"))
            except (OSError, ValueError):
                raise ConfigurationError(f"{path} holds no CA certificates in PEM", advice="correct it") from None
            found.append(hashlib.sha256(content).digest())
        return tuple(found)
