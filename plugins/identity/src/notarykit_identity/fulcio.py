"""Fulcio, sigstore's certificate authority: API version 2 (fulcio.proto)."""

import base64
import json
import re
from typing import Any

from notarykit.plugin import (
    ErrorKind,
    PluginAccessDeniedError,
    PluginError,
    PluginThrottledError,
    PluginValidationError,
    PrivateKey,
    Redactor,
    ServiceClient,
    ServiceResponse,
    reject_malformed,
)
from notarykit_identity.certificate import Expected, make_request
from notarykit_identity.settings import Settings
from notarykit_identity.token import IdentityToken, shown

_SUCCESS = (200, 201)
_OK, _BAD_REQUEST = 200, 400
_MOST_ASTERISKS, _LONGEST_ISSUER, _MOST_SHOWN = 3, 300, 10
_ADDRESS_ADVICE = "check the address, that the server runs, and tls_ca"
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_REQUIREMENTS = "ask the operator of Fulcio: its certificates do not keep the Notary Project's requirements"
_IDENTITY_ADVICE = (
    "if Fulcio's configuration derives another subject from such tokens, set subject to it; otherwise do not use this "
    "server"
)

_REFUSED = ErrorKind(
    PluginAccessDeniedError, "Fulcio at {server} refused the token of {issuer} for {subject}{quotation}", "{advice}"
)
_BY_STATUS = {
    404: ErrorKind(PluginValidationError, "{server} is no Fulcio: status 404 for /api/v2", _ADDRESS_ADVICE),
    429: ErrorKind(PluginThrottledError, "Fulcio at {server} throttled the request{quotation}", "try later"),
}
_FAILED = ErrorKind(PluginError, "Fulcio at {server} failed with status {status}{quotation}", "try again later")


def request_certificate(settings: Settings, token: IdentityToken, key: PrivateKey) -> tuple[list[str], Expected]:
    """Has a certificate issued for a key and a token; arguments, result and errors as for Vault.

    Raises:
        PluginError: Fulcio refused, or its answer is malformed.
    """
    redactor = Redactor()
    redactor.remember(token.reveal())
    server = settings.server
    request = make_request(key, settings.key_spec)
    body = {
        "credentials": {"oidcIdentityToken": token.reveal()},
        "certificateSigningRequest": base64.b64encode(request.encode()).decode(),
    }
    with ServiceClient(
        server.address, ca_file=server.tls_ca, is_plain_allowed=server.is_plain_allowed, advice=_ADDRESS_ADVICE
    ) as client:
        response = client.post("/api/v2/signingCert", json.dumps(body).encode(), _HEADERS)
        if response.status not in _SUCCESS:
            raise _error(client, response, token, redactor)
    with reject_malformed(f"Fulcio at {server.address} returned no certificate"):
        members = json.loads(response.body)
        # Whether a log of certificates signed for it inside the certificate or beside it; both are for its auditors.
        held = members.get("signedCertificateEmbeddedSct") or members["signedCertificateDetachedSct"]
        pems = held["chain"]["certificates"]
        if not (isinstance(pems, list) and pems and all(isinstance(each, str) for each in pems)):
            raise TypeError
    subjects = (settings.subject,) if settings.subject else subjects_of(token)
    return pems, Expected(f"Fulcio at {server.address}", token.issuer, subjects, _REQUIREMENTS, _IDENTITY_ADVICE)


def subjects_of(token: IdentityToken) -> tuple[str, ...]:
    """Returns the subjects that Fulcio derives from a token, by the kinds of issuers that it knows (docs/oidc.md).

    Those of issuers whose subjects are templates of Fulcio's configuration are not among them.
    """
    claims = token.claims
    subjects = [token.subject]
    if isinstance(email := claims.get("email"), str) and claims.get("email_verified") in (True, "true"):
        subjects.append(email)
    if isinstance(workflow := claims.get("job_workflow_ref"), str):  # GitHub Actions
        subjects.append(f"https://github.com/{workflow}")
    if isinstance(pipeline := claims.get("ci_config_ref_uri"), str):  # GitLab CI
        subjects.append(f"https://{pipeline}")
    pod = claims.get("kubernetes.io")
    pod = pod if isinstance(pod, dict) else {}
    account = pod.get("serviceaccount")
    if isinstance(account, dict) and pod.get("namespace") and account.get("name"):
        subjects.append(f"https://kubernetes.io/namespaces/{pod['namespace']}/serviceaccounts/{account['name']}")
    return tuple(dict.fromkeys(subject for subject in subjects if subject.isprintable()))


def _error(client: ServiceClient, response: ServiceResponse, token: IdentityToken, redactor: Redactor) -> PluginError:
    message = _message(response.body, redactor)
    kind = _BY_STATUS.get(response.status, _FAILED)
    advice = ""
    if response.status in (_BAD_REQUEST, 401, 403):
        kind, advice = _REFUSED, _advice(client, token)
    return kind.to_error(
        {"status": str(response.status)},
        server=client.address,
        issuer=token.issuer,
        subject=token.subject,
        status=response.status,
        advice=advice,
        quotation=f": {message}" if message else "",
    )


def _message(body: bytes, redactor: Redactor) -> str:
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return redactor.show(message) if isinstance(message, str) else ""


def _advice(client: ServiceClient, token: IdentityToken) -> str:
    """Returns advice by what the server says that it accepts."""
    try:
        issuers = _issuers(client)
    except PluginError:
        return "get a new token, and check that Fulcio accepts its issuer"
    ours = [each for each in issuers if _is_of(each, token.issuer)]
    if not ours:
        accepted = ", ".join(
            shown(str(each.get("issuerUrl") or each.get("wildcardIssuerUrl"))) for each in issuers[:_MOST_SHOWN]
        )
        return f"use a token of an issuer that this Fulcio accepts: {accepted or 'none'}"
    audiences = {str(each.get("audience")) for each in ours}
    if not audiences & set(token.audiences):
        return (
            f"request a token for the audience that this Fulcio expects, and set audience={shown(min(audiences))[1:-1]}"
        )
    return "get a new token, and check that the issuer published its keys; the issuer and the audience are accepted"


def _issuers(client: ServiceClient) -> list[dict[str, Any]]:
    response = client.get("/api/v2/configuration", _HEADERS)
    with reject_malformed(f"{client.address} is no Fulcio"):
        if response.status != _OK:
            raise ValueError
        return [each for each in json.loads(response.body)["issuers"] if isinstance(each, dict)]


def _is_of(entry: dict[str, Any], issuer: str) -> bool:
    pattern = entry.get("wildcardIssuerUrl")
    if not isinstance(pattern, str):
        return entry.get("issuerUrl") == issuer
    # The time for a match grows with a power of the length, for each asterisk.
    is_short = pattern.count("*") <= _MOST_ASTERISKS and len(issuer) <= _LONGEST_ISSUER
    expression = "[-_a-zA-Z0-9]+".join(map(re.escape, pattern.split("*"))) if is_short else "(?!)"
    return re.fullmatch(expression, issuer) is not None
