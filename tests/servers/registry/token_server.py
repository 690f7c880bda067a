"""A server that issues bearer tokens, by the two ways that registries describe: GET with a scope, and OAuth 2."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID

from tests.servers.registry.certificates import KeyPair
from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen
from tests.servers.registry.running import CREDENTIALS, Credentials

Algorithm = Literal["HS256", "ES256"]
KeyHint = Literal["x5c", "kid"]
Members = Literal["both", "token", "access_token"]

ISSUER = "tests"
ALL_ACTIONS = ("pull", "push", "delete", "*")
DAY = timedelta(days=1)


class TokenServer(RecordingServer):
    """Issues tokens for one service; what is not fixed by the constructor may be changed while the server runs.

    Attributes:
        service: The registry that the tokens are for; a request for another one is refused.
        issuer: Who the tokens say issued them.
        algorithm: `HS256` for the registries that are Go libraries, `ES256` for docker-registry.
        secret: What the registry needs to check tokens with HS256.
        certificate_pem: What the registry needs to check tokens with ES256.
        key_hint: How a token with ES256 says which key signed it.
        credentials: Who is known by a name and a password, or by the identity token.
        allowed: What they may do; the rest of what they ask for is left out of the token without a word.
        anonymous: What everybody else may do; with None, nobody else gets a token.
        oauth2: Whether there is an answer to POST, where many token servers have none.
        identity_token: The refresh token that stands for the credentials.
        expires_in: The seconds that the answer promises, or None to promise nothing.
        lifetime: The seconds that a token really lives; docker-registry adds 60 to them.
        members: By which names the answer to GET has the token.
    """

    def __init__(
        self,
        algorithm: Algorithm = "HS256",
        *,
        service: str = "registry.tests",
        key_hint: KeyHint = "x5c",
        credentials: Credentials = CREDENTIALS,
        allowed: Collection[str] = ALL_ACTIONS,
        anonymous: Collection[str] | None = None,
        oauth2: bool = True,
        expires_in: int | None = 300,
        lifetime: int = 300,
        members: Members = "both",
        certificate: KeyPair | None = None,
    ) -> None:
        """Take the settings; a certificate makes the server speak TLS."""
        super().__init__(certificate)
        self.service = service
        self.issuer = ISSUER
        self.algorithm = algorithm
        self.key_hint = key_hint
        self.credentials = credentials
        self.allowed = allowed
        self.anonymous = anonymous
        self.oauth2 = oauth2
        self.expires_in = expires_in
        self.lifetime = lifetime
        self.members = members
        self.secret = secrets.token_hex(32)
        self.identity_token = f"identity.{secrets.token_urlsafe(24)}+/="
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = _self_signed(self._key)
        self.certificate_pem = self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def realm(self) -> str:
        """The address that tokens are asked from."""
        return f"{self.url}/token"

    def token(self, *scopes: str, lifetime: int | None = None, service: str | None = None, subject: str = "") -> str:
        """Make a token that grants scopes such as `repository:some/name:pull,push`, whoever asks."""
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": subject, "aud": service or self.service, "iat": now, "nbf": now - 1000,
            "exp": now + (self.lifetime if lifetime is None else lifetime), "jti": secrets.token_hex(8),
            "access": [_access(scope) for scope in scopes],
        }  # fmt: skip
        header: dict[str, Any] = {"typ": "JWT", "alg": self.algorithm}
        if self.algorithm == "ES256" and self.key_hint == "x5c":
            header["x5c"] = [base64.b64encode(self._certificate.public_bytes(serialization.Encoding.DER)).decode()]
        elif self.algorithm == "ES256":
            header["kid"] = _fingerprint(self._key.public_key())
        signed = f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}"
        return f"{signed}.{_encoded(self._signature(signed.encode()))}"

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Answer a request for a token."""
        if seen.path != "/token":
            connection.reply(_json(404, {"errors": [{"code": "NOT_FOUND", "message": "tokens are at /token"}]}))
        elif seen.method == "GET":
            connection.reply(self._by_query(seen))
        elif seen.method == "POST" and self.oauth2:
            connection.reply(self._by_form(seen.form))
        else:
            connection.reply(_json(405, {"errors": [{"code": "UNSUPPORTED", "message": "method not allowed"}]}))

    def _by_query(self, seen: Seen) -> Reply:
        query = seen.query
        if query.get("service") != [self.service]:
            return _json(400, {"errors": [{"code": "UNSUPPORTED", "message": "no such service"}]})
        known = seen.authorization == self.credentials.basic
        if not known and (seen.authorization is not None or self.anonymous is None):
            refusal = _json(401, {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]})
            return refusal.with_header("WWW-Authenticate", 'Basic realm="tokens"')
        scopes = [scope for value in query.get("scope", []) for scope in value.split()]
        token = self._issued(scopes, known=known)
        names = ("token", "access_token") if self.members == "both" else (self.members,)
        answer: dict[str, Any] = dict.fromkeys(names, token)
        if known and query.get("offline_token") == ["true"]:
            answer["refresh_token"] = self.identity_token
        return _json(200, answer | self._promise())

    def _by_form(self, form: Mapping[str, list[str]]) -> Reply:
        fields = {name: values[0] for name, values in form.items() if len(values) == 1}
        if len(fields) != len(form) or not fields.get("client_id") or fields.get("service") != self.service:
            return _json(400, {"error": "invalid_request"})
        grants: Mapping[str, Callable[[], bool]] = {
            "refresh_token": lambda: fields.get("refresh_token") == self.identity_token,
            "password": lambda: (fields.get("username"), fields.get("password")) == self.credentials,
        }
        grant = fields.get("grant_type", "")
        if grant not in grants:
            return _json(400, {"error": "unsupported_grant_type"})
        if not grants[grant]():
            return _json(401, {"error": "invalid_grant", "error_description": "unknown credentials"})
        scopes = fields.get("scope", "").split()
        answer: dict[str, Any] = {"access_token": self._issued(scopes, known=True), "scope": " ".join(scopes)}
        if grant == "refresh_token" or fields.get("access_type") == "offline":
            answer["refresh_token"] = self.identity_token
        return _json(200, answer | self._promise())

    def _issued(self, scopes: Collection[str], *, known: bool) -> str:
        allowed = self.allowed if known else self.anonymous or ()
        granted = []
        for scope in scopes:
            resource, _, actions = scope.rpartition(":")
            kept = [action for action in actions.split(",") if action in allowed]
            if kept:
                granted.append(f"{resource}:{','.join(kept)}")
        return self.token(*granted, subject=self.credentials.name if known else "")

    def _promise(self) -> dict[str, Any]:
        if self.expires_in is None:
            return {}
        return {"expires_in": self.expires_in, "issued_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}

    def _signature(self, signed: bytes) -> bytes:
        if self.algorithm == "HS256":
            return hmac.digest(self.secret.encode(), signed, hashlib.sha256)
        r, s = utils.decode_dss_signature(self._key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


def _access(scope: str) -> dict[str, Any]:
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    return {"type": kind, "name": name, "actions": actions.split(",")}


def _json(status: int, content: Mapping[str, Any]) -> Reply:
    return Reply(status, (("Content-Type", "application/json"),), json.dumps(content).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _fingerprint(key: ec.EllipticCurvePublicKey) -> str:
    """Name a key as docker-registry does: 240 bits of a hash in groups of four characters."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    text = base64.b32encode(hashlib.sha256(der).digest()[:30]).decode()
    return ":".join(text[start : start + 4] for start in range(0, len(text), 4))


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tokens")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - DAY, now + 30 * DAY
    )
    return builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(
        key, hashes.SHA256()
    )
