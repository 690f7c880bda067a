"""One server as one login sees it: requests with a token that is got when it is needed, and got again when it ends."""

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from requests.exceptions import RequestException

from notarykit.errors import NotarykitError, PluginError
from notarykit_hashicorp_vault.auth import credentials, present_token, sendable
from notarykit_hashicorp_vault.errors import Asked, is_of_token, refused, unreachable, unreadable
from notarykit_hashicorp_vault.limits import in_time
from notarykit_hashicorp_vault.response import Answer, answer_of
from notarykit_hashicorp_vault.session import Connect, Vault, connect
from notarykit_hashicorp_vault.settings import Server

_OK, _FORBIDDEN = 200, 403
_REMEMBERED = 64


class Connection:
    """Asks one server. Threads share it, its connections and its token."""

    def __init__(self, server: Server, dial: Connect | None = None) -> None:
        """Names the server; nothing is asked yet."""
        self.server = server
        self._adapter = (dial or connect)(server)
        self._lock = threading.Lock()
        self._logged_in: Vault | None = None
        self._sent = _Sent()

    def read(self, path: str, what: str) -> Answer:
        """What is at a path.

        Args:
            path: The path behind `/v1/`.
            what: What is there, for people.

        Raises:
            PluginError: It is not there, it may not be read, or the server does not answer as it must.
        """
        return self._ask(Asked(self.server, path, what, "read"))

    def write(self, path: str, what: str, body: Mapping[str, Any]) -> Answer:
        """What the server says to a body that is sent to a path; arguments and errors as in `read`."""
        return self._ask(Asked(self.server, path, what, "update"), body)

    def _ask(self, asked: Asked, body: Mapping[str, Any] | None = None) -> Answer:
        vault = self._vault()
        answer = self._send(vault, asked, body)
        if answer.status == _FORBIDDEN:
            again = self._again(vault, answer)
            if again is not vault:
                answer = self._send(again, asked, body)
        if answer.status != _OK or answer.members is None:
            raise refused(asked, answer)
        return answer

    def _again(self, vault: Vault, answer: Answer) -> Vault:
        """The adapter for another try after a 403: the token may have ended, though not every server says so."""
        try:
            return self._vault(instead_of=vault)
        except NotarykitError:
            if is_of_token(answer):
                raise
            return vault  # a secret id that was good for one login is no reason to hide what is missing

    def _vault(self, instead_of: Vault | None = None) -> Vault:
        """The adapter with the present token; of threads that come with the same one to replace, one logs in."""
        with self._lock:
            present = self._logged_in
            if present is None or present is instead_of:
                token = self._log_in()
                if present is None or present.token != token:
                    present = self._logged_in = self._adapter(token)
            return present

    def _log_in(self) -> str:
        login = self.server.login
        if login.method == "token":
            return present_token()
        asked = Asked(self.server, login.path, f"the {login.method} login", "login")
        answer = self._send(self._adapter(None), asked, credentials(login))
        auth = (answer.members or {}).get("auth")
        if answer.status != _OK or not isinstance(auth, dict):
            raise refused(asked, answer)
        token = auth.get("client_token")
        if not isinstance(token, str) or not token:
            raise PluginError(
                f"{asked.what} gave no token", advice="a second factor, if it wants one, is not supported"
            )
        return sendable(token, f"the token of {asked.what}")

    def _send(self, vault: Vault, asked: Asked, body: Mapping[str, Any] | None) -> Answer:
        url = "/v1/" + quote(asked.path)
        secrets = self._sent.with_more(_secrets(vault, body))
        try:
            found = in_time(lambda: vault.get(url) if body is None else vault.post(url, json=body))
            return answer_of(found, secrets)
        except RequestException as error:
            problem = unreachable(self.server, error)
        except OSError:  # a file for TLS that has gone meanwhile, or may not be read
            problem = unreachable(self.server, RequestException())
        except Exception:  # noqa: BLE001 - there is no end to what parsers of headers and JSON raise
            problem = unreadable(asked)
        raise problem


class _Sent:
    """What was sent and no message may show, of earlier requests too: a server may remember it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: deque[str] = deque(maxlen=_REMEMBERED)

    def with_more(self, secrets: list[str]) -> tuple[str, ...]:
        with self._lock:
            self._secrets.extend(secret for secret in secrets if secret not in self._secrets)
            return tuple(self._secrets)


def _secrets(vault: Vault, body: Mapping[str, Any] | None) -> list[str]:
    """What was sent and no message may show."""
    sent = [vault.token, *((body or {}).get(name) for name in ("secret_id", "role_id", "jwt"))]
    return [secret for secret in sent if secret]
