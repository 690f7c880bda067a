"""Pull secrets: read from the API server one by one, by their names, and kept for a short time.

As for kubelet, it is no error that a secret does not exist. Neither is it that this program may not read it, since its
operator can have it read those of some namespaces alone. Everything else that keeps one from being read is an error.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import msgspec

from notarykit import DockerConfig, parse_docker_config
from notarykit.errors import ConfigurationError
from notarykit_admission.access.remembered import Read, Remembered
from notarykit_admission.cluster.api_server import APIServerError, ForbiddenError
from notarykit_admission.message import one_line
from notarykit_admission.names import is_namespace, is_object_name
from notarykit_admission.workload.images import NO_SECRETS, PullSecrets

SECONDS_KEPT = 60.0
SECONDS_OF_FAILURES = 3.0
MOST_SECRETS, MOST_ENTRIES = 32, 200
# It is parsed while others wait: 2,000 entries take 9 ms.
LARGEST_CONFIG = 64 * 1024
_MOST_BYTES = 16 * 1024 * 1024
_LONGEST_FLAW = 100


_EMPTY = DockerConfig()


class Puller(NamedTuple):
    """Pod on whose behalf images are pulled.

    Attributes:
        namespace: Namespace of the request, or an empty string.
        secrets: Pull secrets, all of that namespace, on the word of the API server; None where anybody may have said
            so, and the program's own credentials alone count.
    """

    namespace: str
    secrets: PullSecrets | None = None


class Keyring(NamedTuple):
    """Credentials of pull secrets.

    Attributes:
        config: The credentials of all secrets together.
        flaws: Why others have none, for people, such as `secret 'registry' does not exist`.
    """

    config: DockerConfig = _EMPTY
    flaws: tuple[str, ...] = ()


class PullSecretsError(Exception):
    """Pull secrets cannot be read; the text is one line that says why, and holds nothing of them."""


class _Place(NamedTuple):
    kind: str  # as in the path
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{'secret' if self.kind == 'secrets' else 'service account'} {self.name!r}"

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/{self.kind}/{self.name}"


class _Object(NamedTuple):
    """Part of an object that counts, or why there is none.

    Attributes:
        config: Credentials of a secret.
        names: Names of the secrets of a service account.
        flaw: Why kubelet passes over it, or an empty string.
        problem: Why it cannot be read, or an empty string.
    """

    config: DockerConfig = _EMPTY
    names: tuple[str, ...] = ()
    flaw: str = ""
    problem: str = ""


_MISSING = _Object(flaw="does not exist")
_FORBIDDEN = _Object(flaw="may not be read by this program, whose service account needs 'get' on it")


class _Secret(msgspec.Struct, frozen=True):
    type: str = ""
    data: dict[str, bytes] | None = None


class _Reference(msgspec.Struct, frozen=True):
    name: str = ""


class _ServiceAccount(msgspec.Struct, frozen=True, rename="camel"):
    image_pull_secrets: tuple[_Reference, ...] | None = None


_SECRET, _SERVICE_ACCOUNT = msgspec.json.Decoder(_Secret), msgspec.json.Decoder(_ServiceAccount)
_LEGACY = ".dockercfg"
_FORMS = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", "kubernetes.io/dockercfg": _LEGACY}


class PullSecretReader:
    """Reads pull secrets; each object once, whoever needs it. For one event loop.

    Args:
        get: Function that returns an object of the API server by its path, or None where there is none.
    """

    def __init__(self, get: Callable[[str], Awaitable[bytes | None]]) -> None:
        self._get = get
        self._objects: Remembered[_Place, _Object] = Remembered(self._read, _MOST_BYTES)

    async def keyring(self, puller: Puller, seconds: float, age: float | None = None) -> Keyring:
        """Returns the credentials of a puller's secrets; it never takes longer than it may.

        Args:
            puller: Who pulls.
            seconds: Seconds within which they are wanted; reading goes on, and the next try finds what was read.
            age: Seconds that have passed at most since they were read; by default as long as they are kept.

        Raises:
            PullSecretsError: A secret that exists cannot be read.
        """
        if not is_namespace(puller.namespace):
            raise PullSecretsError("the request names no namespace whose pull secrets could be read")
        try:
            async with asyncio.timeout(seconds):
                return await self._keyring(puller, age)
        except TimeoutError:
            raise PullSecretsError(f"the pull secrets were not read within {seconds:.2g} seconds: try again") from None

    async def close(self) -> None:
        """Ends all readings."""
        await self._objects.close()

    async def _keyring(self, puller: Puller, age: float | None) -> Keyring:
        secrets, found = puller.secrets or NO_SECRETS, {}
        names = secrets.names
        if secrets.service_account:
            account = _Place("serviceaccounts", puller.namespace, secrets.service_account)
            found = await self._find([account], age)
            names = found[account].names
        if len(names) > MOST_SECRETS:
            raise PullSecretsError(f"more than {MOST_SECRETS} pull secrets: name fewer")
        found |= await self._find([_Place("secrets", puller.namespace, name) for name in names], age)
        flaws = tuple(f"{place} {each.flaw}" for place, each in found.items() if each.flaw)
        config = DockerConfig(entry for each in found.values() for entry in each.config.entries)
        if len(config.entries) > MOST_ENTRIES:
            raise PullSecretsError(f"the pull secrets have more than {MOST_ENTRIES} entries: name fewer")
        return Keyring(config, flaws)

    async def _find(self, places: Sequence[_Place], age: float | None) -> dict[_Place, _Object]:
        """Returns objects.

        Raises:
            PullSecretsError: One of them cannot be read.
        """
        # The API server takes any text for the name of a pull secret, and this one stands in a path.
        named = [place for place in places if is_object_name(place.name)]
        found = dict(zip(named, await self._objects.get(named, age), strict=True))
        for place, each in found.items():
            if each.problem:
                raise PullSecretsError(f"the {place} of namespace {place.namespace!r} cannot be read: {each.problem}")
        return {place: found.get(place, _MISSING) for place in places}

    async def _read(self, place: _Place) -> Read[_Object]:
        try:
            content = await self._get(place.path)
            return Read(_MISSING if content is None else _parse(place, content), SECONDS_KEPT, len(content or b""))
        except ForbiddenError:
            return Read(_FORBIDDEN, SECONDS_KEPT)
        except (APIServerError, ConfigurationError, ValueError) as error:
            return Read(_Object(problem=one_line(str(error))), SECONDS_OF_FAILURES)


def _parse(place: _Place, content: bytes) -> _Object:
    """Returns the part of an object that counts.

    Raises:
        ConfigurationError: The configuration in it is malformed; the text holds nothing of it.
        ValueError: It is something else.
    """
    try:
        if place.kind == "serviceaccounts":
            references = _SERVICE_ACCOUNT.decode(content).image_pull_secrets or ()
            return _Object(names=tuple({reference.name: None for reference in references if reference.name}))
        secret = _SECRET.decode(content)
    except (ValueError, RecursionError):
        raise ValueError("the API server answers with something else") from None
    if secret.type not in _FORMS:
        return _Object(flaw=one_line(f"is of type {secret.type!r} and not {next(iter(_FORMS))}", _LONGEST_FLAW))
    member = _FORMS[secret.type]
    if not (config := (secret.data or {}).get(member)):
        return _Object(flaw=f"has no {member}")
    if len(config) > LARGEST_CONFIG:
        raise ValueError(f"its {member} has more than {LARGEST_CONFIG} bytes")
    return _Object(parse_docker_config(config, member, is_legacy=member == _LEGACY))
