"""All of hvac that is used: its adapter for HTTP, on one session that tries again within the time that is left."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from hvac.adapters import JSONAdapter  # type: ignore[import-untyped]
from requests import PreparedRequest, Session
from requests.adapters import HTTPAdapter
from urllib3.exceptions import InvalidHeader, MaxRetryError
from urllib3.util import Retry, Timeout

from notarykit.plugin.deadline import seconds_left
from notarykit_hashicorp_vault.limits import bounded
from notarykit_hashicorp_vault.settings import is_loopback

if TYPE_CHECKING:
    from notarykit_hashicorp_vault.settings import Server

_TRIES = 3
_FIRST_PAUSE = 0.2
_CONNECTIONS = 32
_LONGEST_CONNECT, _LONGEST_READ = 10.0, 30.0
# What a second try may mend: a node that lags behind, too many requests, a standby, a server that starts or ends.
_AGAIN = frozenset((412, 429, 472, 473, 500, 502, 503, 504))


class Vault(Protocol):
    """An adapter of hvac: one server as the holder of one token sees it. It never changes, so that threads share it."""

    @property
    def token(self) -> str | None:
        """The token that it sends."""

    def get(self, url: str) -> Any:
        """The answer to GET: members where it is 200 with JSON, else the response."""

    def post(self, url: str, *, json: Mapping[str, Any]) -> Any:
        """The answer to POST, in the same form."""


Connect = Callable[["Server"], Callable[[str | None], Vault]]
"""Connects to a server: what it returns makes an adapter for a token, or for none."""


def connect(server: "Server") -> Callable[[str | None], Vault]:
    """Adapters on one session, whose connections are kept and shared."""
    session = _session(server)

    def adapter(token: str | None) -> Vault:
        made: Vault = JSONAdapter(
            base_uri=server.address,
            token=token,
            namespace=server.namespace,
            session=session,
            timeout=_TimeLeft(),
            # A token follows no answer that points to somebody else.
            allow_redirects=False,
            # The response says more than hvac's exceptions: its status, whether it is JSON, its headers.
            ignore_exceptions=True,
        )
        return made

    return adapter


def _session(server: "Server") -> Session:
    session = Session()
    session.auth = _no_other_credentials
    session.hooks["response"].append(bounded)
    session.verify = server.authorities or True
    if server.client:
        certificate, key = server.client
        session.cert = (certificate, key) if key else certificate
    is_direct = is_loopback(server.address)
    session.mount("https://", _Adapter(server.host_name, is_direct=is_direct))
    session.mount("http://", _Adapter(None, is_direct=is_direct))
    return session


def _no_other_credentials(request: PreparedRequest) -> PreparedRequest:
    """Stands where the session would otherwise take a password for the host out of ~/.netrc."""
    return request


class _Adapter(HTTPAdapter):
    """Connections to a server whose certificate may have another name than its address; none to oneself by a proxy."""

    def __init__(self, host_name: str | None, *, is_direct: bool) -> None:
        self._is_direct = is_direct
        self._names = {"server_hostname": host_name, "assert_hostname": host_name} if host_name else {}
        super().__init__(pool_maxsize=_CONNECTIONS, max_retries=_Retry.usual())

    def send(self, request: PreparedRequest, **more: Any) -> Any:  # type: ignore[override]
        return super().send(request, **more | ({"proxies": None} if self._is_direct else {}))

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **more, **self._names)

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        return super().proxy_manager_for(proxy, **more, **self._names)


class _Retry(Retry):
    """Gives up where the pause before the next try would be longer than the time that is left."""

    @classmethod
    def usual(cls) -> "_Retry":
        # Every method: to log in or to sign a second time does no harm. A certificate does not get better by waiting.
        return cls(
            total=_TRIES, other=0, allowed_methods=None, status_forcelist=_AGAIN, backoff_factor=_FIRST_PAUSE,
            backoff_jitter=_FIRST_PAUSE / 2, raise_on_status=False,
        )  # fmt: skip

    def increment(
        self, method: str | None = None, url: str | None = None, response: Any = None, error: Any = None, *more: Any,
        **named: Any,
    ) -> "_Retry":  # fmt: skip
        again = super().increment(method, url, response, error, *more, **named)
        try:
            asked = again.get_retry_after(response) if response is not None else None
        except (ValueError, OverflowError, InvalidHeader):  # neither seconds nor a date
            asked = math.inf
        if (asked or again.get_backoff_time()) >= seconds_left():
            raise MaxRetryError(named.get("_pool"), url or "", error)  # type: ignore[arg-type]
        return again


class _TimeLeft(Timeout):
    """The limit of one try: urllib3 takes a copy for each, and the copy knows the time."""

    def clone(self) -> Timeout:
        left = max(seconds_left(), 0.001)
        return Timeout(connect=min(_LONGEST_CONNECT, left), read=min(_LONGEST_READ, left))
