"""Registry authentication: basic, bearer tokens, identity tokens.

RFC 9110, section 11; distribution's "Token Authentication Specification" and "OAuth2 Token Authentication".
Credentials are sent to their host, and to the token server that this host names over TLS.
"""

import base64
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlencode

from notarykit._internal.pickling import check_local
from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.errors import AccessError
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.messages import Request, Response
from notarykit.oci.registry.challenges import Challenge, further_scopes, parse_challenges

_MAX_TOKEN_RESPONSE = 128 * 1024
_CLIENT_ID = "notarykit"
# Bytes of a variable or file that are not UTF-8 are sent unchanged, as Docker does.
_UNCHANGED = "surrogateescape"
# The lifetime of a token without `expires_in` is 60 seconds (Token Authentication Specification).
_DEFAULT_LIFE = 60
_LONGEST_LIFE = 24 * 3600
_SAFETY = 10
_CHECK = "check the user name and the password, and whether they may do this"


class Credentials(NamedTuple):
    """Credentials for a registry.

    Attributes:
        username: The user name, or an empty string.
        password: The password, or an empty string.
        identity_token: A refresh token that replaces both, or an empty string.
        registry_token: A bearer token for the registry itself, used without a token server, or an empty string.
    """

    username: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""

    def __reduce__(self) -> tuple[object, ...]:
        """Supports pickling for worker processes of this machine alone.

        Raises:
            UsageError: The pickle may leave this machine.
        """
        check_local("credentials for registries")
        return Credentials, tuple(self)

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, and secrets that are not shown)"


