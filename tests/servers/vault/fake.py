"""Vault in this process, in place of hvac, with one key and prepared responses."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from requests import Response

from notarykit.keys.local import LocalSigner
from notarykit_hashicorp_vault.session import Adapter
from notarykit_hashicorp_vault.settings import ServerSettings
from tests.support.ca import TestChain

MESSAGE = b"a message"


class FakeVault:
    """Vault with one EC-256 key.

    Attributes:
        requests: Token, path and body of each request.
        responses: Prepared responses or exceptions by a pattern of their path.
        key: Members of the key.
        servers: Settings of each connection.
    """

    def __init__(self, chain: TestChain) -> None:
        """Takes the chain of version 1 of the key `build`."""
        self._chain = chain
        self.requests: list[tuple[str | None, str, Mapping[str, Any] | None]] = []
        self.responses: dict[str, Any] = {}
        pem = chain.leaf_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        version = {"public_key": pem.decode(), "certificate_chain": chain.chain_pem.decode()}
        self.key: dict[str, Any] = {"type": "ecdsa-p256", "latest_version": 1, "keys": {"1": version}}
        self.servers: list[ServerSettings] = []

    def connect(self, server: ServerSettings) -> Callable[[str | None], Adapter]:
        """Connects to this Vault in place of hvac."""
        self.servers.append(server)
        return lambda token: _Adapter(self, token)

    def respond(self, token: str | None, url: str, body: Mapping[str, Any] | None) -> Any:
        """Returns the response to a request."""
        path = url.removeprefix("/v1/")
        self.requests.append((token, path, body))
        for pattern, prepared in self.responses.items():
            if re.fullmatch(pattern, path):
                if isinstance(prepared, BaseException):
                    raise prepared
                return prepared(token) if callable(prepared) and not isinstance(prepared, Response) else prepared
        if body is None:
            return {"request_id": "42", "data": self.key}
        return {"request_id": "42", "data": {"signature": self._signature()}}

    def _signature(self) -> str:
        raw, *_ = LocalSigner.from_pem(self._chain.key_pem, self._chain.chain_pem).sign(MESSAGE)
        r, s = (int.from_bytes(part, "big") for part in (raw[:32], raw[32:]))
        return f"vault:v1:{base64.b64encode(encode_dss_signature(r, s)).decode()}"


class _Adapter:
    """Adapter with one token."""

    def __init__(self, vault: FakeVault, token: str | None) -> None:
        self._vault = vault
        self.token = token

    def get(self, url: str) -> Any:
        return self._vault.respond(self.token, url, None)

    def post(self, url: str, *, json: Mapping[str, Any]) -> Any:
        return self._vault.respond(self.token, url, json)


def response(status: int, content: bytes, **headers: str) -> Response:
    """Returns a response as hvac returns it."""
    prepared = Response()
    prepared.status_code = status
    prepared._content = content
    prepared.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return prepared
