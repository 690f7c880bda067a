"""Operations of Key Vault's REST API that the stand-in supports, and checks of requests and responses against them.

A table written by hand. Its paths, queries, members and version are those of the OpenAPI files that Azure publishes for
the data plane: {Keys,Certificates,Secrets}/stable/2025-07-01 under specification/keyvault/data-plane in the repository
Azure/azure-rest-api-specs.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

VERSION = "2025-07-01"
SIGNATURES = ("PS256", "PS384", "PS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "ES256K")

_NAME, _NUMBER = r"(?P<name>[0-9A-Za-z-]{1,127})", r"(?P<version>[0-9a-f]{32})?"


class Operation(NamedTuple):
    """Operation.

    Attributes:
        method: HTTP method.
        path: Path, with the groups `name` and `version`.
        permission: Required permission.
        status: Status of success.
        response: Type of the response.
        query: Query parameters besides the API version.
        body: Members of the request; required ones end with an exclamation mark.
    """

    method: str
    path: re.Pattern[str]
    permission: str
    status: int
    response: str
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()


OPERATIONS = {
    "GetKey": Operation("GET", re.compile(f"/keys/{_NAME}/{_NUMBER}"), "keys/get", 200, "KeyBundle"),
    "GetKeyVersions": Operation(
        "GET", re.compile(f"/keys/{_NAME}/versions"), "keys/list", 200, "KeyListResult", ("maxresults", "$skiptoken")
    ),
    "Sign": Operation(
        "POST", re.compile(f"/keys/{_NAME}/{_NUMBER}/sign"), "keys/sign", 200, "KeyOperationResult",
        body=("alg!", "value!"),
    ),
    "GetCertificate": Operation(
        "GET", re.compile(f"/certificates/{_NAME}/{_NUMBER}"), "certificates/get", 200, "CertificateBundle"
    ),
    "GetCertificateOperation": Operation(
        "GET", re.compile(f"/certificates/{_NAME}/pending"), "certificates/get", 200, "CertificateOperation"
    ),
    "MergeCertificate": Operation(
        "POST", re.compile(f"/certificates/{_NAME}/pending/merge"), "certificates/create", 201, "CertificateBundle",
        body=("x5c!", "attributes", "tags"),
    ),
    "GetSecret": Operation(
        "GET", re.compile(f"/secrets/{_NAME}/{_NUMBER}"), "secrets/get", 200, "SecretBundle", ("outContentType",)
    ),
}  # fmt: skip
"""Operations by operationId. A path comes before longer ones that begin with it."""

_ATTRIBUTES = {"enabled", "nbf", "exp", "created", "updated", "recoverableDays", "recoveryLevel"}
_MEMBERS: Mapping[str, set[str]] = {
    "KeyBundle": {"key", "attributes", "tags", "managed", "release_policy"},
    "KeyListResult": {"value", "nextLink"},
    "KeyItem": {"kid", "attributes", "tags", "managed"},
    "JsonWebKey": {"kid", "kty", "key_ops", "n", "e", "crv", "x", "y"},  # the public ones
    "KeyOperationResult": {"kid", "value", "iv", "tag", "aad"},
    "CertificateBundle": {
        "id", "kid", "sid", "x5t", "policy", "cer", "contentType", "attributes", "tags", "preserveCertOrder",
    },
    "CertificateOperation": {
        "id", "issuer", "csr", "cancellation_requested", "status", "status_details", "error", "target",
        "preserveCertOrder", "request_id",
    },
    "SecretBundle": {"value", "id", "contentType", "attributes", "tags", "kid", "managed", "previousVersion"},
    "KeyVaultError": {"error"},
    "Error": {"code", "message", "innererror"},
}  # fmt: skip
_INSIDE = {"key": "JsonWebKey", "error": "Error", "innererror": "Error"}


class Call(NamedTuple):
    """Request in the API.

    Attributes:
        id: operationId.
        operation: Operation.
        name: Name of the object.
        version: Version, or an empty string.
        query: First value of each parameter.
    """

    id: str
    operation: Operation
    name: str
    version: str
    query: Mapping[str, str]


class NotInApiError(Exception):
    """The request or response is not in the API."""


def call_of(method: str, target: str) -> Call:
    """Returns the operation of a request.

    Raises:
        NotInApiError: There is none, or the query is malformed.
    """
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    for id_, operation in OPERATIONS.items():
        match = operation.path.fullmatch(parts.path)
        if match is None or operation.method != method:
            continue
        if query.pop("api-version", None) != VERSION:
            raise NotInApiError(f"{target}: not api-version {VERSION}")
        if unknown := set(query) - set(operation.query):
            raise NotInApiError(f"{target}: unknown query {unknown}")
        groups = match.groupdict()
        return Call(id_, operation, groups["name"], groups.get("version") or "", query)
    raise NotInApiError(f"{method} {target}: no such operation")


def check_body(call: Call, body: Any) -> None:
    """Checks the body of a request.

    Raises:
        NotInApiError: A member is missing, unknown or malformed.
    """
    must = {name.rstrip("!") for name in call.operation.body if name.endswith("!")}
    may = {name.rstrip("!") for name in call.operation.body}
    members = set(body) if isinstance(body, dict) else None
    if members is None if may else body is not None:
        raise NotInApiError(f"{call.id}: no body, or one too many")
    if members is not None and not must <= members <= may:
        raise NotInApiError(f"{call.id}: a body of {sorted(members)}")
    if call.id == "Sign" and (body["alg"] not in SIGNATURES or not re.fullmatch("[0-9A-Za-z_-]+", body["value"])):
        raise NotInApiError(f"{call.id}: {body}")
    if call.id == "MergeCertificate" and not _is_texts(body["x5c"]):
        raise NotInApiError(f"{call.id}: x5c is not a list of texts")


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def check_response(kind: str, content: Mapping[str, Any]) -> None:
    """Checks a response of the stand-in.

    Raises:
        NotInApiError: A member is unknown.
    """
    if unknown := set(content) - _MEMBERS[kind]:
        raise NotInApiError(f"{kind} with {unknown}")
    if unknown := set(content.get("attributes", {})) - _ATTRIBUTES:
        raise NotInApiError(f"attributes with {unknown}")
    for name, inside in _INSIDE.items():
        if isinstance(content.get(name), dict):
            check_response(inside, content[name])
    items: Sequence[Mapping[str, Any]] = content["value"] if kind == "KeyListResult" else ()
    for item in items:
        check_response("KeyItem", item)
