"""One registry: its address, its connections and tokens, shared by all of its repositories in a process."""

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import NamedTuple, Self

from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.errors import AccessError, NetworkError, StorageError
from notarykit.net import trace
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient, Started
from notarykit.net.destinations import Destinations
from notarykit.net.messages import Response
from notarykit.net.pool import Connections
from notarykit.net.tls import TLSSettings, context_for
from notarykit.net.urls import Origin, origin_of
from notarykit.oci.registry.auth import Authenticator, Credentials

_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404
# Docker Hub's images are named docker.io, and its registry has another name.
_ADDRESSES = {"docker.io": "registry-1.docker.io"}


class RegistrySettings(NamedTuple):
    """How registries are reached.

    Attributes:
        plain_http: The hosts that the user allows to be without TLS, as references name them, in lower case.
        tls: Where certificates come from.
        credentials: Looks up the credentials for a repository, `host/name`, or for the registry alone, `host`.
        lock_folder: Where signers on this machine take turns at a fallback index, or an empty string.
        ways_to_log_in: What a person can do where a registry, by its host, wants credentials and there are none.
    """

    plain_http: frozenset[str] = frozenset()
    tls: TLSSettings = TLSSettings()
    credentials: Callable[[str], Credentials | None] = lambda _: None
    lock_folder: str = ""
    ways_to_log_in: Callable[[str], str] = lambda _: "give credentials for it"

    def is_plain(self, host: str) -> bool:
        """Whether a host that the user names is talked to without TLS.

        It is listed, or is `localhost` with a port and no certificates.
        """
        is_local = host.lower().startswith("localhost:") and not (self.tls.ca_file or self.tls.cert_file)
        return is_local or host.lower() in self.plain_http

    def destinations(self, named: Origin) -> Destinations:
        """Where the registry that the user named may lead: without TLS to itself, if it is, and to what is listed."""
        listed = {origin for host in self.plain_http if (origin := _plain_origin(host)) is not None}
        return Destinations(
            plain=frozenset(listed | {named}),
            allow_plain="if that is meant, for tests alone, list it in insecureRegistries of config.json, "
            "or use --insecure-registry for the registry of a reference",
            use_tls="leave out --insecure-registry, and take it off insecureRegistries in config.json; localhost is "
            "talked to with TLS where --ca-file is given",
        )


class Remembered:
    """Content that is addressed by its digest, and so never changes; bounded, the oldest goes first."""

    _MOST_BYTES = 64 * 1024 * 1024

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[str, bytes]] = {}
        self._size = 0
        self._lock = threading.Lock()

    def get(self, kind: str, digest: str) -> tuple[str, bytes] | None:
        """The media type and the content, or None; what is a blob to one may be a manifest of any type to another."""
        found = self._found.get((kind, digest))
        if found is not None:
            trace.note(f"{kind}/{digest}: known to this process")
        return found

    def put(self, kind: str, digest: str, media_type: str, content: bytes) -> None:
        """Keeps content whose digest was checked."""
        with self._lock:
            if (kind, digest) in self._found or len(content) > self._MOST_BYTES // 4:
                return
            self._found[kind, digest] = (media_type, content)
            self._size += len(content)
            while self._size > self._MOST_BYTES:
                oldest = next(iter(self._found))
                self._size -= len(self._found.pop(oldest)[1])


