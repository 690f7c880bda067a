"""Endpoints of one repository (distribution-spec 1.1, "Endpoints"): URLs, token scopes, budget and cache."""

from collections.abc import Callable, Mapping

from notarykit.net.budget import Budget
from notarykit.net.client import StartedRequest
from notarykit.net.messages import Request, Response, StreamedContent
from notarykit.oci.registry.host import RegistryHost, expect_status


class RepositoryEndpoint:
    """Endpoints of a repository, thread-safe.

    Attributes:
        host: The registry.
        name: The repository's name, without the registry.
        place: The repository's full name, for messages.
        budget: Limits of bytes and seconds for all requests.
    """

    def __init__(self, host: RegistryHost, name: str, budget: Budget) -> None:
        """Sends nothing yet."""
        self.host = host
        self.name = name
        self.place = f"{host.host}/{name}"
        self.budget = budget

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | StreamedContent | None = None,
        *,
        limit: int = 0,
        is_repeatable: bool = True,
    ) -> Response:
        """Sends a request with a token to pull (GET) or to pull and push (any other method).

        Args:
            method: The method.
            path: The path below `/v2/{name}/`, or a URL of the registry.
            headers: Header fields.
            body: The content.
            limit: Largest response in bytes; by default the largest document's.
            is_repeatable: True if sending the request twice does no harm.

        Raises:
            AccessError: The registry denies access.
            NetworkError: There is no response, or one that breaks a limit.
        """
        limit = limit or self._largest_document
        request = Request(method, self.url(path), self.budget, limit, headers or {}, body, is_repeatable)
        return self.host.send(request, self._scope("pull" if method == "GET" else "pull,push"))

    def download(self, path: str, size: int, sink: Callable[[bytes], object]) -> Response:
        """Sends a GET request, the content of whose response goes to a sink piece by piece; see `Request.sink`.

        Args:
            path: The path below `/v2/{name}/`.
            size: Largest content in bytes.
            sink: Function that takes a piece.

        Raises:
            AccessError: The registry denies access.
            NetworkError: There is no response, or one that breaks off or breaks a limit.
        """
        request = Request("GET", self.url(path), self.budget, max(size, self._largest_document), sink=sink)
        return self.host.send(request._replace(is_repeatable=False), self._scope("pull"))

    def start(self, path: str, headers: Mapping[str, str]) -> StartedRequest | None:
        """Sends a GET request without waiting for the response; see `RegistryHost.start`."""
        request = Request("GET", self.url(path), self.budget, self._largest_document, headers)
        return self.host.start(request, self._scope("pull"))

    @property
    def _largest_document(self) -> int:
        return self.host.settings.limits.largest_document

    def url(self, path: str) -> str:
        """Returns the URL of a path; a URL is returned as it is."""
        return path if "://" in path else self.host.url(f"{self.name}/{path}")

    def cached(self, kind: str, digest: str) -> tuple[str, bytes] | None:
        """Returns media type and content of `manifests` or `blobs` that this process has verified, or None."""
        return self.host.cache.get(f"{self.name}/{kind}", digest)

    def keep(self, kind: str, digest: str, media_type: str, content: bytes) -> None:
        """Caches content whose digest was verified."""
        self.host.cache.put(f"{self.name}/{kind}", digest, media_type, content)

    def expect_status(self, response: Response, status: int, subject: str) -> None:
        """Refuses a response with another status; see `notarykit.oci.registry.host.expect_status`."""
        expect_status(response, status, f"{self.place}: {subject}")

    def _scope(self, actions: str) -> str:
        return f"repository:{self.name}:{actions}"
