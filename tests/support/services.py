"""A pretended service that holds keys, and the plugin for it: it counts what it is asked, and fails when it is told."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from notarykit.errors import NotarykitError
from notarykit.keys.signature import sign_raw
from notarykit.keys.spec import KeySpec
from notarykit.plugin import KeyVersion, Provider
from tests.support.ca import AnyPrivateKey

KEY_ID = "team/release"


class Service:
    """The service, with one key.

    Attributes:
        versions: The versions' private keys by name, the oldest first.
        kept: The certificates that it keeps, by the version's name.
        asked: How often it was asked for each thing.
        signed_with: The versions that signed, in order.
        failure: What the next signature fails with.
        where: Which service it is.
        wait: Called when the versions are asked for.
    """

    def __init__(self, *keys: AnyPrivateKey) -> None:
        """Starts with some versions."""
        self.versions: dict[str, AnyPrivateKey] = {}
        self.kept: dict[str, tuple[bytes, ...]] = {}
        self.asked: Counter[str] = Counter()
        self.signed_with: list[str] = []
        self.failure: NotarykitError | None = None
        self.where = "here"
        self.wait: Callable[[], object] = lambda: None
        for key in keys:
            self.rotate(key)

    def rotate(self, key: AnyPrivateKey) -> str:
        """Makes a new version the present one, and returns its name."""
        version = f"{KEY_ID}/{len(self.versions) + 1}"
        self.versions[version] = key
        return version


class Version:
    """One version, for `KeyVersion`."""

    def __init__(self, service: Service, name: str) -> None:
        """Takes what a lookup would find."""
        self._service, self.name = service, name
        self.public_key: Any = service.versions[name].public_key()

    def sign(self, message: bytes, spec: KeySpec) -> bytes:
        """A signature with this version, unless the service is to fail."""
        self._service.asked["sign"] += 1
        if failure := self._service.failure:
            self._service.failure = None
            raise failure
        self._service.signed_with.append(self.name)
        return sign_raw(self._service.versions[self.name], spec, message)


class Key:
    """The key, for `ServiceKey`."""

    def __init__(self, service: Service) -> None:
        """Takes the service."""
        self._service = service

    @property
    def identity(self) -> object:
        """The service itself."""
        return self._service.where

    def versions(self) -> Iterator[Version]:
        """New objects for the versions, the latest first."""
        self._service.asked["versions"] += 1
        self._service.wait()
        for name in reversed(self._service.versions):
            yield Version(self._service, name)

    def certificates(self, version: KeyVersion) -> Sequence[bytes]:
        """Returns the certificates of a version."""
        self._service.asked["certificates"] += 1
        return self._service.kept.get(version.name, ())

    def attach(self, version: KeyVersion, chain: Sequence[bytes]) -> bool:
        """Keeps a chain for a version."""
        self._service.asked["attach"] += 1
        self._service.kept[version.name] = tuple(chain)
        return True


class ServicePlugin(Provider):
    """The plugin for a service that keeps no certificates.

    Attributes:
        service: The service.
    """

    name = "pretended"
    description = "Signs with the keys of a pretended service"
    version = "1.2.3"
    url = "https://example.com/pretended"
    settings = ("region", "profile")

    def __init__(self, service: Service) -> None:
        """Takes the service."""
        super().__init__()
        self.service = service

    def find(self, key_id: str, config: Mapping[str, str]) -> Key:
        """The one key, as a new object."""
        assert key_id == KEY_ID
        return Key(self.service)


class KeepingPlugin(ServicePlugin):
    """The plugin for a service that keeps certificates too."""

    keeps_certificates = True
