"""Retry policy and transport of the SDK's pipelines, bounded by the time left of the call."""

from __future__ import annotations

from typing import Any

from notarykit.plugin import limit_body, seconds_left
from notarykit_azure_keyvault.errors import CALL_TIMED_OUT, TOO_LARGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azure.core.pipeline.policies import RetryPolicy
    from azure.core.pipeline.transport import HttpTransport
    from requests import PreparedRequest, Response, Session

CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0


def new_retry_policy() -> RetryPolicy[Any, Any]:
    """Returns the SDK's retry policy, without pauses beyond the end of the call."""
    from azure.core.pipeline.policies import RetryPolicy

    class BoundedRetryPolicy(RetryPolicy[Any, Any]):
        """The SDK would sleep for any `Retry-After`."""

        def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
            try:
                pause = self.get_retry_after(response) or 0
            except (ValueError, OverflowError):  # neither seconds nor a date
                return False
            return pause < seconds_left() and super().is_retry(settings, response)

    return BoundedRetryPolicy()


def new_transport() -> HttpTransport[Any, Any]:
    """Returns the SDK's transport, for vaults and logins, whose requests end with the call."""
    from azure.core.exceptions import ServiceRequestTimeoutError
    from azure.core.pipeline.transport import RequestsTransport

    class BoundedTransport(RequestsTransport):  # type: ignore[misc]
        """Timeouts of the SDK are per read, and its pauses have no limit."""

        def send(self, request: Any, **options: Any) -> Any:
            left = seconds_left()
            if left <= 0:
                raise ServiceRequestTimeoutError(CALL_TIMED_OUT)
            for name, usual in (("connection_timeout", CONNECT_SECONDS), ("read_timeout", READ_SECONDS)):
                options[name] = min(options.get(name, usual), left)
            return super().send(request, **options)

        def sleep(self, duration: float) -> None:
            super().sleep(min(duration, seconds_left()))

    return BoundedTransport(session=_new_session())


def _new_session() -> Session:
    from requests import Session

    session = Session()
    session.auth = _without_netrc
    session.hooks["response"].append(_limit)
    return session


def _limit(response: Response, **_: Any) -> None:
    """Limits the body, in a hook that runs before it is read."""
    from requests.exceptions import ReadTimeout, RequestException

    limit_body(response, on_excess=lambda: RequestException(TOO_LARGE), on_timeout=lambda: ReadTimeout(CALL_TIMED_OUT))


def _without_netrc(request: PreparedRequest) -> PreparedRequest:
    """Returns the request as it is; without an `auth`, requests replaces the token by a password of ~/.netrc."""
    return request
