"""Docker configurations in memory, such as those of Kubernetes' pull secrets.

Keys count as the kubelet reads them (Kubernetes, "Images", "Interpretation of config.json"), so that an image is read
with the credentials with which a node pulls it.
"""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from notarykit._internal.pickling import check_local
from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.config.credential_entries import entries_of, host_names, read_entry, without_scheme
from notarykit.errors import ConfigurationError
from notarykit.oci.registry.auth import Credentials

LARGEST_CONFIG = 4 * 1024 * 1024
# In a key these are no paths but the registry's API, as older versions of Docker wrote them.
_API_PATHS = ("v1/", "v2/")


def parse_docker_config(
    content: bytes, name: str = "docker config", *, is_legacy: bool = False
) -> Callable[[str], Credentials | None]:
    """Returns the look-up of credentials in a configuration of Docker's, for `load_registries` and `RegistrySettings`.

    A key may have a scheme, `*` and `?` in the labels of its host, and the beginning of a path; of several that match a
    repository, the one with the longest path counts. Credential helpers that the configuration names are never called.

    Args:
        content: The configuration in JSON: `.dockerconfigjson` of a Secret, or a `config.json`.
        name: Name of the configuration for messages.
        is_legacy: True for the older form, `.dockercfg`, which is the object under `auths` alone.

    Returns:
        A function that returns the credentials for a repository, `host[:port]/name`, or None. It raises
        `ConfigurationError` where the entry that applies is malformed.

    Raises:
        ConfigurationError: It is no JSON object of that form, or too large.
    """
    if len(content) > LARGEST_CONFIG:
        raise ConfigurationError(f"credentials in {name}: it has more than {LARGEST_CONFIG} bytes")
    try:
        document = GoMembers(loads(content), "document")
        entries = document if is_legacy else entries_of(document)
        return _DockerConfig({key: entries.object(key) for key in entries.value if key in entries}, name)
    except DocumentError as error:
        raise ConfigurationError(f"credentials in {name}: {error}", advice="correct it") from None


class _Key(NamedTuple):
    """Key of an entry.

    Attributes:
        text: The key as it is written.
        host: Its host, whose labels may hold `*` and `?`.
        path: Beginning of the names of the repositories that it is for.
    """

    text: str
    host: str
    path: str

    @property
    def rank(self) -> tuple[int, bool, str]:
        """Place among the keys that match a repository: long paths come first, and whole names before patterns."""
        return -len(self.path), "*" in self.host or "?" in self.host, self.text

    def matches(self, repository: str) -> bool:
        """Tells whether the key is for a repository, `host[:port]/name`, or for a registry, `host[:port]`."""
        host, _, path = repository.partition("/")
        return path.startswith(self.path) and any(_matches(self.host, name) for name in host_names(host))


def _key(text: str) -> _Key:
    host, _, path = without_scheme(text).partition("/")
    return _Key(text, host, path[3:] if path.startswith(_API_PATHS) else path)


def _matches(pattern: str, host: str) -> bool:
    """Compares label by label, so that a pattern never stands for more of them, or for a port."""
    labels, wanted = _labels(host), _labels(pattern)
    return len(labels) == len(wanted) and all(map(_label_matches, labels, wanted))


def _labels(host: str) -> list[str]:
    name, colon, port = host.partition(":")
    return [*name.split("."), f"{colon}{port}"]


def _label_matches(label: str, pattern: str) -> bool:
    return label == pattern or ("[" not in pattern and not pattern.startswith(":") and fnmatchcase(label, pattern))


class _DockerConfig:
    """Entries of a configuration by their keys; they are pickled for worker processes of this machine alone."""

    def __init__(self, entries: Mapping[str, GoMembers], name: str) -> None:
        self._entries = entries
        self._name = name
        self._keys = sorted(map(_key, entries), key=lambda key: key.rank)

    def __reduce__(self) -> tuple[object, ...]:
        check_local("credentials for registries")
        return _DockerConfig, (self._entries, self._name)

    def __call__(self, repository: str) -> Credentials | None:
        """Returns the credentials for a repository or registry, or None."""
        keys = (key.text for key in self._keys if key.matches(repository))
        found = (read_entry(self._entries[key], key, self._name) for key in keys)
        return next((credentials for credentials in found if credentials is not None), None)
