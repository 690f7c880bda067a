"""Images in a registry: signed by notarykit, by a stranger, or not at all."""

import contextlib
import uuid
from collections.abc import Sequence
from typing import NamedTuple

import notarykit
from notarykit import Digest, LocalSigner, RegistryHost, RegistryRepository, RegistrySettings, SignOptions
from tests.servers.registry.fault_proxy import Condition, FaultProxy
from tests.servers.registry.http_server import Seen
from tests.servers.registry.running import Registry
from tests.support.ca import TestChain
from tests.support.envelopes import JWS
from tests.support.registries import push_artifacts, tag_artifact


class Image(NamedTuple):
    """Image in a registry.

    Attributes:
        repository: Its repository, with the registry's address.
        tag: Its tag.
        digest: Its digest.
    """

    repository: str
    tag: str
    digest: str

    @property
    def by_tag(self) -> str:
        """Reference by its tag."""
        return f"{self.repository}:{self.tag}"

    @property
    def by_digest(self) -> str:
        """Reference by its digest."""
        return f"{self.repository}@{self.digest}"

    @property
    def pinned(self) -> str:
        """Reference by its tag that has its digest, which counts."""
        return f"{self.repository}:{self.tag}@{self.digest}"

    @property
    def name(self) -> str:
        """Name of its repository in the registry."""
        return self.repository.partition("/")[2]


class Images:
    """Images of a registry, each in a repository of its own.

    Args:
        registry: The registry.
        proxy: Server in front of it, which can do wrong, and has the address that references have.
        chains: Chains of the signer that is trusted and of a stranger.
        signers: Both as signers.

    Attributes:
        proxy: As above.
        trusted: Chain of the signer that is trusted.
        stranger: Chain of the stranger.
        signed: Image that the signer has signed.
        foreign: Image that a stranger has signed.
        unsigned: Image without a signature.
    """

    def __init__(
        self, registry: Registry, proxy: FaultProxy, chains: Sequence[TestChain], signers: Sequence[LocalSigner]
    ) -> None:
        self._registry = registry
        self._signer, stranger = signers
        self.proxy = proxy
        self.trusted, self.stranger = chains
        self.signed = self.push_signed("signed")
        self.foreign = self.push("foreign", [stranger])
        self.unsigned = self.push("unsigned")

    def push_signed(self, name: str = "") -> Image:
        """Pushes another image, and signs it."""
        return self.push(name, [self._signer])

    def push(self, name: str = "", signers: Sequence[LocalSigner] = ()) -> Image:
        """Pushes another image, in a repository that has a name of its own if none is given."""
        name, tag = name or f"team/{uuid.uuid4().hex}", f"v{uuid.uuid4().hex[:8]}"
        (digest,) = push_artifacts(self._registry.address, name, [tag])
        image = Image(f"{self.proxy.host}/{name}", tag, digest)
        for signer in signers:
            self.sign(image, signer)
        return image

    def sign(self, image: Image, signer: LocalSigner | None = None, media_type: str = JWS) -> None:
        """Signs an image, by default as the signer that is trusted."""
        options = SignOptions(media_type=media_type)
        with contextlib.closing(RegistryHost(self._registry.host, RegistrySettings())) as host:
            place = RegistryRepository(host, image.name)
            notarykit.sign_artifact(place, Digest(image.digest), signer or self._signer, options)

    def push_beside(self, image: Image) -> Image:
        """Pushes another image into the repository of one, without a signature."""
        tag = f"v{uuid.uuid4().hex[:8]}"
        (digest,) = push_artifacts(self._registry.address, image.name, [tag])
        return image._replace(tag=tag, digest=digest)

    def move_tag(self, image: Image, digest: str) -> None:
        """Moves the tag of an image to another one of its repository."""
        tag_artifact(self._registry.address, image.name, digest, image.tag)

    def requests(self, image: Image) -> list[Seen]:
        """Returns what the registry was asked of an image's repository."""
        with self.proxy.lock:
            return [seen for seen in self.proxy.seen if at(image)(seen)]


def at(image: Image) -> Condition:
    """Takes the requests for an image's repository."""
    return lambda seen: seen.path.startswith(f"/v2/{image.name}/")
