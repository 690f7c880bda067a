"""All that is used of the SDK: a client for each vault and way to log in, made when it is needed and kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

from notarykit.errors import PluginAccessDeniedError
from notarykit.plugin import seconds_left
from notarykit_azure_keyvault.errors import CALL_IS_OVER
from notarykit_azure_keyvault.limits import bounded
from notarykit_azure_keyvault.settings import CREDENTIALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from azure.core.credentials import TokenCredential
    from azure.core.pipeline.policies import RetryPolicy
    from azure.core.pipeline.transport import HttpTransport
    from azure.core.rest import HttpRequest
    from requests import PreparedRequest, Session

SECONDS_TO_CONNECT, SECONDS_TO_ANSWER = 10.0, 30.0


class Answer(Protocol):
    """What is used of `azure.core.rest.HttpResponse`."""

    @property
    def status_code(self) -> int:
        """The status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by name in any case."""

    def json(self) -> Any:
        """The body; what it raises where that is no JSON is a ValueError or the SDK's own error."""


class Client(Protocol):
    """What is used of `azure.keyvault.keys.KeyClient`."""

    def send_request(self, request: HttpRequest, **options: Any) -> Answer:
        """Sends a request with the API's version and a token, again where that may help, whatever the answer is."""


Connect = Callable[[str, str], Client]
"""Makes the client of a vault's URL and a type of credential."""


class Clients:
    """Clients that are free, each for one thread at a time.

    On a refusal the SDK's client forgets its token, and another thread that is about to send that token would fail.
    """

    def __init__(self, connect: Connect | None = None) -> None:
        """Takes what makes a client, in place of the SDK's."""
        self._connect = connect or self._of_sdk
        self._free: dict[tuple[str, str], list[Client]] = {}
        self._credentials: dict[str, TokenCredential] = {}
        self._lock = threading.Lock()

    @contextmanager
    def one(self, vault: str, credential_type: str) -> Iterator[Client]:
        """A client for as long as the context is open, the one that was used last if there is one."""
        with self._lock:
            free = self._free.setdefault((vault, credential_type), [])
            client = free.pop() if free else None
        client = client or self._connect(vault, credential_type)
        try:
            yield client
        finally:
            with self._lock:
                free.append(client)

    def forget(self, credential_type: str) -> None:
        """Logs in anew from here on; clients that are in use are dropped with their last answer."""
        with self._lock:
            self._credentials.pop(credential_type, None)
            for account in [account for account in self._free if account[1] == credential_type]:
                del self._free[account]

    def _of_sdk(self, vault: str, credential_type: str) -> Client:
        from azure.keyvault.keys import KeyClient

        credential: Any = _OfOneDomain(self._credential(credential_type), vault)
        return KeyClient(
            vault,
            credential,
            retry_policy=_retry_policy(),
            transport=_transport(),
            # What another host answers is not the vault's word.
            permit_redirects=False,
        )

    def _credential(self, credential_type: str) -> TokenCredential:
        """The SDK's way to log in; it keeps the tokens, and all threads may use it."""
        with self._lock:
            found = self._credentials.get(credential_type)
            if found is None:
                found = self._credentials[credential_type] = _log_in(credential_type)
            return found


class _OfOneDomain:
    """A login that gives tokens for the vault's own domain alone; the SDK takes a parent of it for as good."""

    def __init__(self, credential: Any, vault: str) -> None:
        self._credential, self._domain = credential, vault.partition(".")[2]

    def get_token_info(self, *scopes: str, **options: Any) -> Any:
        """A token, as `azure.core.credentials.SupportsTokenInfo` has it."""
        for scope in scopes:
            if urlsplit(scope).netloc.lower() != self._domain:
                raise ValueError("the challenge asks for a token for another domain")
        return self._credential.get_token_info(*scopes, **options)


def _log_in(credential_type: str) -> TokenCredential:
    import azure.identity

    name = CREDENTIALS[credential_type]
    # That of the command `az` sends nothing itself, and limits what the command may take.
    options = {} if credential_type == "azurecli" else {"transport": _transport()}
    try:
        credential: TokenCredential = getattr(azure.identity, name)(**options)
    except ValueError as error:  # what the environment must have for it is not there
        raise PluginAccessDeniedError(
            f"{name} cannot be used here: {str(error).partition('.')[0]}",
            advice="set what it needs in the environment, or choose another credential_type",
        ) from None
    return credential


def _retry_policy() -> RetryPolicy[Any, Any]:
    from azure.core.pipeline.policies import RetryPolicy

    class InTime(RetryPolicy[Any, Any]):
        """The SDK's own, but for a `Retry-After` beyond the end of the call, which it would sleep until."""

        def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
            try:
                pause = self.get_retry_after(response) or 0
            except (ValueError, OverflowError):  # neither seconds nor a date
                return False
            return pause < seconds_left() and super().is_retry(settings, response)

    return InTime()


def _session() -> Session:
    from requests import Session

    session = Session()
    session.auth = _no_other_credentials
    session.hooks["response"].append(bounded)
    return session


def _no_other_credentials(request: PreparedRequest) -> PreparedRequest:
    """Stands where the session would otherwise put a password for the host out of ~/.netrc in the token's place."""
    return request


def _transport() -> HttpTransport[Any, Any]:
    from azure.core.exceptions import ServiceRequestTimeoutError
    from azure.core.pipeline.transport import RequestsTransport

    class InTime(RequestsTransport):  # type: ignore[misc]
        """The SDK's own, for the service and for logins, but that nothing goes on beyond the end of the call."""

        def send(self, request: Any, **options: Any) -> Any:
            left = seconds_left()
            if left <= 0:
                raise ServiceRequestTimeoutError(CALL_IS_OVER)
            for name, usual in (("connection_timeout", SECONDS_TO_CONNECT), ("read_timeout", SECONDS_TO_ANSWER)):
                options[name] = min(options.get(name, usual), left)
            return super().send(request, **options)

        def sleep(self, duration: float) -> None:
            super().sleep(min(duration, seconds_left()))

    return InTime(session=_session())
