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

from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.errors import AccessError
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.messages import Response

_LARGEST_TOKEN_ANSWER = 128 * 1024
_MOST_CHALLENGES = 16
_CLIENT_ID = "notarykit"
# What is no UTF-8 in a variable or a file goes to the registry byte by byte, as Docker sends it.
_AS_IT_CAME = "surrogateescape"
# A token that says nothing of its life is good for 60 seconds (Token Authentication Specification, `expires_in`).
_SHORTEST_LIFE = 60
_LONGEST_LIFE = 24 * 3600
_SAFETY = 10
_CHECK = "check the user name and the password, and whether they may do this"
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
        registry_token: A bearer token for the registry itself, which no token server is asked for, or an empty string.
    """

    username: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""

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
    """The challenges in a `WWW-Authenticate` header, as far as they are well formed.

    Raises:
        AccessError: There are more than anybody needs.
    """
    found: list[Challenge] = []
    position = 0
    while match := _SCHEME.match(text, position):
        if len(found) == _MOST_CHALLENGES:
            raise AccessError(f"more than {_MOST_CHALLENGES} ways to say who is asking, which nobody needs")
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
        credentials: Looks up the credentials for a repository, or for the registry alone; once for each, when they are
            first needed.
        ways_to_log_in: What a person can do for whom there are no credentials.
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
        self._found: dict[str, Credentials | None] = {}
        self._challenge: Challenge | None = None
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = threading.RLock()

    def advice(self, scope: str) -> str:
        """What a person can do who was refused: with the credentials that there are for the scope, or without any."""
        return _CHECK if self.has_credentials(scope) else self._ways_to_log_in()

    def has_credentials(self, scope: str) -> bool:
        """Whether credentials for a scope were looked up and found."""
        return self._found.get(_repository_of(scope)) is not None

    def headers(self, scope: str, budget: Budget) -> dict[str, str]:
        """What goes with a request for a scope, by what the registry asked for before; at first nothing.

        Args:
            scope: `repository:name:actions`, or an empty string.
            budget: What may be spent on asking for a token.
        """
        with self._lock:
            if self._challenge is None:
                return {}
            if self._challenge.scheme == "basic":  # another repository may want to know nobody
                return self._basic(scope) if self._known(scope) else {}
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
        try:
            challenges = {each.scheme: each for each in reversed(parse_challenges(header))}
        except AccessError as error:
            error.within(self._host)
            raise
        with self._lock:
            if "bearer" in challenges:
                self._challenge = challenges["bearer"]
                token = self._fetch_token(scope, budget, _besides(scope, self._challenge.parameters.get("scope", "")))
                return {"Authorization": f"Bearer {token}"}
            if "basic" in challenges:
                self._challenge = challenges["basic"]
                return self._basic(scope)
        raise AccessError(
            f"{self._host} asks for a kind of authentication that is not supported"
            + (f" ({', '.join(challenges)})" if challenges else ""),
            advice="basic authentication and bearer tokens are",
        )

    def _known(self, scope: str) -> Credentials | None:
        repository = _repository_of(scope)
        if repository not in self._found:
            self._found[repository] = self._look_up(f"{self._host}/{repository}" if repository else self._host)
        return self._found[repository]

    def _basic(self, scope: str) -> dict[str, str]:
        known = self._known(scope)
        if known is None or not known.username:
            raise AccessError(f"{self._host} asks for a user name and a password", advice=self._ways_to_log_in())
        return {"Authorization": _basic_value(known)}

    def _fetch_token(self, scope: str, budget: Budget, also: Sequence[str] = ()) -> str:
        """A token for exactly this scope, and for what the registry named besides."""
        assert self._challenge is not None
        realm = self._challenge.parameters.get("realm", "")
        scopes = [each for each in (scope, *also) if each]
        service = self._challenge.parameters.get("service", "")
        known = self._known(scope)
        if known is not None and known.registry_token:
            return _checked_token(known.registry_token, f"the credentials for {self._host} have a malformed token")
        if known is not None and known.identity_token:
            response = self._post(realm, service, scopes, known.identity_token, budget)
        else:
            response = self._get(realm, service, scopes, known, budget)
        if response.status != 200:  # noqa: PLR2004
            problem = "gives no token without credentials" if known is None else "does not accept the credentials"
            raise AccessError(
                f"token server of {self._host} {problem} (status {response.status})", advice=self.advice(scope)
            )
        try:
            answer = GoMembers(loads(response.body), "token answer")
            token = answer.value.get("token") or answer.value.get("access_token")
            life = answer.value.get("expires_in") or _SHORTEST_LIFE
        except DocumentError as error:
            raise AccessError(f"token server of {self._host}: {error}") from None
        token = _checked_token(token, f"token server of {self._host} gave no token")
        seconds = life if isinstance(life, int) and not isinstance(life, bool) else _SHORTEST_LIFE
        self._tokens[scope] = (token, time.monotonic() + max(0, min(seconds, _LONGEST_LIFE) - _SAFETY))
        return token

    def _get(self, realm: str, service: str, scopes: list[str], known: Credentials | None, budget: Budget) -> Response:
        query = [("service", service)] * bool(service) + [("scope", each) for each in scopes]
        headers = {"Accept": "application/json"}
        if known is not None and known.username:
            query.append(("account", known.username))
            headers["Authorization"] = _basic_value(known)
        separator = "&" if "?" in realm else "?"
        url = f"{realm}{separator}{urlencode(query, errors=_AS_IT_CAME)}" if query else realm
        return self._client.send(
            "GET", url, headers=headers, budget=budget, limit=_LARGEST_TOKEN_ANSWER, source=self._address
        )

    def _post(self, realm: str, service: str, scopes: list[str], identity_token: str, budget: Budget) -> Response:
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": _CLIENT_ID,
            "scope": " ".join(scopes),
            "refresh_token": identity_token,
        }
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form, errors=_AS_IT_CAME).encode("ascii")
        return self._client.send(
            "POST",
            realm,
            headers=headers,
            body=body,
            budget=budget,
            limit=_LARGEST_TOKEN_ANSWER,
            is_secret=True,
            source=self._address,
        )


def _repository_of(scope: str) -> str:
    """The repository's name in a scope, `repository:name:actions`, or an empty string."""
    return scope.partition(":")[2].rpartition(":")[0]


def _checked_token(token: object, otherwise: str) -> str:
    """A token, if nothing but visible characters are in it: it goes into the head of a request."""
    if not token or not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise AccessError(otherwise)
    return token


def _besides(scope: str, asked: str) -> list[str]:
    """What a registry asks for that our scope does not allow anyway."""
    resource, _, actions = scope.rpartition(":")
    own = {f"{resource}:{action}" for action in actions.split(",")}
    asked_for = [(each, *each.rpartition(":")[::2]) for each in asked.split()]
    return [each for each, name, wanted in asked_for if not {f"{name}:{one}" for one in wanted.split(",")} <= own]


def _basic_value(known: Credentials) -> str:
    pair = f"{known.username}:{known.password}".encode("utf-8", _AS_IT_CAME)
    return f"Basic {base64.b64encode(pair).decode('ascii')}"