class Authenticator:
    """Authentication with one registry, thread-safe. Tokens are cached and renewed before they expire.

    Credentials that are refused in the middle of the work may have been replaced: they are looked up again, once for
    all threads and repositories.

    Args:
        host: The registry's host, for messages.
        address: The registry's URL, the source of its token server's URL.
        client: Sends the token requests.
        credentials: Looks up the credentials for a repository or for the registry, on first use.
        ways_to_log_in: Returns the advice where there are no credentials.
    """

    def __init__(
        self,
        host: str,
        address: str,
        client: HttpClient,
        credentials: Callable[[str], Credentials | None],
        ways_to_log_in: Callable[[], str],
    ) -> None:
        self._host = host
        self._address = address
        self._client = client
        self._look_up = credentials
        self._ways_to_log_in = ways_to_log_in
        self._credentials: dict[str, Credentials | None] = {}
        self._accepted: set[Credentials] = set()
        self._renewed: dict[Credentials, Credentials | None] = {}
        self._challenge: Challenge | None = None
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = threading.RLock()
        self._scope_locks: dict[str, threading.RLock] = {}

    def advice(self, scope: str) -> str:
        """Returns the advice after a denial, with or without credentials for the scope."""
        return _CHECK if self.has_credentials(scope) else self._ways_to_log_in()

    def has_credentials(self, scope: str) -> bool:
        """Returns True if credentials for a scope were looked up and found."""
        return self._credentials.get(_repository_of(scope)) is not None

    def headers(self, scope: str, budget: Budget) -> dict[str, str]:
        """Returns the header fields for a scope by the registry's last challenge; none before the first.

        Args:
            scope: `repository:name:actions`, or an empty string.
            budget: The budget for a token request.
        """
        if self._challenge is None:
            return {}
        if self._challenge.scheme == "basic":  # another repository may allow anonymous access
            return self._basic(scope) if self._credentials_for(scope) else {}
        token = self._present_token(scope)
        if not token:
            with self._lock_of(scope):
                token = self._present_token(scope) or self._fetch_token(scope, budget)
        return _bearer(token)

    def respond(
        self, header: str, scope: str, budget: Budget, refused: Mapping[str, str] = MappingProxyType({})
    ) -> dict[str, str]:
        """Returns the header fields for a second attempt, after a challenge.

        Args:
            header: The `WWW-Authenticate` header.
            scope: The scope of the request, extended by that of the challenge.
            budget: The budget for a token request.
            refused: The header fields of the first attempt.

        Raises:
            AccessError: No challenge can be met.
        """
        try:
            challenges = {challenge.scheme: challenge for challenge in reversed(parse_challenges(header))}
        except AccessError as error:
            raise error.within(self._host) from error
        if "bearer" in challenges:
            self._challenge = challenges["bearer"]
            with self._lock_of(scope):
                return self._new_token(scope, budget, refused)
        if "basic" in challenges:
            self._challenge = challenges["basic"]
            credentials = self._credentials_for(scope)
            if self._basic(scope) == refused:
                self._renew_credentials(scope, credentials)
            return self._basic(scope)
        raise AccessError(
            f"{self._host} requires an unsupported authentication scheme"
            + (f" ({', '.join(challenges)})" if challenges else ""),
            advice="basic authentication and bearer tokens are supported",
        )

    def _lock_of(self, scope: str) -> threading.RLock:
        """Returns the lock for the tokens of a scope: those of others do not wait for its token server."""
        with self._lock:
            return self._scope_locks.setdefault(scope, threading.RLock())

    def _credentials_for(self, scope: str) -> Credentials | None:
        repository = _repository_of(scope)
        with self._lock:
            if repository not in self._credentials:
                place = f"{self._host}/{repository}" if repository else self._host
                self._credentials[repository] = self._look_up(place)
            return self._credentials[repository]

    def _renew_credentials(self, scope: str, refused: Credentials | None) -> bool:
        """Replaces refused credentials by those of a second look-up; True if there are others now."""
        if refused is None:
            return False
        repository = _repository_of(scope)
        with self._lock:
            if self._credentials_for(scope) == refused:
                if refused not in self._renewed:
                    del self._credentials[repository]
                    self._renewed[refused] = self._credentials_for(scope)
                self._credentials[repository] = self._renewed[refused]
            return self._credentials[repository] != refused

    def _basic(self, scope: str) -> dict[str, str]:
        credentials = self._credentials_for(scope)
        if credentials is None or not credentials.username:
            raise AccessError(f"{self._host} requires a user name and a password", advice=self._ways_to_log_in())
        return {"Authorization": _basic_value(credentials)}

    def _present_token(self, scope: str) -> str:
        """Returns the token for a scope, or an empty string where there is none or it has expired."""
        token, expires = self._tokens.get(scope, ("", 0.0))
        return token if time.monotonic() < expires else ""

    def _new_token(self, scope: str, budget: Budget, refused: Mapping[str, str]) -> dict[str, str]:
        """Returns the header fields with a new token, unless another thread has had one since the refused one."""
        assert self._challenge is not None
        if (token := self._present_token(scope)) and _bearer(token) != refused:
            return _bearer(token)
        further = further_scopes(scope, self._challenge.parameters.get("scope", ""))
        credentials = self._credentials_for(scope)
        headers = _bearer(self._fetch_token(scope, budget, further))
        if headers == refused and self._renew_credentials(scope, credentials):  # a registry token
            headers = _bearer(self._fetch_token(scope, budget, further))
        return headers

    def _fetch_token(self, scope: str, budget: Budget, further: Sequence[str] = ()) -> str:
        """Requests a token for exactly this scope, and for further scopes of the challenge."""
        assert self._challenge is not None
        realm = self._challenge.parameters.get("realm", "")
        scopes = [item for item in (scope, *further) if item]
        service = self._challenge.parameters.get("service", "")
        credentials = self._credentials_for(scope)
        if credentials is not None and credentials.registry_token:
            return _check_token(credentials.registry_token, f"the credentials for {self._host} have a malformed token")
        if credentials is not None and credentials.identity_token:
            response = self._post(realm, service, scopes, credentials.identity_token, budget)
        else:
            response = self._get(realm, service, scopes, credentials, budget)
        if response.status != 200:  # noqa: PLR2004
            if credentials in self._accepted and self._renew_credentials(scope, credentials):
                return self._fetch_token(scope, budget, further)
            is_anonymous = credentials is None
            problem = "requires credentials" if is_anonymous else "does not accept the credentials"
            raise AccessError(
                f"token server of {self._host} {problem} (status {response.status})", advice=self.advice(scope)
            )
        try:
            members = GoMembers(loads(response.body), "token response").value
            token = members.get("token") or members.get("access_token")
            life = members.get("expires_in") or _DEFAULT_LIFE
        except DocumentError as error:
            raise AccessError(f"token server of {self._host}: {error}") from None
        token = _check_token(token, f"token server of {self._host} returned no valid token")
        if credentials is not None:
            self._accepted.add(credentials)
        seconds = life if isinstance(life, int) and not isinstance(life, bool) else _DEFAULT_LIFE
        self._tokens[scope] = (token, time.monotonic() + max(0, min(seconds, _LONGEST_LIFE) - _SAFETY))
        return token

    def _get(
        self, realm: str, service: str, scopes: list[str], credentials: Credentials | None, budget: Budget
    ) -> Response:
        query = [("service", service)] * bool(service) + [("scope", item) for item in scopes]
        headers = {"Accept": "application/json"}
        if credentials is not None and credentials.username:
            query.append(("account", credentials.username))
            headers["Authorization"] = _basic_value(credentials)
        separator = "&" if "?" in realm else "?"
        url = f"{realm}{separator}{urlencode(query, errors=_UNCHANGED)}" if query else realm
        return self._client.send(Request("GET", url, budget, _MAX_TOKEN_RESPONSE, headers, source=self._address))

    def _post(self, realm: str, service: str, scopes: list[str], identity_token: str, budget: Budget) -> Response:
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": _CLIENT_ID,
            "scope": " ".join(scopes),
            "refresh_token": identity_token,
        }
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form, errors=_UNCHANGED).encode("ascii")
        request = Request("POST", realm, budget, _MAX_TOKEN_RESPONSE, headers, body, source=self._address)
        return self._client.send(request._replace(is_confidential=True))


def _repository_of(scope: str) -> str:
    """Returns the repository's name in a scope, `repository:name:actions`, or an empty string for any other scope."""
    kind, _, rest = scope.partition(":")
    return rest.rpartition(":")[0] if kind == "repository" else ""


def _check_token(token: object, error: str) -> str:
    """Returns a token of printable ASCII, which is safe in a header field, or raises with the given text."""
    if not token or not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise AccessError(error)
    return token


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _basic_value(credentials: Credentials) -> str:
    pair = f"{credentials.username}:{credentials.password}".encode("utf-8", _UNCHANGED)
    return f"Basic {base64.b64encode(pair).decode('ascii')}"
