"""Sessions of requests below hvac's adapter, with retries and timeouts bounded by the time left of the call."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from hvac.adapters import JSONAdapter  # type: ignore[import-untyped]
from requests import PreparedRequest, Session
from requests import Response as HTTPResponse
from requests import Timeout as RequestTimeout
from requests.adapters import HTTPAdapter
from urllib3.exceptions import InvalidHeader, MaxRetryError
from urllib3.util import Retry, Timeout

from notarykit.plugin import limit_body, seconds_left
from notarykit_hashicorp_vault.errors import TooLargeError
from notarykit_hashicorp_vault.settings import is_loopback

if TYPE_CHECKING:
    from notarykit_hashicorp_vault.settings import ServerSettings

_RETRIES = 3
_BACKOFF_SECONDS = 0.2
_CONNECTIONS = 32
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 30.0
# Replication lag, rate limits, standby nodes, and servers that start or stop.
_RETRIED_STATUSES = frozenset((412, 429, 472, 473, 500, 502, 503, 504))


class Adapter(Protocol):
    """Adapter of hvac for one server and token. Immutable, and shared by threads."""

    @property
    def token(self) -> str | None:
        """Token that it sends."""

    def get(self, url: str) -> Any:
        """Sends a GET request; returns members for status 200 with JSON, otherwise a response of requests."""

    def post(self, url: str, *, json: Mapping[str, Any]) -> Any:
        """Sends a POST request; returns the same as `get`."""


Connect = Callable[["ServerSettings"], Callable[[str | None], Adapter]]
"""Connects to a server: returns a factory for adapters, by token or None."""


def connect(server: "ServerSettings") -> Callable[[str | None], Adapter]:
    """Returns a factory for adapters that share one session and its connections."""
    session = _new_session(server)

    def new_adapter(token: str | None) -> Adapter:
        adapter: Adapter = JSONAdapter(
            base_uri=server.address,
            token=token,
            namespace=server.namespace,
            session=session,
            timeout=_CallTimeout(),
            # A redirect would send the token to another host.
            allow_redirects=False,
            # hvac's exceptions lack the status, the headers and bodies that are not JSON.
            ignore_exceptions=True,
        )
        return adapter

    return new_adapter


def _new_session(server: "ServerSettings") -> Session:
    session = Session()
    session.auth = _without_netrc
    session.hooks["response"].append(_limit)
    session.verify = server.ca or True
    if server.client_certificate:
        certificate, key = server.client_certificate
        session.cert = (certificate, key) if key else certificate
    is_direct = is_loopback(server.address)
    session.mount("https://", _TLSAdapter(server.tls_server_name, is_direct=is_direct))
    session.mount("http://", _TLSAdapter(None, is_direct=is_direct))
    return session


def _without_netrc(request: PreparedRequest) -> PreparedRequest:
    """Returns the request as it is; without an `auth`, requests adds a password of ~/.netrc."""
    return request


def _limit(response: HTTPResponse, **_more: Any) -> None:
    """Limits the body and reads it at once: the connection is released even if requests fails before reading it."""
    limit_body(response, on_excess=TooLargeError, on_timeout=RequestTimeout)
    _ = response.content


class _TLSAdapter(HTTPAdapter):
    """Connections that accept a configured name in the server's certificate, and use no proxy to this machine."""

    def __init__(self, tls_server_name: str | None, *, is_direct: bool) -> None:
        self._is_direct = is_direct
        name = tls_server_name
        self._names = {"server_hostname": name, "assert_hostname": name} if name else {}
        super().__init__(pool_maxsize=_CONNECTIONS, max_retries=_CallRetry.default())

    def send(self, request: PreparedRequest, **more: Any) -> Any:  # type: ignore[override]
        return super().send(request, **more | ({"proxies": None} if self._is_direct else {}))

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **more, **self._names)

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        return super().proxy_manager_for(proxy, **more, **self._names)


class _CallRetry(Retry):
    """Retries that end where the next pause would be longer than the time left of the call."""

    @classmethod
    def default(cls) -> "_CallRetry":
        # Every method: logging in or signing twice is harmless. Untrusted certificates are not retried (other=0).
        return cls(
            total=_RETRIES, other=0, allowed_methods=None, status_forcelist=_RETRIED_STATUSES,
            backoff_factor=_BACKOFF_SECONDS, backoff_jitter=_BACKOFF_SECONDS / 2, raise_on_status=False,
        )  # fmt: skip

    def increment(
        self, method: str | None = None, url: str | None = None, response: Any = None, error: Any = None, *more: Any,
        **named: Any,
    ) -> "_CallRetry":  # fmt: skip
        retry = super().increment(method, url, response, error, *more, **named)
        try:
            retry_after = retry.get_retry_after(response) if response is not None else None
        except (ValueError, OverflowError, InvalidHeader):  # neither seconds nor a date
            retry_after = math.inf
        if (retry_after or retry.get_backoff_time()) >= seconds_left():
            raise MaxRetryError(named.get("_pool"), url or "", error)  # type: ignore[arg-type]
        return retry


class _CallTimeout(Timeout):
    """Timeout of one attempt; urllib3 clones it for each, and the clone has the time left of the call."""

    def clone(self) -> Timeout:
        left = max(seconds_left(), 0.001)
        return Timeout(connect=min(_CONNECT_SECONDS, left), read=min(_READ_SECONDS, left))
