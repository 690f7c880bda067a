"""How a registry is told who is asking: basic, bearer tokens, and identity tokens.

RFC 9110, section 11; distribution's "Token Authentication Specification" and "OAuth2 Token Authentication".
Credentials go to the host that they are for, and to the token server that this host names over TLS.
"""

import base64
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from notarykit.errors import AccessError
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.strict_json import DocumentError, GoMembers, loads

_LARGEST_TOKEN_ANSWER = 128 * 1024
_CLIENT_ID = "notarykit"
# What is no UTF-8 in a variable or a file goes to the registry byte by byte, as Docker sends it.
_AS_IT_CAME = "surrogateescape"
# A token that says nothing of its life is good for 60 seconds (Token Authentication Specification, `expires_in`).
_SHORTEST_LIFE = 60
_LONGEST_LIFE = 24 * 3600
_SAFETY = 10
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# A scheme may stand alone, or have one value without a name in place of parameters.
_SCHEME = re.compile(rf"[\s,]*({_WORD})(?=[\s,]|$)(?:\s+[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$)))?\s*")
_PARAMETER = re.compile(rf'\s*({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD}))\s*(?:,|$)')


class Credentials(NamedTuple):
    """Who is asking.

    Attributes:
        username: The user's name, or an empty string.
        password: The password, or an empty string.
        identity_token: A refresh token that stands in place of both, or an empty string.
    """

    username: str = ""
    password: str = ""
    identity_token: str = ""

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, and secrets that are not shown)"


class Challenge(NamedTuple):
    """What a registry asks for.

    Attributes:
        scheme: `basic` or `bearer`.
        parameters: The challenge's parameters, names in lower case.
    """

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(text: str) -> list[Challenge]:
    """The challenges in a `WWW-Authenticate` header, as far as they are well formed."""
    found: list[Challenge] = []
    position = 0
    while match := _SCHEME.match(text, position):
        position = match.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(text, position):
            quoted, plain = parameter[2], parameter[3]
            parameters[parameter[1].lower()] = re.sub(r"\\(.)", r"\1", quoted) if plain is None else plain
            position = parameter.end()
        found.append(Challenge(match[1].lower(), parameters))
    return found


