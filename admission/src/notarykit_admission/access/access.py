"""Access to a registry with certain credentials."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, TypeVar

from notarykit import NotarykitError, Registries
from notarykit.errors import AccessError, ArtifactNotFoundError

Way = Callable[[], AbstractContextManager[Registries]]
_Result = TypeVar("_Result")


class Access(NamedTuple):
    """Access to a registry with certain credentials.

    Attributes:
        identity: Identity of the credentials; no secret.
        ways: Functions that lend registries with credentials, those first that are tried first; at least one.
    """

    identity: str
    ways: tuple[Way, ...]

    def read(self, work: Callable[[Registries], _Result]) -> _Result:
        """Reads something of a registry: as kubelet does, with one credential after the other until it may be read.

        Args:
            work: Function that reads it.

        Raises:
            NotarykitError: It cannot be read; where no credential is allowed to, the first one's error.
        """
        refused: list[NotarykitError] = []
        for way in self.ways:
            try:
                with way() as registries:
                    return work(registries)
            except (AccessError, ArtifactNotFoundError) as error:  # some registries hide what may not be read
                refused.append(error)
        raise refused[0]
