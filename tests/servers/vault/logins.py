"""Credentials for logins: AppRole ids, and JSON web tokens of a test issuer."""

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notarykit.keys.local import LocalSigner
from tests.servers.vault.server import VaultServer
from tests.support.ca import TestChain, make_chain

AUDIENCE = "vault.example"


class Issuer:
    """Issuer of JSON web tokens, which Vault verifies with its public key."""

    def __init__(self) -> None:
        """Creates the key."""
        self._chain: TestChain = make_chain()

    def trust_at(self, vault: VaultServer, mount: str, role: str, policy: str) -> None:
        """Configures a mounted auth method to accept the tokens for a role with a policy."""
        key: ec.EllipticCurvePrivateKey = self._chain.leaf_key
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        vault.ask("POST", f"auth/{mount}/config", {"jwt_validation_pubkeys": [pem], "default_role": role})
        body = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": [AUDIENCE], "token_policies": [policy]}
        vault.ask("POST", f"auth/{mount}/role/{role}", body)

    def token(self, *, begins_in: int = 0, audience: str = AUDIENCE) -> str:
        """Returns a token valid for an hour."""
        now = int(time.time()) + begins_in
        claims = {"sub": "builder", "aud": audience, "iat": now, "nbf": now, "exp": now + 3600}
        signed = f"{_part({'alg': 'ES256', 'typ': 'JWT'})}.{_part(claims)}"
        signature, *_ = LocalSigner.from_pem(self._chain.key_pem, self._chain.chain_pem).sign(signed.encode())
        return f"{signed}.{_base64(signature)}"


def make_role(vault: VaultServer, name: str, policy: str, **members: Any) -> tuple[str, str]:
    """Creates an AppRole role and returns its role id and a secret id."""
    vault.ask("POST", f"auth/approle/role/{name}", {"token_policies": [policy], **members})
    role_id = vault.ask("GET", f"auth/approle/role/{name}/role-id")["data"]["role_id"]
    secret_id = vault.ask("POST", f"auth/approle/role/{name}/secret-id", {})["data"]["secret_id"]
    return role_id, secret_id


def _part(members: dict[str, Any]) -> str:
    return _base64(json.dumps(members).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
