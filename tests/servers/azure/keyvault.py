"""A stand-in for Azure Key Vault: its REST API over TLS, with real keys, the challenge, permissions and states.

It is our own reading of what Azure publishes; no vault of Azure's was at hand. What `api` does not know fails the test.
"""

import base64
import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from tests.servers.azure import api
from tests.servers.azure.login import Login
from tests.servers.registry.certificates import KeyPair
from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen
from tests.support.ca import AnyPrivateKey, TestChain, pem_of

PEM, PKCS12 = "application/x-pem-file", "application/x-pkcs12"
PERMISSIONS = frozenset(operation.permission for operation in api.OPERATIONS.values())
PAGE = 2

_HASHES: Mapping[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES = {256: "P-256", 384: "P-384", 521: "P-521"}

Fault = Callable[[Connection], None]
"""Answers a request in the server's place."""


@dataclass
class Stored:
    """One version of a key, and of the certificate and the secret of the same name.

    Attributes:
        number: The version.
        key: The private key; what is none that cryptography has, such as `oct`, has only a type.
        type: The key's type, `kty`.
        operations: What the key may be used for.
        attributes: What is not the usual of its attributes.
        chain: The certificate and those above it, if there is one.
        exportable: Whether the secret has the private key.
        content_type: The secret's form.
        curve: The curve's name where that is not the key's own.
        secret: What is in the secret in place of the certificates.
    """

    number: str
    key: AnyPrivateKey
    type: str
    operations: tuple[str, ...] = ("sign", "verify")
    attributes: dict[str, Any] = field(default_factory=dict)
    chain: tuple[bytes, ...] = ()
    exportable: bool = False
    content_type: str = PEM
    curve: str = ""
    secret: str = ""


class RefusedError(Exception):
    """The vault's own refusal."""

    def __init__(self, status: int, code: str, inner: str = "", message: str = "the reason\r\nCaller: appid=1") -> None:
        """Take the status, the code, the code inside it and the text."""
        super().__init__(code)
        self.status = status
        error: dict[str, Any] = {"code": code, "message": message}
        self.content = {"error": {**error, "innererror": {"code": inner}} if inner else error}


class KeyVault(RecordingServer):
    """All vaults and the login of the tests; they share what they have.

    Attributes:
        login: The login, which knows the tokens.
        permissions: What users may do.
        problems: What was asked or answered that the API does not have.
        faults: By a part of a path, what answers the next requests to it in the vault's place.
        resource: What the challenge asks a token for, where that is not the host's own domain.
        change: Changes every answer that is a success.
        answers_with_present: Whether every version that is asked for is taken for the present one.
    """

    def __init__(self, certificate: KeyPair) -> None:
        """Choose the certificate."""
        super().__init__(certificate)
        self.login = Login()
        self.permissions = set(PERMISSIONS)
        self.problems: list[str] = []
        self.faults: dict[str, list[Fault]] = {}
        self.resource = ""
        self.change: Callable[[dict[str, Any]], object] = bool
        self.answers_with_present = False
        self._objects: dict[str, list[Stored]] = {}
        self._pending: dict[str, Stored] = {}
        self._deleted: set[str] = set()
        self._numbers = itertools.count(1)

    # What a test prepares

    def add_key(self, name: str, key: AnyPrivateKey, type_: str = "", **more: Any) -> str:
        """Give a key a new version, and return the version; see `Stored` for what it takes."""
        stored = Stored(f"{next(self._numbers):032x}", key, type_ or _type(key), **more)
        self._objects.setdefault(name, []).append(stored)
        return stored.number

    def add_certificate(self, name: str, chain: TestChain, **more: Any) -> str:
        """Give a certificate, its key and its secret a new version, and return the version."""
        return self.add_key(name, chain.leaf_key, chain=chain.ders, **more)

    def request_certificate(self, name: str, key: AnyPrivateKey) -> None:
        """Begin a certificate whose issuer is Unknown."""
        self._pending[name] = Stored(f"{next(self._numbers):032x}", key, _type(key))

    def delete(self, name: str) -> None:
        """Delete an object, which can still be recovered."""
        self._deleted.add(name)

    def set_state(self, name: str, **attributes: Any) -> None:
        """Change attributes of the present version."""
        self._objects[name][-1].attributes.update(attributes)

    def versions(self, name: str) -> list[str]:
        """The versions of an object, the oldest first."""
        return [stored.number for stored in self._objects[name]]

    def fault(self, part: str, *faults: Fault) -> None:
        """Have the next requests to paths with this part in them answered so, once the user is known."""
        self.faults.setdefault(part, []).extend(faults)

    def asked(self) -> list[str]:
        """The operations that were asked for with a token, in order."""
        return [api.call_of(seen.method, seen.target).id for seen in self.seen if _is_vault(seen) and _token(seen)]

    # Answers

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Answer one request to whichever host it is for."""
        if not _is_vault(seen):
            if not self._failed(seen, connection):
                connection.reply(self.login.answer(seen))
            return
        try:
            call = api.call_of(seen.method, seen.target)
            if _token(seen) not in self.login.tokens:
                self._challenge(seen, connection)
                return
            if self._failed(seen, connection):
                return
            status, content = self._answered(call, seen)
        except api.NotInApiError as problem:
            self.problems.append(str(problem))
            connection.reply(_reply(400, RefusedError(400, "BadParameter", message=str(problem)).content))
            return
        connection.reply(_reply(status, content))

    def _failed(self, seen: Seen, connection: Connection) -> bool:
        """Whether a fault has answered a request."""
        faults = next((faults for part, faults in self.faults.items() if part in seen.path and faults), None)
        if faults is None:
            return False
        faults.pop(0)(connection)
        return True

    def _challenge(self, seen: Seen, connection: Connection) -> None:
        resource = self.resource or f"https://{seen.headers['Host'].partition('.')[2]}"
        challenge = (
            f'Bearer authorization="https://login.microsoftonline.com/{self.login.tenant}", resource="{resource}"'
        )
        error = RefusedError(401, "Unauthorized", message="AKV10000: Request is missing a Bearer or PoP token.")
        reply = _reply(401, error.content)
        connection.reply(reply.with_header("WWW-Authenticate", challenge))

    def _answered(self, call: api.Call, seen: Seen) -> tuple[int, Mapping[str, Any]]:
        body = json.loads(seen.body) if seen.body else None
        api.check_body(call, body)
        try:
            if call.operation.permission not in self.permissions:
                raise RefusedError(
                    403, "Forbidden", "ForbiddenByPolicy", f"no {call.operation.permission}\r\nCaller: x"
                )
            content = getattr(self, f"_{call.id}")(call, body, f"https://{seen.headers['Host']}")
        except RefusedError as refused:
            api.check_answer("KeyVaultError", refused.content)
            return refused.status, refused.content
        api.check_answer(call.operation.answer, content)
        self.change(content)
        return call.operation.status, content

    def _stored(self, call: api.Call, kind: str) -> Stored:
        """The version that is asked for, if it is there and enabled."""
        if call.name in self._deleted:
            raise RefusedError(409, "Conflict", "ObjectIsDeletedButRecoverable")
        found = self._objects.get(call.name, [])
        if kind != "Key":
            found = [stored for stored in found if stored.chain]
        if call.version and not self.answers_with_present:
            found = [stored for stored in found if stored.number == call.version]
        if not found:
            raise RefusedError(404, f"{kind}NotFound")
        if found[-1].attributes.get("enabled") is False and kind != "Certificate":
            raise RefusedError(
                403, "Forbidden", f"{kind}Disabled", "Operation get is not allowed on a disabled object."
            )
        return found[-1]

    def _GetKey(self, call: api.Call, _: None, host: str) -> dict[str, Any]:  # noqa: N802
        stored = self._stored(call, "Key")
        return {"key": _jwk(stored, f"{host}/keys/{call.name}/{stored.number}"), "attributes": _attributes(stored)}

    def _GetKeyVersions(self, call: api.Call, _: None, host: str) -> dict[str, Any]:  # noqa: N802
        found, start = self._objects[call.name], int(call.query.get("$skiptoken", "0"))
        items = [
            {"kid": f"{host}/keys/{call.name}/{stored.number}", "attributes": _attributes(stored)}
            for stored in found[start : start + PAGE]
        ]
        more = start + PAGE < len(found)
        link = f"{host}/keys/{call.name}/versions?api-version={api.VERSION}&$skiptoken={start + PAGE}&maxresults=25"
        return {"value": items, "nextLink": link if more else None}

    def _Sign(self, call: api.Call, body: Mapping[str, str], host: str) -> dict[str, Any]:  # noqa: N802
        stored = self._stored(call, "Key")
        if "sign" not in stored.operations:
            raise RefusedError(403, "Forbidden", "KeyOperationForbidden")
        digest = base64.urlsafe_b64decode(body["value"] + "==")
        if len(digest) != _HASHES[body["alg"][2:]].digest_size:
            raise RefusedError(400, "BadParameter", message="Invalid length of value")
        signature = _sign(stored.key, body["alg"], digest)
        return {"kid": f"{host}/keys/{call.name}/{stored.number}", "value": _url64(signature)}

    def _GetCertificate(self, call: api.Call, _: None, host: str) -> dict[str, Any]:  # noqa: N802
        return self._certificate(call.name, self._stored(call, "Certificate"), host)

    def _certificate(self, name: str, stored: Stored, host: str) -> dict[str, Any]:
        return {
            "id": f"{host}/certificates/{name}/{stored.number}",
            "kid": f"{host}/keys/{name}/{stored.number}",
            "sid": f"{host}/secrets/{name}/{stored.number}",
            "cer": base64.b64encode(stored.chain[0]).decode(),
            "attributes": _attributes(stored),
            "policy": {"key_props": {"exportable": stored.exportable, "kty": stored.type}},
        }

    def _GetSecret(self, call: api.Call, _: None, host: str) -> dict[str, Any]:  # noqa: N802
        stored = self._stored(call, "Secret")
        return {
            "id": f"{host}/secrets/{call.name}/{stored.number}",
            "kid": f"{host}/keys/{call.name}/{stored.number}",
            "contentType": stored.content_type,
            "managed": True,
            "attributes": _attributes(stored),
            "value": stored.secret or _secret(stored),
        }

    def _GetCertificateOperation(self, call: api.Call, _: None, host: str) -> dict[str, Any]:  # noqa: N802
        if call.name not in self._pending:
            raise RefusedError(404, "PendingCertificateNotFound")
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pending")])
        request = x509.CertificateSigningRequestBuilder(subject).sign(self._pending[call.name].key, hashes.SHA256())
        return {
            "id": f"{host}/certificates/{call.name}/pending",
            "issuer": {"name": "Unknown"},
            "csr": base64.b64encode(request.public_bytes(serialization.Encoding.DER)).decode(),
            "status": "inProgress",
        }

    def _MergeCertificate(self, call: api.Call, body: Mapping[str, Any], host: str) -> dict[str, Any]:  # noqa: N802
        if call.name not in self._pending:
            raise RefusedError(404, "PendingCertificateNotFound")
        chain = tuple(base64.b64decode(each, validate=True) for each in body["x5c"])
        stored = self._pending.pop(call.name)
        if x509.load_der_x509_certificate(chain[0]).public_key() != stored.key.public_key():
            raise RefusedError(400, "BadParameter", message="The public key does not match.")
        stored.chain = chain
        self._objects.setdefault(call.name, []).append(stored)
        return self._certificate(call.name, stored, host)


def _type(key: AnyPrivateKey) -> str:
    return "RSA" if isinstance(key, RSAPrivateKey) else "EC"


def _is_vault(seen: Seen) -> bool:
    return not seen.headers["Host"].startswith("login.")


def _token(seen: Seen) -> str:
    return (seen.authorization or "").removeprefix("Bearer ")


def _reply(status: int, content: Mapping[str, Any]) -> Reply:
    headers = (("Content-Type", "application/json; charset=utf-8"), ("x-ms-request-id", "request-1"))
    return Reply(status, headers, json.dumps(content).encode())


def refused(status: int, code: str, inner: str = "", message: str = "the reason", **headers: str) -> Fault:
    """A fault: a refusal."""
    reply = _reply(status, RefusedError(status, code, inner, message).content)
    for name, value in headers.items():
        reply = reply.with_header(name.replace("_", "-"), value)
    return lambda connection: connection.reply(reply)


def cut(connection: Connection) -> None:
    """A fault: the connection is reset."""
    connection.cut(reset=True)


def page(connection: Connection) -> None:
    """A fault: a proxy's page in place of an answer."""
    connection.reply(Reply(200, (("Content-Type", "text/html"),), b"<html>Sign in to the network</html>"))


def _attributes(stored: Stored) -> dict[str, Any]:
    created = int(stored.number, 16) + int(time.time()) - 1000
    return {"enabled": True, "created": created, "updated": created, "recoveryLevel": "Recoverable"} | stored.attributes


def _jwk(stored: Stored, name: str) -> dict[str, Any]:
    usual = {"kid": name, "kty": stored.type, "key_ops": list(stored.operations)}
    if stored.key is None:
        return usual
    numbers = stored.key.public_key().public_numbers()
    if isinstance(stored.key, RSAPrivateKey):
        return usual | {"n": _url64(numbers.n.to_bytes(stored.key.key_size // 8, "big")), "e": "AQAB"}
    size = (stored.key.key_size + 7) // 8
    point = {"x": _url64(numbers.x.to_bytes(size, "big")), "y": _url64(numbers.y.to_bytes(size, "big"))}
    return usual | point | {"crv": stored.curve or _CURVES[stored.key.key_size]}


def _sign(key: AnyPrivateKey, algorithm: str, digest: bytes) -> bytes:
    hashed = _HASHES[algorithm[2:]]
    signature: bytes
    if algorithm.startswith("PS"):
        signature = key.sign(digest, padding.PSS(padding.MGF1(hashed), hashed.digest_size), utils.Prehashed(hashed))
        return signature
    r, s = utils.decode_dss_signature(key.sign(digest, ec.ECDSA(utils.Prehashed(hashed))))
    size = (key.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _secret(stored: Stored) -> str:
    """The private key, if it is exportable, and the certificates, in the secret's form."""
    certificates = [x509.load_der_x509_certificate(der) for der in stored.chain]
    key = stored.key if stored.exportable else None
    if stored.content_type == PKCS12:
        leaf, others = (certificates[0], certificates[1:]) if key else (None, certificates)
        store = serialize_key_and_certificates(None, key, leaf, others, serialization.NoEncryption())
        return base64.b64encode(store).decode()
    pems = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)
    return ((pem_of(key) if key else b"") + pems).decode()


def _url64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