class RegistryHost:
    """A registry. May be used from several threads; `with` closes its connections at its end."""

    def __init__(self, host: str, settings: RegistrySettings | None = None) -> None:
        """Takes the host as references name it, `name[:port]`; nothing is sent yet."""
        self.host = host
        self.settings = settings = settings or RegistrySettings()
        address = _ADDRESSES.get(host, host)
        self._base = f"{'http' if settings.is_plain(host) else 'https'}://{address}/v2/"
        self._origin = origin_of(self._base)
        self.remembered = Remembered()
        self._has_answered = False
        connections = Connections(lambda netloc: context_for(netloc, settings.tls))
        self._client = HttpClient(connections, settings.destinations(self._origin))
        self._authenticator = Authenticator(
            host, self._base, self._client, settings.credentials, lambda: settings.ways_to_log_in(host)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def url(self, path: str) -> str:
        """The address of a path below `/v2/`."""
        return self._base + path

    def send(
        self,
        method: str,
        url: str,
        *,
        scope: str,
        budget: Budget,
        limit: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        again: bool = True,
    ) -> Response:
        """Sends a request to this registry, with what it asks for to know who is asking.

        Args:
            method: The method.
            url: An address of this registry.
            scope: What a token must allow, `repository:name:actions`.
            budget: What may be spent.
            limit: How long the answer may be.
            headers: Header fields.
            body: The content.
            again: Whether the request can be sent twice without harm.

        Raises:
            AccessError: The registry does not let us.
            NetworkError: There is no answer, or one that breaks a limit.
        """
        given = dict(headers or {})
        if origin_of(url) != self._origin:  # an upload that goes on at another host: it has no business with our names
            return self._client.send(
                method, url, headers=given, body=body, budget=budget, limit=limit, again=again, source=self._base
            )
        authorized = {**given, **self._authenticator.headers(scope, budget)}
        response = self._client.send(
            method, url, headers=authorized, body=body, budget=budget, limit=limit, again=again
        )
        if response.status == _UNAUTHORIZED and origin_of(response.url) == self._origin:
            challenge = ", ".join(response.headers.get_all("WWW-Authenticate") or [])
            authorized = {**given, **self._authenticator.answer(challenge, scope, budget)}
            response = self._client.send(
                method, url, headers=authorized, body=body, budget=budget, limit=limit, again=again
            )
        if response.status in (_UNAUTHORIZED, _FORBIDDEN):
            raise self._refusal(response, method, scope)
        self._has_answered = True
        return response

    def _refusal(self, response: Response, method: str, scope: str) -> AccessError:
        what = f"{method} of {scope or 'the registry'}{_reason(response)}"
        asked = origin_of(response.url)
        if asked != self._origin:  # it asks on its own behalf, and our names are not for it
            return AccessError(
                f"{asked.netloc}, to which {self.host} leads, refuses {what}", advice="ask whoever runs the registry"
            )
        advice = self._authenticator.advice(scope)
        if response.status == _UNAUTHORIZED and self._authenticator.has_credentials(scope):
            return AccessError(f"{self.host} does not accept the credentials{_reason(response)}", advice=advice)
        return AccessError(f"{self.host} refuses {what}", advice=f"{advice}, or ask for the right to do this")

    def start(self, url: str, *, scope: str, budget: Budget, headers: Mapping[str, str]) -> Started | None:
        """Sends a GET request to this registry and does not wait for the answer.

        Returns:
            What `finish` takes; None where it could not be sent, or where it is not known yet what the registry asks
            for to know who is asking.

        Raises:
            AccessError: The registry does not let us.
            NetworkError: The token server does not answer.
        """
        if not self._has_answered:
            return None
        authorized = {**headers, **self._authenticator.headers(scope, budget)}
        return self._client.start(url, headers=authorized, budget=budget)

    def finish(self, started: Started, *, limit: int) -> Response | None:
        """The answer to a request that was started, if it says that something is there or is not; `send` knows more."""
        response = self._client.finish(started, limit=limit)
        return response if response is not None and response.status in (_OK, _NOT_FOUND) else None

    def rest(self, attempt: int, budget: Budget, response: Response | None) -> None:
        """Waits before another try of what cannot simply be sent again; see `HttpClient.rest`."""
        self._client.rest(attempt, budget, response)

    def ping(self, budget: Budget) -> None:
        """Asks whether the registry is there and lets us in.

        Raises:
            AccessError: It does not let us in.
            NetworkError: It is not there, or is no registry.
        """
        response = self.send("GET", self._base, scope="", budget=budget, limit=64 * 1024)
        if response.status != _OK:
            raise NetworkError(f"{self.host} does not answer as a registry does (status {response.status})")


def _plain_origin(host: str) -> Origin | None:
    try:
        return origin_of(f"http://{host}")
    except NetworkError:
        return None


def _reason(response: Response) -> str:
    """The code of the registry's first error (distribution-spec, "Error Codes"); its own text is not repeated."""
    code = error_code(response)
    return f" ({code})" if code else ""


def error_code(response: Response) -> str:
    """The code of the first error in an answer, or an empty string."""
    try:
        errors = GoMembers(loads(response.body), "answer").array("errors")
        code = GoMembers(errors[0], "error").text("code")
    except (DocumentError, IndexError):
        return ""
    return code if code.isidentifier() and code.isupper() else ""


def expect(response: Response, status: int, what: str) -> None:
    """Refuses an answer of another status.

    Raises:
        StorageError: It says that something is not there.
        NetworkError: It says anything else.
    """
    if response.status == status:
        return
    text = f"{what}: status {response.status}{_reason(response)}"
    raise StorageError(text) if response.status == _NOT_FOUND else NetworkError(text)
