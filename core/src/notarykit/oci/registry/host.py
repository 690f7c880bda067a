"""Registry host: address, connections, tokens and cache, shared by its repositories in a process."""

import threading
from collections.abc import Callable
from typing import NamedTuple, Self

from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.errors import AccessError, NetworkError, StorageError
from notarykit.net import trace
from notarykit.net.budget import DEFAULT_BYTES, Budget
from notarykit.net.client import HttpClient, StartedRequest
from notarykit.net.destinations import Destinations
from notarykit.net.messages import Request, Response
from notarykit.net.pool import ConnectionPool
from notarykit.net.throttle import Throttle
from notarykit.net.tls import TLSSettings, context_for
from notarykit.net.urls import Origin, origin_of
from notarykit.oci.manifest import LARGEST_MANIFEST
from notarykit.oci.registry.auth import Authenticator, Credentials

_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404
# References name Docker Hub docker.io; its registry has another host.
_ADDRESSES = {"docker.io": "registry-1.docker.io"}
_KEPT = 8 * 1024 * 1024


def _anonymous(repository: str) -> None:
    """Returns no credentials."""


def _no_way_to_log_in(host: str) -> str:
    del host
    return "give credentials for it"


class RegistryLimits(NamedTuple):
    """Limits on what a registry can have read and kept, for programs that read of many at a time.

    Attributes:
        artifact: Bytes that are read for one artifact.
        largest_document: Bytes of a manifest, or of a page of a list of signatures, that are read at most.
        kept: Bytes of content that are kept of a registry, so that it is not fetched again.
    """

    artifact: int = DEFAULT_BYTES
    largest_document: int = LARGEST_MANIFEST
    kept: int = _KEPT


class RegistrySettings(NamedTuple):
    """Settings for access to registries.

    Attributes:
        plain_http: The hosts that the user permits to be used without TLS, as in references, in lower case.
        tls: The certificates.
        credentials: Looks up the credentials for a repository, `host/name`, or for the registry, `host`.
        lock_folder: Folder of the locks for referrers indexes, shared by signers on this machine, or an empty string.
        ways_to_log_in: Returns the advice for a host that requires credentials where there are none.
        throttle_folder: Folder in which the processes of this machine note until when a registry asks to be left alone,
            or an empty string.
        limits: Limits on what is read and kept.
    """

    plain_http: frozenset[str] = frozenset()
    tls: TLSSettings = TLSSettings()
    credentials: Callable[[str], Credentials | None] = _anonymous
    lock_folder: str = ""
    ways_to_log_in: Callable[[str], str] = _no_way_to_log_in
    throttle_folder: str = ""
    limits: RegistryLimits = RegistryLimits()

    def is_plain(self, host: str) -> bool:
        """Returns True for hosts without TLS: those listed, and `localhost` with a port unless certificates are set."""
        has_certificates = self.tls.ca_file or self.tls.added_ca_file or self.tls.cert_file
        is_local = host.lower().startswith("localhost:") and not has_certificates
        return is_local or host.lower() in self.plain_http

    def destinations(self, named: Origin) -> Destinations:
        """Returns the destinations of a registry's client: without TLS only the registry itself and listed hosts."""
        listed = {origin for host in self.plain_http if (origin := _plain_origin(host)) is not None}
        return Destinations(
            plain=frozenset(listed | {named}),
            allow_plain="if that is meant, for tests alone, list it in insecureRegistries of config.json, "
            "or use --insecure-registry for the registry of a reference",
            use_tls="leave out --insecure-registry, and take it off insecureRegistries in config.json; for localhost, "
            "--ca-file enables TLS",
        )


class ContentCache:
    """In-memory cache of content by digest; first in, first out.

    Args:
        most_bytes: Bytes of all content together; what has more than a quarter of them is not kept.
    """

    def __init__(self, most_bytes: int = _KEPT) -> None:
        self._most_bytes = most_bytes
        self._entries: dict[tuple[str, str], tuple[str, bytes]] = {}
        self._size = 0
        self._lock = threading.Lock()

    def get(self, kind: str, digest: str) -> tuple[str, bytes] | None:
        """Returns media type and content, or None; the kind keeps blobs and manifests of one digest apart."""
        entry = self._entries.get((kind, digest))
        if entry is not None:
            trace.note(f"{kind}/{digest}: cached in this process")
        return entry

    def put(self, kind: str, digest: str, media_type: str, content: bytes) -> None:
        """Adds content whose digest was verified."""
        with self._lock:
            if (kind, digest) in self._entries or len(content) > self._most_bytes // 4:
                return
            self._entries[kind, digest] = (media_type, content)
            self._size += len(content)
            while self._size > self._most_bytes:
                oldest = next(iter(self._entries))
                self._size -= len(self._entries.pop(oldest)[1])


