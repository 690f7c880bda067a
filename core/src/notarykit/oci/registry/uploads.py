"""How blobs get into a registry: distribution-spec 1.1, "Pushing a blob monolithically", POST then PUT."""

from collections.abc import Callable
from urllib.parse import quote

from notarykit.errors import NetworkError
from notarykit.net.budget import Budget
from notarykit.net.messages import Response, may_pass
from notarykit.net.urls import joined, origin_of
from notarykit.oci.manifest import EMPTY_CONFIG, EMPTY_CONFIG_DIGEST, EMPTY_TYPE
from notarykit.oci.registry.host import RegistryHost, expect

_OK, _CREATED, _ACCEPTED, _NOT_FOUND, _WRONG_RANGE = 200, 201, 202, 404, 416
_TRIES = 3


class Uploads:
    """Stores blobs in a repository.

    Args:
        host: The registry.
        name: The repository's name.
        send: Sends a request to the repository.
        budget: What may be spent.
    """

    def __init__(self, host: RegistryHost, name: str, send: Callable[..., Response], budget: Budget) -> None:
        self._host = host
        self._name = name
        self._place = f"{host.host}/{name}"
        self._send = send
        self._budget = budget

    def push_config(self) -> bool:
        """Makes the config be there; whether that is only remembered, and nobody asked the registry."""
        if self._host.remembered.get(f"{self._name}/blobs", EMPTY_CONFIG_DIGEST) is not None:
            return True
        if self._send("HEAD", f"blobs/{EMPTY_CONFIG_DIGEST}", push=True).status != _OK:
            self.push(EMPTY_CONFIG_DIGEST, EMPTY_CONFIG)
        self._host.remembered.put(f"{self._name}/blobs", EMPTY_CONFIG_DIGEST, EMPTY_TYPE, EMPTY_CONFIG)
        return False

    def push(self, digest: str, content: bytes) -> None:
        """Stores a blob.

        Raises:
            StorageError: The registry does not take it.
        """
        for attempt in range(1, _TRIES + 1):
            url = self._session()
            response: Response | None = None
            try:
                response = self._upload(url, digest, content)
            except NetworkError:  # a session that broke is left to the registry; a new one is started
                if attempt == _TRIES:
                    raise
            if response is not None and (attempt == _TRIES or not _may_start_again(response)):
                return expect(response, _CREATED, f"{self._place}: blob {digest}")
            self._host.rest(attempt, self._budget, response)
        raise AssertionError("unreachable")

    def _session(self) -> str:
        session = self._send("POST", "blobs/uploads/", headers={"Content-Length": "0"}, push=True)
        location = session.header("Location")
        expect(session, _ACCEPTED, f"{self._place}: upload")
        if not location:
            raise NetworkError(f"{self._place}: upload: the registry names no location")
        url = joined(session.url, location)
        origin_of(url)  # what is no address now is none at the next try either
        return url

    def _upload(self, url: str, digest: str, content: bytes) -> Response:
        return self._send(
            "PUT",
            f"{url}{'&' if '?' in url else '?'}digest={quote(digest, safe='')}",
            headers={"Content-Type": "application/octet-stream"},
            body=content,
            again=False,
            push=True,
        )


def _may_start_again(response: Response) -> bool:
    """Whether a new session may do better: a fault that passes, or a session of which the registry does not know."""
    return may_pass(response) or response.status in (_NOT_FOUND, _WRONG_RANGE)
