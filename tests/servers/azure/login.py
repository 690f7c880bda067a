"""Stand-in for Microsoft Entra ID: logins of a service principal and of a workload identity."""

import json
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any

from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen

HOST = "login.microsoftonline.com"


class Login:
    """Issues tokens, and knows the valid ones.

    Attributes:
        tenant: Tenant id.
        client: Client id of the service principal.
        secret: Client secret.
        assertion: Federated token of a workload identity.
        tokens: Valid tokens; cleared to revoke all.
        issued: All tokens.
        scopes: Scopes of the requested tokens.
    """

    def __init__(self) -> None:
        """Creates a tenant with one service principal."""
        self.tenant, self.client = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"
        self.secret, self.assertion = f"secret-{secrets.token_hex(8)}", f"assertion-{secrets.token_hex(8)}"
        self.tokens: set[str] = set()
        self.issued: list[str] = []
        self.scopes: list[str] = []
        self._lock = threading.Lock()

    def token(self) -> str:
        """Returns a new valid token."""
        token = f"token-{secrets.token_hex(16)}"
        with self._lock:
            self.tokens.add(token)
            self.issued.append(token)
        return token

    def answer(self, seen: Seen) -> Reply:
        """Returns the response to a request."""
        if seen.path == "/common/discovery/instance":
            return _reply(
                200, {"tenant_discovery_endpoint": self._url("v2.0/.well-known/openid-configuration"), "metadata": []}
            )
        if seen.path == f"/{self.tenant}/v2.0/.well-known/openid-configuration":
            endpoints = {"authorization": "authorize", "token": "token", "device_authorization": "devicecode"}
            document = {f"{name}_endpoint": self._url(f"oauth2/v2.0/{path}") for name, path in endpoints.items()}
            return _reply(200, {**document, "issuer": self._url("v2.0")})
        if seen.path == f"/{self.tenant}/oauth2/v2.0/token":
            return self._token(seen)
        return _reply(404, {"error": "not_found", "error_description": seen.path})

    def _url(self, path: str) -> str:
        return f"https://{HOST}/{self.tenant}/{path}"

    def _token(self, seen: Seen) -> Reply:
        form = {name: values[0] for name, values in seen.form.items()}
        proven = form.get("client_secret") == self.secret or form.get("client_assertion") == self.assertion
        if form.get("client_id") != self.client or not proven:
            text = "AADSTS7000215: Invalid client secret provided. Trace ID: 1 Correlation ID: 2"
            return _reply(401, {"error": "invalid_client", "error_description": text})
        self.scopes.append(form["scope"])
        return _reply(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": self.token()})


def _reply(status: int, content: Mapping[str, Any]) -> Reply:
    return Reply(status, (("Content-Type", "application/json"),), json.dumps(content).encode())


class ManagedIdentity(RecordingServer):
    """Managed identity endpoint, as in Azure App Service.

    Attributes:
        header: Secret header of the machine's requests.
    """

    def __init__(self, login: Login) -> None:
        """Takes the login service that issues the tokens."""
        super().__init__()
        self.header = secrets.token_hex(8)
        self._login = login

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Returns a token to requests with the header."""
        if seen.headers["X-IDENTITY-HEADER"] != self.header:
            connection.reply(_reply(401, {"statusCode": 401, "message": "no"}))
            return
        assert seen.query["resource"] == ["https://vault.azure.net"]
        expires = str(int(time.time()) + 3600)
        token = {"access_token": self._login.token(), "expires_on": expires, "token_type": "Bearer"}
        connection.reply(_reply(200, {**token, "resource": "https://vault.azure.net"}))