class RegistryHost:
    """Registry, thread-safe; a context manager that closes its connections.

    Attributes:
        host: The host as in references, `name[:port]`.
        settings: The settings for access.
        cache: Content by digest.
        single_post: Whether the registry takes blobs by a single POST (distribution-spec 1.1): None until it has been
            tried, True once a blob was there afterwards, False after a refusal.
    """

    def __init__(self, host: str, settings: RegistrySettings | None = None) -> None:
        """Takes the host as in references, `name[:port]`; sends nothing yet."""
        self.host = host
        self.settings = settings = settings or RegistrySettings()
        address = _ADDRESSES.get(host, host)
        self._base = f"{'http' if settings.is_plain(host) else 'https'}://{address}/v2/"
        self._origin = origin_of(self._base)
        self.cache = ContentCache(settings.limits.kept)
        self.single_post: bool | None = None
        self._has_answered = False
        pool = ConnectionPool(lambda netloc: context_for(netloc, settings.tls))
        self._client = HttpClient(
            pool, settings.destinations(self._origin), throttle=Throttle(settings.throttle_folder)
        )
        self._authenticator = Authenticator(
            host, self._base, self._client, settings.credentials, lambda: settings.ways_to_log_in(host)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def url(self, path: str) -> str:
        """Returns the URL of a path below `/v2/`."""
        return self._base + path

    def send(self, request: Request, scope: str) -> Response:
        """Sends a request with the authentication that the registry demands.

        Args:
            request: A request to this registry, or to the host where an upload continues.
            scope: The scope of the token, `repository:name:actions`, or an empty string.

        Raises:
            AccessError: The registry denies access.
            NetworkError: There is no response, or one that breaks a limit.
        """
        if request.origin != self._origin:  # an upload continued elsewhere, which must not get the credentials
            return self._client.send(request._replace(source=self._base))
        authorization = self._authenticator.headers(scope, request.budget)
        response = self._client.send(request.with_headers(authorization) if authorization else request)
        if response.status == _UNAUTHORIZED and origin_of(response.url) == self._origin:
            challenge = ", ".join(response.headers.get_all("WWW-Authenticate") or [])
            authorization = self._authenticator.respond(challenge, scope, request.budget, authorization)
            response = self._client.send(request.with_headers(authorization))
        if response.status in (_UNAUTHORIZED, _FORBIDDEN):
            raise self._denial(response, request.method, scope)
        self._has_answered = True
        return response

    def _denial(self, response: Response, method: str, scope: str) -> AccessError:
        action = f"{method} of {scope or 'the registry'}{_error_suffix(response)}"
        origin = origin_of(response.url)
        if origin != self._origin:  # the credentials are not for another host
            return AccessError(
                f"{origin.netloc}, to which {self.host} redirects, denies {action}",
                advice="ask the operator of the registry",
            )
        advice = self._authenticator.advice(scope)
        if response.status == _UNAUTHORIZED and self._authenticator.has_credentials(scope):
            return AccessError(f"{self.host} does not accept the credentials{_error_suffix(response)}", advice=advice)
        return AccessError(f"{self.host} denies {action}", advice=f"{advice}, or ask for the permission")

    def start(self, request: Request, scope: str) -> StartedRequest | None:
        """Sends a GET request to this registry without waiting for the response.

        Returns:
            The argument of `finish`; None if it could not be sent, or before the registry's first response, which may
            demand authentication.

        Raises:
            AccessError: The registry denies access.
            NetworkError: The token server does not respond.
        """
        if not self._has_answered:
            return None
        return self._client.start(request.with_headers(self._authenticator.headers(scope, request.budget)))

    def finish(self, started: StartedRequest) -> Response | None:
        """Returns the response to a started request, or None for any status but 200 and 404, which `send` handles."""
        response = self._client.finish(started)
        return response if response is not None and response.status in (_OK, _NOT_FOUND) else None

    def wait_to_retry(self, request: Request, response: Response | None) -> None:
        """Waits before another attempt; see `HttpClient.wait_to_retry`."""
        self._client.wait_to_retry(request, response)

    def ping(self, budget: Budget) -> None:
        """Checks that the registry is reachable and grants access.

        Raises:
            AccessError: It denies access.
            NetworkError: It is unreachable, or not a registry.
        """
        response = self.send(Request("GET", self._base, budget, 64 * 1024), scope="")
        if response.status != _OK:
            raise NetworkError(f"{self.host} does not respond as a registry (status {response.status})")


def _plain_origin(host: str) -> Origin | None:
    try:
        return origin_of(f"http://{host}")
    except NetworkError:
        return None


def _error_suffix(response: Response) -> str:
    """Returns the code of the first error in parentheses; the registry's own text is not repeated."""
    code = error_code(response)
    return f" ({code})" if code else ""


def error_code(response: Response) -> str:
    """Returns the code of the first error in a response (distribution-spec, "Error Codes"), or an empty string."""
    try:
        errors = GoMembers(loads(response.body), "response").array("errors")
        code = GoMembers(errors[0], "error").text("code")
    except (DocumentError, IndexError):
        return ""
    return code if code.isidentifier() and code.isupper() else ""


def expect_status(response: Response, status: int, subject: str) -> None:
    """Refuses a response with another status.

    Raises:
        StorageError: The status is 404.
        NetworkError: The status is any other.
    """
    if response.status == status:
        return
    text = f"{subject}: status {response.status}{_error_suffix(response)}"
    raise StorageError(text) if response.status == _NOT_FOUND else NetworkError(text)
