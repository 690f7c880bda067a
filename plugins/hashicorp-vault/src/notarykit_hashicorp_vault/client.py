"""Client of one server for one auth method: logs in when needed, and again when the token ends."""

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from requests.exceptions import RequestException, Timeout

from notarykit.errors import NotarykitError
from notarykit.plugin import PluginError, Redactor, call_with_timeout
from notarykit_hashicorp_vault.auth import check_secret, find_token, read_credentials
from notarykit_hashicorp_vault.errors import (
    Request,
    error_for_exception,
    error_for_malformed,
    error_for_response,
    is_token_error,
)
from notarykit_hashicorp_vault.response import TOKEN_PATTERN, Response, parse_response
from notarykit_hashicorp_vault.session import Adapter, Connect, connect
from notarykit_hashicorp_vault.settings import ServerSettings

_OK, _FORBIDDEN = 200, 403
_SECRETS = ("secret_id", "role_id", "jwt")


class VaultClient:
    """Client of one server. Threads share it, its connections and its token."""

    def __init__(self, server: ServerSettings, connect_to: Connect | None = None) -> None:
        """Creates the client; no request is sent.

        Args:
            server: Settings of the server.
            connect_to: Factory for connections; defaults to hvac.
        """
        self.server = server
        self._new_adapter = (connect_to or connect)(server)
        self._lock = threading.Lock()
        self._authenticated: Adapter | None = None
        self._redactor = Redactor(TOKEN_PATTERN)

    def read(self, path: str, subject: str) -> Response:
        """Reads a path.

        Args:
            path: API path behind `/v1/`.
            subject: Name of the object at the path, for messages.

        Raises:
            PluginError: The request failed, or the response is not Vault's.
        """
        return self._request(Request(self.server, path, subject, "read"))

    def write(self, path: str, subject: str, body: Mapping[str, Any]) -> Response:
        """Writes a body to a path; arguments and errors as in `read`."""
        return self._request(Request(self.server, path, subject, "update"), body)

    def _request(self, request: Request, body: Mapping[str, Any] | None = None) -> Response:
        adapter = self._authenticate()
        response = self._send(adapter, request, body)
        if response.status == _FORBIDDEN:
            renewed = self._renew(adapter, response)
            if renewed is not adapter:
                response = self._send(renewed, request, body)
        if response.status != _OK or response.members is None:
            raise error_for_response(request, response)
        return response

    def _renew(self, adapter: Adapter, response: Response) -> Adapter:
        """Logs in again after a 403, which may mean an expired token: older servers do not say so."""
        try:
            return self._authenticate(expired=adapter)
        except NotarykitError:
            if is_token_error(response):
                raise
            return adapter  # a secret id for a single login must not hide the missing permission

    def _authenticate(self, expired: Adapter | None = None) -> Adapter:
        """Returns the adapter with the current token; one of the threads with an expired one logs in for all."""
        with self._lock:
            current = self._authenticated
            if current is None or current is expired:
                token = self._log_in()
                if current is None or current.token != token:
                    current = self._authenticated = self._new_adapter(token)
            return current

    def _log_in(self) -> str:
        method = self.server.auth
        if method.name == "token":
            return find_token()
        request = Request(self.server, method.login_path, f"the {method.name} login", "login")
        response = self._send(self._new_adapter(None), request, read_credentials(method))
        auth = (response.members or {}).get("auth")
        if response.status != _OK or not isinstance(auth, dict):
            raise error_for_response(request, response)
        token = auth.get("client_token")
        if not isinstance(token, str) or not token:
            raise PluginError(
                f"{request.subject} returned no token", advice="multi-factor authentication is not supported"
            )
        return check_secret(token, f"the token of {request.subject}")

    def _send(self, adapter: Adapter, request: Request, body: Mapping[str, Any] | None) -> Response:
        url = "/v1/" + quote(request.path)
        self._redactor.remember(adapter.token, *((body or {}).get(name) for name in _SECRETS))
        try:
            result = call_with_timeout(
                lambda: adapter.get(url) if body is None else adapter.post(url, json=body), on_timeout=Timeout
            )
            return parse_response(result, self._redactor)
        except RequestException as exception:
            error = error_for_exception(self.server, exception)
        except OSError:  # a TLS file that was removed or may not be read
            error = error_for_exception(self.server, RequestException())
        except Exception:  # noqa: BLE001 - parsers of headers and JSON raise many kinds
            error = error_for_malformed(request)
        raise error  # outside of the handlers: their exceptions, which quote the request, are not its context
