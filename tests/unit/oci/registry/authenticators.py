"""Authenticators of the registry `registry.test`, credentials, and responses of token servers."""

import json
from collections.abc import Callable
from typing import Any

from notarykit.oci.registry.auth import Authenticator, Credentials
from tests.servers.registry.http_server import Reply
from tests.unit.net.server import Server

Start = Callable[..., Server]
Make = Callable[..., Authenticator]
PULL = "repository:a/b:pull"
KNOWN = Credentials("tester", "pass:word \u00fc")
IDENTITY = Credentials(identity_token="identity+/=&")


def token_response(text: Any = "t1", **more: Any) -> Reply:
    """Returns a token server's response with a token and further members."""
    return Reply(200, (("Content-Type", "application/json"),), json.dumps({"token": text, **more}).encode())


def bearer_challenge(server: Server, scope: str = "", service: str = "registry") -> str:
    """Returns a Bearer challenge that names the server as its realm."""
    return f'Bearer realm="{server.url}/token",service="{service}"' + f',scope="{scope}"' * bool(scope)
