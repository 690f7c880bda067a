"""Clients of the SDK: one session for each user, one client for each region, and a time limit for each request."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple, Protocol, TypeVar

from notarykit import plugin
from notarykit_aws_kms.errors import late, new_redactor, to_plugin_error
from notarykit_aws_kms.settings import check_transport, is_loopback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notarykit_aws_kms.key_id import KeyReference
    from notarykit_aws_kms.settings import Account

Response = TypeVar("Response")

_SECRET_HEADERS = ("X-Amz-Security-Token", "x-amz-sso_bearer_token")
_ATTEMPTS = 3
_LONG, _SHORT = 16.0, 8.0  # seconds for one attempt where there is time for several
_LONGEST_PAUSE = 7.0  # before the third attempt in botocore's standard mode, if the service asks for a pause


class Limits(NamedTuple):
    """Retries and timeouts of a client.

    Attributes:
        attempts: The greatest number of attempts.
        seconds: The time limit of one attempt.
    """

    attempts: int
    seconds: float

    @classmethod
    def within(cls, left: float) -> Limits:
        """Returns limits that end within some seconds. There are few different ones, and so few clients."""
        for seconds in (_LONG, _SHORT):
            if left >= _ATTEMPTS * seconds:
                return cls(_ATTEMPTS, seconds)
        seconds = _SHORT
        while seconds > max(left, 0.1) / 2:
            seconds /= 2
        return cls(1, seconds)  # the host may try again

    def config(self) -> Any:
        """Returns them as a `botocore.config.Config`."""
        from botocore.config import Config  # type: ignore[import-untyped]

        half, retries = self.seconds / 2, {"mode": "standard", "total_max_attempts": self.attempts}
        return Config(connect_timeout=half, read_timeout=half, retries=retries)

    def check(self) -> None:
        """Refuses to begin an attempt that could end, with a pause after it, later than the call.

        Raises:
            PluginTimeoutError: The time is over, or nearly so.
        """
        pause = _LONGEST_PAUSE if self.attempts > 1 else 0.0
        if plugin.seconds_left() < self.seconds + pause:
            raise plugin.PluginTimeoutError("AWS KMS did not answer in time", advice="try again, or allow more time")


class KMS(Protocol):
    """The part of the client of AWS KMS that is used, with the parameters and responses of its API."""

    def get_public_key(self, **parameters: Any) -> Mapping[str, Any]:
        """Returns a key's ARN, usage, spec and public key."""

    def sign(self, **parameters: Any) -> Mapping[str, Any]:
        """Signs a digest."""

    def describe_key(self, **parameters: Any) -> Mapping[str, Any]:
        """Returns the metadata of a key that has no public key."""


class Clients:
    """Clients of the service, each made once. Safe for threads, as clients are."""

    def __init__(self, session: Any = None, connect: Callable[[Account, Limits], KMS] | None = None) -> None:
        """Sets how clients are made.

        Args:
            session: A `boto3.session.Session` to make them with; by default one for each profile is made.
            connect: Makes the client of an account, in place of the SDK.
        """
        self._session = session
        self._connect = connect
        self._lock = threading.Lock()
        self._users: dict[str | None, _User] = {}

    def call(self, reference: KeyReference, request: Callable[[KMS], Response]) -> Response:
        """Sends a request about a key.

        Args:
            reference: The key.
            request: Sends the request by a client, and returns the response.

        Raises:
            PluginError: It was refused, or there is no response within `plugin.seconds_left()`.
        """
        import boto3.session  # type: ignore[import-untyped] # noqa: F401 - brings the loggers

        user = self._user(reference.account.profile)

        def send() -> Response:
            with plugin.suppress_logs("boto3", "botocore", "urllib3"):
                return request(user.client(reference.account))

        try:
            return plugin.call_with_timeout(send)
        except plugin.PluginError:
            raise
        except plugin.CallTimeoutError:
            failure, is_over = late(reference), True
        except Exception as error:  # noqa: BLE001 - botocore raises much besides its own errors
            failure = to_plugin_error(error, reference, user.redactor)
            is_over = isinstance(failure, plugin.PluginAccessDeniedError)
        if is_over:
            self._forget(user)  # the next request logs in anew, and waits for nothing of this one
        raise failure  # out here, so that no exception of the SDK hangs on it: theirs can quote a session token

    def _user(self, profile: str | None) -> _User:
        if profile is not None and self._session is not None:
            raise plugin.PluginValidationError(
                f"plugin configuration has profile {profile!r}, but the program signs with a session of its own",
                advice="remove profile, or make the session with it",
            )
        with self._lock:
            return self._users.setdefault(profile, _User(profile, self._session, self._connect))

    def _forget(self, user: _User) -> None:
        with self._lock:
            self._users = {profile: other for profile, other in self._users.items() if other is not user}
        user.release()


class _User:
    """Session of a profile, and the clients that were made with it.

    Making one may log in, and take long: that blocks no other user, and is forgotten when it does not end.
    """

    def __init__(self, profile: str | None, session: Any, connect: Callable[[Account, Limits], KMS] | None) -> None:
        self.redactor = new_redactor()
        self._profile = profile
        self._session = session
        self._is_watched = False
        self._connect = connect or self._connect_by_sdk
        self._lock = threading.Lock()
        self._clients: dict[tuple[Account, Limits], KMS] = {}

    def client(self, account: Account) -> KMS:
        """Returns the client for an account and the time that is left."""
        key = (account, Limits.within(plugin.seconds_left()))
        with self._lock:
            client = self._clients.get(key)
            if client is None:
                client = self._clients[key] = self._connect(*key)
            return client

    def release(self) -> None:
        """Takes the hook off the session, which may be the program's own and outlive this user."""
        if self._is_watched:
            self._session.events.unregister("before-send", self._remember)

    def _connect_by_sdk(self, account: Account, limits: Limits) -> KMS:
        from botocore.config import Config

        from notarykit_aws_kms.session import EnvironmentSession

        if self._session is None:
            self._session = EnvironmentSession(self._profile, account.region)
        if not self._is_watched:
            self._session.events.register("before-send", self._remember)  # for the services that log in, too
            self._is_watched = True
        config = limits.config()
        if isinstance(self._session, EnvironmentSession):
            self._session.set_defaults(config)  # for them, too
        if is_loopback(account.endpoint or ""):
            config = config.merge(Config(proxies={}))  # no other machine sees a request without TLS
        client = self._session.client("kms", region_name=account.region, endpoint_url=account.endpoint, config=config)
        check_transport(client.meta.endpoint_url)  # $AWS_ENDPOINT_URL or the profile may have named it
        client.meta.events.register("before-send.kms", lambda **_: limits.check())
        return client  # type: ignore[no-any-return]

    def _remember(self, request: Any, **_: Any) -> None:
        """Remembers the session token of a request before it is sent."""
        for name in _SECRET_HEADERS:
            secret = request.headers.get(name)
            self.redactor.remember(secret.decode("latin-1") if isinstance(secret, bytes) else secret)
