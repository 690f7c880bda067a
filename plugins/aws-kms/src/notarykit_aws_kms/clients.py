"""The SDK: one session for each user, one client for each region, and a limit of time for all that it does."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, NamedTuple, Protocol, TypeVar

from notarykit import plugin
from notarykit.plugin.service.logging import unheard
from notarykit.plugin.service.timeout import OutOfTimeError, in_time
from notarykit_aws_kms.addresses import check_private, is_loopback
from notarykit_aws_kms.failures import late, translated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notarykit_aws_kms.addresses import Account, Address

Answer = TypeVar("Answer")

_SECRET_HEADERS = ("X-Amz-Security-Token", "x-amz-sso_bearer_token")
_REMEMBERED = 16
_ATTEMPTS = 3
_LONG, _SHORT = 16.0, 8.0  # seconds for one attempt where there is time for several
_LONGEST_PAUSE = 7.0  # before the third attempt in botocore's standard mode, where the service asks to wait


class Limits(NamedTuple):
    """How long a client tries.

    Attributes:
        attempts: How often at most.
        seconds: How long one attempt may take.
    """

    attempts: int
    seconds: float

    @classmethod
    def within(cls, left: float) -> Limits:
        """Limits that end in the time that is left. There are few different ones, and so few clients."""
        for seconds in (_LONG, _SHORT):
            if left >= _ATTEMPTS * seconds:
                return cls(_ATTEMPTS, seconds)
        seconds = _SHORT
        while seconds > max(left, 0.1) / 2:
            seconds /= 2
        return cls(1, seconds)  # whoever asks may try again

    def config(self) -> Any:
        """The SDK's settings."""
        from botocore.config import Config  # type: ignore[import-untyped]

        half, retries = self.seconds / 2, {"mode": "standard", "total_max_attempts": self.attempts}
        return Config(connect_timeout=half, read_timeout=half, retries=retries)

    def check(self) -> None:
        """Refuses to begin an attempt that could end, with a pause after it, later than the caller waits.

        Raises:
            PluginTimeoutError: The time is over, or nearly so.
        """
        pause = _LONGEST_PAUSE if self.attempts > 1 else 0.0
        if plugin.seconds_left() < self.seconds + pause:
            raise plugin.PluginTimeoutError("AWS KMS did not answer in time", advice="try again, or allow more time")


class KMS(Protocol):
    """All of AWS KMS that is used, with the parameters and the answers of its API."""

    def get_public_key(self, **parameters: Any) -> Mapping[str, Any]:
        """A key's ARN, kind and public key."""

    def sign(self, **parameters: Any) -> Mapping[str, Any]:
        """A signature over a digest."""

    def describe_key(self, **parameters: Any) -> Mapping[str, Any]:
        """The kind of a key that has no public key."""


class Clients:
    """Clients of the service, each made once. Safe for threads, as clients are."""

    def __init__(self, connect: Callable[[Account, Limits], KMS] | None = None) -> None:
        """Takes what makes a client for an account; by default it is botocore."""
        self._connect = connect
        self._lock = threading.Lock()
        self._users: dict[str | None, _User] = {}

    def ask(self, address: Address, request: Callable[[KMS], Answer]) -> Answer:
        """The service's answer to a request about a key.

        Args:
            address: The key.
            request: Sends the request by a client.

        Raises:
            PluginError: It was refused, or there is no answer within `plugin.seconds_left()`.
        """
        import botocore.session  # type: ignore[import-untyped] # noqa: F401 - brings the loggers

        user = self._user(address.account.profile)

        def ask() -> Answer:
            with unheard("botocore", "urllib3"):
                return request(user.client(address.account))

        try:
            return in_time(ask)
        except plugin.PluginError:
            raise
        except OutOfTimeError:
            failure, is_over = late(address), True
        except Exception as error:  # noqa: BLE001 - botocore raises much besides its own errors
            failure = translated(error, address, user.secrets())
            is_over = isinstance(failure, plugin.PluginAccessDeniedError)
        if is_over:
            self._forget(user)  # whoever logs in again is asked for as who they are then, and nobody waits for this
        raise failure  # out here, so that no exception of the SDK hangs on it: theirs can quote a session token

    def _user(self, profile: str | None) -> _User:
        with self._lock:
            return self._users.setdefault(profile, _User(profile, self._connect))

    def _forget(self, user: _User) -> None:
        with self._lock:
            self._users = {profile: each for profile, each in self._users.items() if each is not user}


class _User:
    """Who a profile logs in as: one session, and the clients that have been made with it.

    Making one may log in, and take long; that holds up nobody but the same user, and is forgotten when it does not end.
    """

    def __init__(self, profile: str | None, connect: Callable[[Account, Limits], KMS] | None) -> None:
        self._profile = profile
        self._connect = connect or self._connect_by_sdk
        self._lock = threading.Lock()
        self._clients: dict[tuple[Account, Limits], KMS] = {}
        self._session: Any = None
        self._sent: deque[str] = deque(maxlen=_REMEMBERED)

    def client(self, account: Account) -> KMS:
        """The client for an account and the time that is left."""
        where = (account, Limits.within(plugin.seconds_left()))
        with self._lock:
            found = self._clients.get(where)
            if found is None:
                found = self._clients[where] = self._connect(*where)
            return found

    def secrets(self) -> tuple[str, ...]:
        """What was sent and no message may show."""
        return tuple(self._sent.copy())

    def _connect_by_sdk(self, account: Account, limits: Limits) -> KMS:
        from botocore.config import Config

        from notarykit_aws_kms.environment import session

        if self._session is None:
            self._session = session(self._profile, account.region)
            self._session.register("before-send", self._note)  # for the services that log in, too
        self._session.set_default_client_config(limits.config())  # for them, too
        own = Config(proxies={}) if is_loopback(account.endpoint or "") else None  # nobody else hears of it
        client = self._session.create_client(
            "kms", region_name=account.region, endpoint_url=account.endpoint, config=own
        )
        check_private(client.meta.endpoint_url)  # $AWS_ENDPOINT_URL or the profile may have named it
        client.meta.events.register("before-send.kms", lambda **_: limits.check())
        return client  # type: ignore[no-any-return]

    def _note(self, request: Any, **_: Any) -> None:
        for name in _SECRET_HEADERS:
            value = request.headers.get(name)
            value = value.decode("latin-1") if isinstance(value, bytes) else value
            if value and value not in self._sent.copy():
                self._sent.append(value)