class Authenticator:
    """Answers one registry's challenges. Tokens are kept for the process and renewed before they expire.

    Args:
        host: The registry's host, for messages.
        address: Its address, from which it leads to its token server.
        client: Sends the requests for tokens.
        credentials: Looks the credentials up, once, when they are first needed.
    """

    def __init__(
        self, host: str, address: str, client: HttpClient, credentials: Callable[[], Credentials | None]
    ) -> None:
        self._host = host
        self._address = address
        self._client = client
        self._look_up = credentials
        self._credentials: Credentials | None = None
        self._is_looked_up = False
        self._challenge: Challenge | None = None
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = threading.RLock()

    @property
    def has_credentials(self) -> bool:
        """Whether credentials were looked up and found."""
        return self._credentials is not None

    def headers(self, scope: str, budget: Budget) -> dict[str, str]:
        """What goes with a request for a scope, by what the registry asked for before; at first nothing.

        Args:
            scope: `repository:name:actions`, or an empty string.
            budget: What may be spent on asking for a token.
        """
        with self._lock:
            if self._challenge is None:
                return {}
            if self._challenge.scheme == "basic":
                return self._basic()
            token, expires = self._tokens.get(scope, ("", 0.0))
            if time.monotonic() >= expires:
                token = self._fetch_token(scope, budget)
            return {"Authorization": f"Bearer {token}"}

    def answer(self, header: str, scope: str, budget: Budget) -> dict[str, str]:
        """What goes with the second try, after the registry refused the first.

        Args:
            header: The `WWW-Authenticate` header.
            scope: The scope of the request; what the challenge asks for besides is added.
            budget: What may be spent on asking for a token.

        Raises:
            AccessError: The registry asks for something that cannot be given.
        """
        challenges = {each.scheme: each for each in reversed(parse_challenges(header))}
        with self._lock:
            if "bearer" in challenges:
                self._challenge = challenges["bearer"]
                token = self._fetch_token(scope, budget, _besides(scope, self._challenge.parameters.get("scope", "")))
                return {"Authorization": f"Bearer {token}"}
            if "basic" in challenges:
                self._challenge = challenges["basic"]
                return self._basic()
        raise AccessError(
            f"{self._host} asks for a kind of authentication that is not supported", advice="see 'notarykit login'"
        )

    def _known(self) -> Credentials | None:
        if not self._is_looked_up:
            self._credentials, self._is_looked_up = self._look_up(), True
        return self._credentials

    def _basic(self) -> dict[str, str]:
        known = self._known()
        if known is None or not known.username:
            raise AccessError(
                f"{self._host} asks for a user name and a password", advice=f"run 'notarykit login {self._host}'"
            )
        return {"Authorization": _basic_value(known)}

    def _fetch_token(self, scope: str, budget: Budget, also: Sequence[str] = ()) -> str:
        """A token for exactly this scope, and for what the registry named besides."""
        assert self._challenge is not None
        realm = self._challenge.parameters.get("realm", "")
        scopes = [each for each in (scope, *also) if each]
        service = self._challenge.parameters.get("service", "")
        known = self._known()
        if known is not None and known.identity_token:
            response_body = self._post(realm, service, scopes, known.identity_token, budget)
        else:
            response_body = self._get(realm, service, scopes, known, budget)
        try:
            answer = GoMembers(loads(response_body), "token answer")
            token = answer.value.get("token") or answer.value.get("access_token")
            life = answer.value.get("expires_in") or _SHORTEST_LIFE
        except DocumentError as error:
            raise AccessError(f"token server of {self._host}: {error}") from None
        if not token or not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise AccessError(f"token server of {self._host} gave no token")
        seconds = life if isinstance(life, int) and not isinstance(life, bool) else _SHORTEST_LIFE
        self._tokens[scope] = (token, time.monotonic() + max(0, min(seconds, _LONGEST_LIFE) - _SAFETY))
        return token

    def _get(self, realm: str, service: str, scopes: list[str], known: Credentials | None, budget: Budget) -> bytes:
        query = [("service", service)] * bool(service) + [("scope", each) for each in scopes]
        headers = {"Accept": "application/json"}
        if known is not None and known.username:
            query.append(("account", known.username))
            headers["Authorization"] = _basic_value(known)
        separator = "&" if "?" in realm else "?"
        url = f"{realm}{separator}{urlencode(query, errors=_AS_IT_CAME)}" if query else realm
        response = self._client.send(
            "GET", url, headers=headers, budget=budget, limit=_LARGEST_TOKEN_ANSWER, source=self._address
        )
        return self._checked(response.status, response.body, is_known=known is not None)

    def _post(self, realm: str, service: str, scopes: list[str], identity_token: str, budget: Budget) -> bytes:
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": _CLIENT_ID,
            "scope": " ".join(scopes),
            "refresh_token": identity_token,
        }
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form, errors=_AS_IT_CAME).encode("ascii")
        response = self._client.send(
            "POST",
            realm,
            headers=headers,
            body=body,
            budget=budget,
            limit=_LARGEST_TOKEN_ANSWER,
            is_secret=True,
            source=self._address,
        )
        return self._checked(response.status, response.body, is_known=True)

    def _checked(self, status: int, body: bytes, *, is_known: bool) -> bytes:
        if status == 200:  # noqa: PLR2004
            return body
        problem = "does not accept the credentials" if is_known else "gives no token without credentials"
        raise AccessError(
            f"token server of {self._host} {problem} (status {status})", advice=f"run 'notarykit login {self._host}'"
        )


def _besides(scope: str, asked: str) -> list[str]:
    """What a registry asks for that our scope does not allow anyway."""
    resource, _, actions = scope.rpartition(":")
    own = {f"{resource}:{action}" for action in actions.split(",")}
    asked_for = [(each, *each.rpartition(":")[::2]) for each in asked.split()]
    return [each for each, name, wanted in asked_for if not {f"{name}:{one}" for one in wanted.split(",")} <= own]


def _basic_value(known: Credentials) -> str:
    pair = f"{known.username}:{known.password}".encode("utf-8", _AS_IT_CAME)
    return f"Basic {base64.b64encode(pair).decode('ascii')}"
