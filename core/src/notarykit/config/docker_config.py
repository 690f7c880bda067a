"""Docker configurations in memory, such as those of Kubernetes' pull secrets.

They are read as the kubelet of Kubernetes 1.36 reads them ("Images", "Interpretation of config.json"), so that an image
is read with the credentials with which a node pulls it.
"""

from collections.abc import Iterable, Iterator

from notarykit._internal.pickling import check_local
from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.config.credential_entries import entries_of, read_entry, without_scheme
from notarykit.errors import ConfigurationError
from notarykit.oci.registry.auth import Credentials

LARGEST_CONFIG = 4 * 1024 * 1024
_LONGEST_KEY = 1000
_LONGEST_LABEL = 63  # RFC 1035, 2.3.4
# In a key these are no paths but the registry's API, as older versions of Docker wrote them.
_API_PATHS = ("/v1/", "/v2/")
# The kubelet looks for Docker Hub's entry by this key, which is Docker's own, where no other matches.
_DOCKER_HUB, _DOCKER_HUB_HOSTS = "index.docker.io", ("docker.io", "index.docker.io")


class DockerConfig:
    """Look-up of credentials in a configuration of Docker's; pickled for worker processes of this machine alone.

    Args:
        entries: Keys without scheme, `host[:port]` with a path or without, and their credentials.

    Attributes:
        entries: The same, in the order in which a kubelet tries them; of one key, as they were given.
    """

    def __init__(self, entries: Iterable[tuple[str, Credentials]] = ()) -> None:
        self.entries = tuple(sorted(entries, key=lambda entry: entry[0], reverse=True))

    def __reduce__(self) -> tuple[object, ...]:
        check_local("credentials for registries")
        return DockerConfig, (self.entries,)

    def __repr__(self) -> str:
        return f"DockerConfig({', '.join(key for key, _ in self.entries)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DockerConfig) and self.entries == other.entries

    def __hash__(self) -> int:
        return hash(self.entries)

    def __call__(self, repository: str) -> Credentials | None:
        """Returns the credentials that come first for a repository, `host[:port]/name`, or a registry; else None."""
        return next(iter(self.all(repository)), None)

    def all(self, repository: str) -> tuple[Credentials, ...]:
        """Returns all credentials for a repository, which a kubelet tries one after the other: long keys come first."""
        found = [credentials for key, credentials in self.entries if _matches(key, repository)]
        if not found and repository.partition("/")[0] in _DOCKER_HUB_HOSTS:
            found = [credentials for key, credentials in self.entries if key == _DOCKER_HUB]
        return tuple(dict.fromkeys(found))


def parse_docker_config(content: bytes, name: str = "docker config", *, is_legacy: bool = False) -> DockerConfig:
    """Returns the look-up of credentials in a configuration of Docker's, for `load_registries` and `RegistrySettings`.

    A key may have a scheme, `*` in the labels of its host, and the beginning of a path. Credential helpers that the
    configuration names are never called.

    Args:
        content: The configuration in JSON: `.dockerconfigjson` of a Secret, or a `config.json`.
        name: Name of the configuration for messages.
        is_legacy: True for the older form, `.dockercfg`, which is the object under `auths` alone.

    Raises:
        ConfigurationError: It is no JSON object of that form, it is too large, or an entry is malformed.
    """
    if len(content) > LARGEST_CONFIG:
        raise ConfigurationError(f"credentials in {name}: it has more than {LARGEST_CONFIG} bytes")
    try:
        document = GoMembers(loads(content), "document")
        entries = document if is_legacy else entries_of(document)
        return DockerConfig(_entries(entries, name))
    except DocumentError as error:
        raise ConfigurationError(f"credentials in {name}: {error}", advice="correct it") from None


def _entries(entries: GoMembers, name: str) -> Iterator[tuple[str, Credentials]]:
    for text in entries.value:
        if text in entries:  # it is not null
            credentials = read_entry(entries.object(text), text, name, may_lack_padding=True)
            if credentials is not None and (key := _key(text)):
                yield key, credentials


def _key(text: str) -> str:
    """Returns a key without scheme and API; empty for one with parts of a URL that no registry has."""
    text = without_scheme(text)
    if len(text) > _LONGEST_KEY or any(character in "[]\\@?#%" for character in text):
        return ""
    host, slash, path = text.partition("/")
    place = f"{slash}{path}"
    if place.startswith(_API_PATHS):
        place = place[len("/v1") :]
    return host if place == "/" else host + place


def _matches(key: str, repository: str) -> bool:
    (host, slash, path), (wanted, _, name) = key.partition("/"), repository.partition("/")
    return (host == wanted or _is_like(host, wanted)) and f"/{name}".startswith(slash + path)


def _is_like(pattern: str, host: str) -> bool:
    """Compares label by label, so that a pattern never stands for more of them, or for a port."""
    if "*" not in pattern:
        return False
    (like, _, port), (name, _, wanted) = pattern.partition(":"), host.partition(":")
    patterns, labels = like.split("."), name.split(".")
    return port == wanted and len(patterns) == len(labels) and all(map(_is_like_label, patterns, labels))


def _is_like_label(pattern: str, label: str) -> bool:
    """Tells whether a label is one that a pattern means.

    No regular expression is made of it: whoever makes pull secrets could have any number made, each of them long.
    """
    first, *others = pattern.split("*")
    if not others:
        return pattern == label
    *middle, last = others
    if len(pattern) - len(others) > len(label) or len(label) > _LONGEST_LABEL:
        return False
    at, end = len(first), len(label) - len(last)
    for part in middle:
        at = label.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return label.startswith(first) and label.endswith(last)
