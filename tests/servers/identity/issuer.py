"""Issuer of identity tokens: discovery, keys, and the token endpoints of GitHub Actions and of RFC 6749."""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from tests.servers.registry.certificates import KeyPair
from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen

AUDIENCE = "notarykit.test"
SUBJECT = "repo:acme/app:ref:refs/heads/main"
LIFETIME = 600
CLIENT, CLIENT_SECRET, REQUEST_TOKEN = "builder", "s3cret/with:marks", "request-token-of-a-job"
_ANY = "application/jwk-set+json"
_JSON = (("Content-Type", "application/json"),)


class Signer:
    """Key of an issuer, which signs tokens with ES256 or RS256."""

    def __init__(self, name: str = "1", *, is_rsa: bool = False) -> None:
        """Makes the key."""
        self._name = name
        self._key: Any = rsa.generate_private_key(65537, 2048) if is_rsa else ec.generate_private_key(ec.SECP256R1())
        self._is_rsa = is_rsa

    @property
    def jwk(self) -> dict[str, str]:
        """Public key in the form of RFC 7517."""
        numbers = self._key.public_key().public_numbers()
        if self._is_rsa:
            members = {"kty": "RSA", "alg": "RS256", "n": _number(numbers.n, 256), "e": _number(numbers.e, 3)}
        else:
            members = {"kty": "EC", "alg": "ES256", "crv": "P-256", "x": _number(numbers.x), "y": _number(numbers.y)}
        return members | {"kid": self._name, "use": "sig"}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Returns a token with these claims."""
        header = {"alg": "RS256" if self._is_rsa else "ES256", "typ": "JWT", "kid": self._name}
        signed = ".".join(encode(json.dumps(each).encode()) for each in (header, claims))
        if self._is_rsa:
            signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        else:
            r, s = utils.decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return f"{signed}.{encode(signature)}"


def claims_of(issuer: str, **changes: Any) -> dict[str, Any]:
    """Returns the claims of a good token; a change to None leaves a claim out."""
    now = int(time.time())
    usual = {"iss": issuer, "sub": SUBJECT, "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + LIFETIME}
    return {name: value for name, value in (usual | changes).items() if value is not None}


class Issuer(RecordingServer):
    """The server.

    Attributes:
        signer: Its key.
        claims: Claims of the tokens that its endpoints return, besides the usual ones.
        answers: Prepared answers by path.
    """

    def __init__(self, certificate: KeyPair | None = None) -> None:
        """Makes the key; without a certificate it speaks plain HTTP."""
        super().__init__(certificate)
        self.signer = Signer()
        self.claims: dict[str, Any] = {}
        self.answers: dict[str, Reply] = {}

    def token(self, **changes: Any) -> str:
        """Returns a token with the usual claims and these changes."""
        return self.signer.sign(claims_of(self.url, **changes))

    @property
    def pages(self) -> dict[str, dict[str, Any]]:
        """What it publishes, by path."""
        members = {"issuer": self.url, "jwks_uri": f"{self.url}/keys", "token_endpoint": f"{self.url}/token"}
        supported = {
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
        }
        return {"/.well-known/openid-configuration": {**members, **supported}, "/keys": {"keys": [self.signer.jwk]}}

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Answers a request."""
        connection.reply(self.answers.get(seen.path) or self._reply(seen))

    def _reply(self, seen: Seen) -> Reply:
        if seen.path == "/keys" and "application/jwk-set+json" not in seen.headers.get("Accept", _ANY):
            return Reply(406)  # as Kubernetes answers
        if seen.path in self.pages:
            return _reply(self.pages[seen.path])
        if seen.path == "/github" and seen.authorization == f"Bearer {REQUEST_TOKEN}":
            return _reply({"count": 1, "value": self.token(aud=seen.query["audience"][0], **self.claims)})
        pair = f"{CLIENT}:s3cret%2Fwith%3Amarks".encode()
        if seen.path == "/token" and seen.authorization == f"Basic {base64.b64encode(pair).decode()}":
            token = self.token(aud=seen.form["audience"][0], **self.claims)
            return _reply({"access_token": token, "token_type": "Bearer"})
        return Reply(401 if seen.path in ("/github", "/token") else 404)


def encode(content: bytes) -> str:
    """Returns base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _number(value: int, size: int = 32) -> str:
    return encode(value.to_bytes(size, "big"))


def _reply(members: Mapping[str, Any]) -> Reply:
    return Reply(200, _JSON, json.dumps(members).encode())
