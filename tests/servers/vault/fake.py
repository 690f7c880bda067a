"""A Vault in this process: what stands for hvac, with one key, its versions and what a test has it answer."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from requests import Response

from notarykit.keys.local import LocalSigner
from notarykit_hashicorp_vault.session import Vault
from notarykit_hashicorp_vault.settings import Server
from tests.support.ca import TestChain

MESSAGE = b"a message"


class FakeVault:
    """Keeps one EC-256 key, and every request that it gets.

    Attributes:
        asked: The token, the path and the body of each request.
        answers: What paths answer in place of the usual, as a pattern and either an answer or an exception.
        key: The members of the key.
    """

    def __init__(self, chain: TestChain) -> None:
        """Takes the chain whose key signs, as version 1 of the key `build`."""
        self._chain = chain
        self.asked: list[tuple[str | None, str, Mapping[str, Any] | None]] = []
        self.answers: dict[str, Any] = {}
        pem = chain.leaf_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        version = {"public_key": pem.decode(), "certificate_chain": chain.chain_pem.decode()}
        self.key: dict[str, Any] = {"type": "ecdsa-p256", "latest_version": 1, "keys": {"1": version}}
        self.servers: list[Server] = []

    def connect(self, server: Server) -> Callable[[str | None], Vault]:
        """What a plugin takes in place of hvac."""
        self.servers.append(server)
        return lambda token: _Adapter(self, token)

    def answer(self, token: str | None, url: str, body: Mapping[str, Any] | None) -> Any:
        """The answer to one request."""
        path = url.removeprefix("/v1/")
        self.asked.append((token, path, body))
        for pattern, answer in self.answers.items():
            if re.fullmatch(pattern, path):
                if isinstance(answer, BaseException):
                    raise answer
                return answer(token) if callable(answer) and not isinstance(answer, Response) else answer
        if body is None:
            return {"request_id": "42", "data": self.key}
        return {"request_id": "42", "data": {"signature": self._signature()}}

    def _signature(self) -> str:
        raw, _ = LocalSigner.from_pem(self._chain.key_pem, self._chain.chain_pem).sign(MESSAGE)
        r, s = (int.from_bytes(part, "big") for part in (raw[:32], raw[32:]))
        return f"vault:v1:{base64.b64encode(encode_dss_signature(r, s)).decode()}"


class _Adapter:
    """One token's view of it."""

    def __init__(self, vault: FakeVault, token: str | None) -> None:
        self._vault = vault
        self.token = token

    def get(self, url: str) -> Any:
        return self._vault.answer(self.token, url, None)

    def post(self, url: str, *, json: Mapping[str, Any]) -> Any:
        return self._vault.answer(self.token, url, json)


def response(status: int, content: bytes, **headers: str) -> Response:
    """A response as hvac hands it on."""
    made = Response()
    made.status_code = status
    made._content = content
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made
