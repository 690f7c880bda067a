"""Stand-in for Azure Key Vault: its REST API over TLS, with real keys, challenges, permissions and attributes.

Written from Azure's published API definitions; no real vault was available. Anything outside `api` fails the test.
"""

import base64
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.servers.azure import api
from tests.servers.azure.login import Login
from tests.servers.azure.responses import ErrorResponseError, Fault, json_reply
from tests.servers.azure.stored import Stored, base64url, digest_size_of, type_of
from tests.servers.registry.certificates import KeyPair
from tests.servers.registry.http_server import Connection, RecordingServer, Seen
from tests.support.ca import AnyPrivateKey, TestChain

PERMISSIONS = frozenset(operation.permission for operation in api.OPERATIONS.values())
PAGE_SIZE = 2


class KeyVault(RecordingServer):
    """All vaults of a test, which share their objects, and the login service.

    Attributes:
        login: The login service.
        permissions: Permissions of every identity.
        problems: Requests and responses outside the API.
        faults: Faults for the next requests, by a part of their path.
        resource: Resource of the challenge, if it is not the host's own domain.
        change: Changes every successful response.
        ignores_versions: True to answer every version with the current one.
    """

    def __init__(self, certificate: KeyPair) -> None:
        """Takes the TLS certificate."""
        super().__init__(certificate)
        self.login = Login()
        self.permissions = set(PERMISSIONS)
        self.problems: list[str] = []
        self.faults: dict[str, list[Fault]] = {}
        self.resource = ""
        self.change: Callable[[dict[str, Any]], object] = bool
        self.ignores_versions = False
        self._objects: dict[str, list[Stored]] = {}
        self._pending: dict[str, Stored] = {}
        self._deleted: set[str] = set()
        self._numbers = itertools.count(1)

    # Setup

    def add_key(self, name: str, key: AnyPrivateKey, type_: str = "", **more: Any) -> str:
        """Adds a version to a key and returns its number; see `Stored` for the parameters."""
        stored = Stored(f"{next(self._numbers):032x}", key, type_ or type_of(key), **more)
        self._objects.setdefault(name, []).append(stored)
        return stored.number

    def add_certificate(self, name: str, chain: TestChain, **more: Any) -> str:
        """Adds a version to a certificate, its key and its secret, and returns its number."""
        return self.add_key(name, chain.leaf_key, chain=chain.ders, **more)

    def request_certificate(self, name: str, key: AnyPrivateKey) -> None:
        """Creates a pending certificate, as with the issuer Unknown."""
        self._pending[name] = Stored(f"{next(self._numbers):032x}", key, type_of(key))

    def delete(self, name: str) -> None:
        """Deletes an object, which can be recovered."""
        self._deleted.add(name)

    def set_attributes(self, name: str, **attributes: Any) -> None:
        """Changes attributes of the current version."""
        self._objects[name][-1].attributes.update(attributes)

    def versions(self, name: str) -> list[str]:
        """Returns the version numbers of an object, oldest first."""
        return [stored.number for stored in self._objects[name]]

    def fault(self, part: str, *faults: Fault) -> None:
        """Answers the next authenticated requests whose path contains a part with faults."""
        self.faults.setdefault(part, []).extend(faults)

    def operations(self) -> list[str]:
        """Returns the operation ids of all authenticated requests, in order."""
        return [api.call_of(seen.method, seen.target).id for seen in self.seen if _is_vault(seen) and _token(seen)]

    # Responses

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Answers one request, to a vault or the login service."""
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
            connection.reply(json_reply(400, ErrorResponseError(400, "BadParameter", message=str(problem)).content))
            return
        connection.reply(json_reply(status, content))

    def _failed(self, seen: Seen, connection: Connection) -> bool:
        """Answers a request with a fault, if there is one for it."""
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
        error = ErrorResponseError(401, "Unauthorized", message="AKV10000: Request is missing a Bearer or PoP token.")
        reply = json_reply(401, error.content)
        connection.reply(reply.with_header("WWW-Authenticate", challenge))

    def _answered(self, call: api.Call, seen: Seen) -> tuple[int, Mapping[str, Any]]:
        body = json.loads(seen.body) if seen.body else None
        api.check_body(call, body)
        try:
            if call.operation.permission not in self.permissions:
                raise ErrorResponseError(
                    403, "Forbidden", "ForbiddenByPolicy", f"no {call.operation.permission}\r\nCaller: x"
                )
            content = getattr(self, f"_{call.id}")(call, body, f"https://{seen.headers['Host']}")
        except ErrorResponseError as refused:
            api.check_response("KeyVaultError", refused.content)
            return refused.status, refused.content
        api.check_response(call.operation.response, content)
        self.change(content)
        return call.operation.status, content

    def _stored(self, call: api.Call, kind: str) -> Stored:
        """Returns the requested version, if it exists and is enabled."""
        if call.name in self._deleted:
            raise ErrorResponseError(409, "Conflict", "ObjectIsDeletedButRecoverable")
        versions = self._objects.get(call.name, [])
        if kind != "Key":
            versions = [stored for stored in versions if stored.chain]
        if call.version and not self.ignores_versions:
            versions = [stored for stored in versions if stored.number == call.version]
        if not versions:
            raise ErrorResponseError(404, f"{kind}NotFound")
        if versions[-1].attributes.get("enabled") is False and kind != "Certificate":
            raise ErrorResponseError(
                403, "Forbidden", f"{kind}Disabled", "Operation get is not allowed on a disabled object."
            )
        return versions[-1]

    def _GetKey(self, call: api.Call, _: None, host: str) -> dict[str, Any]:  # noqa: N802
        stored = self._stored(call, "Key")
        return {"key": stored.jwk(f"{host}/keys/{call.name}/{stored.number}"), "attributes": stored.all_attributes()}

    def _GetKeyVersions(self, call: api.Call, _: None, host: str) -> dict[str, Any]:  # noqa: N802
        versions, start = self._objects[call.name], int(call.query.get("$skiptoken", "0"))
        items = [
            {"kid": f"{host}/keys/{call.name}/{stored.number}", "attributes": stored.all_attributes()}
            for stored in versions[start : start + PAGE_SIZE]
        ]
        has_more = start + PAGE_SIZE < len(versions)
        link = (
            f"{host}/keys/{call.name}/versions?api-version={api.VERSION}&$skiptoken={start + PAGE_SIZE}&maxresults=25"
        )
        return {"value": items, "nextLink": link if has_more else None}

    def _Sign(self, call: api.Call, body: Mapping[str, str], host: str) -> dict[str, Any]:  # noqa: N802
        stored = self._stored(call, "Key")
        if "sign" not in stored.operations:
            raise ErrorResponseError(403, "Forbidden", "KeyOperationForbidden")
        digest = base64.urlsafe_b64decode(body["value"] + "==")
        if len(digest) != digest_size_of(body["alg"]):
            raise ErrorResponseError(400, "BadParameter", message="Invalid length of value")
        signature = stored.sign(body["alg"], digest)
        return {"kid": f"{host}/keys/{call.name}/{stored.number}", "value": base64url(signature)}

    def _GetCertificate(self, call: api.Call, _: None, host: str) -> dict[str, Any]:  # noqa: N802
        return self._certificate(call.name, self._stored(call, "Certificate"), host)

    def _certificate(self, name: str, stored: Stored, host: str) -> dict[str, Any]:
        return {
            "id": f"{host}/certificates/{name}/{stored.number}",
            "kid": f"{host}/keys/{name}/{stored.number}",
            "sid": f"{host}/secrets/{name}/{stored.number}",
            "cer": base64.b64encode(stored.chain[0]).decode(),
            "attributes": stored.all_attributes(),
            "policy": {"key_props": {"exportable": stored.exportable, "kty": stored.type}},
        }

    def _GetSecret(self, call: api.Call, _: None, host: str) -> dict[str, Any]:  # noqa: N802
        stored = self._stored(call, "Secret")
        return {
            "id": f"{host}/secrets/{call.name}/{stored.number}",
            "kid": f"{host}/keys/{call.name}/{stored.number}",
            "contentType": stored.content_type,
            "managed": True,
            "attributes": stored.all_attributes(),
            "value": stored.secret_value(),
        }

    def _GetCertificateOperation(self, call: api.Call, _: None, host: str) -> dict[str, Any]:  # noqa: N802
        if call.name not in self._pending:
            raise ErrorResponseError(404, "PendingCertificateNotFound")
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
            raise ErrorResponseError(404, "PendingCertificateNotFound")
        chain = tuple(base64.b64decode(text, validate=True) for text in body["x5c"])
        stored = self._pending.pop(call.name)
        if x509.load_der_x509_certificate(chain[0]).public_key() != stored.key.public_key():
            raise ErrorResponseError(400, "BadParameter", message="The public key does not match.")
        stored.chain = chain
        self._objects.setdefault(call.name, []).append(stored)
        return self._certificate(call.name, stored, host)


def _is_vault(seen: Seen) -> bool:
    return not seen.headers["Host"].startswith("login.")


def _token(seen: Seen) -> str:
    return (seen.authorization or "").removeprefix("Bearer ")
