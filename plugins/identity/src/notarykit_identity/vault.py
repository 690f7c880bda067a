"""Vault: login with the token (JWT auth method), and a certificate by a role of the PKI secrets engine.

Vault API, "JWT/OIDC auth method", Login, and "PKI secrets engine", Sign certificate.
"""

import json
import re
from collections.abc import Mapping
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
from notarykit_identity.identities import Identity
from notarykit_identity.settings import Settings
from notarykit_identity.token import IdentityToken

_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404
# What is no part of a URI before the fragment, or ends the issuer in a trust policy.
_NOT_IN_URI = re.compile(r"[^!-~]|[#,]")
_TOKENS = r"\b(?:hv[a-z]|[sbr])\.[\w-]{16,}(?:\.[\w-]+)?"
_ADDRESS_ADVICE = "check the address ($VAULT_ADDR or address=), that the server runs, and tls_ca"

ROLE_ADVICE = (
    "the PKI role needs key_usage=DigitalSignature, server_flag=false, client_flag=false, email_protection_flag=false "
    "and code_signing_flag=true, and key_type=any or that of key_spec"
)
"""What a role must have, so that its certificates keep the Notary Project's requirements."""

IDENTITY_ADVICE = (
    "the PKI role needs allowed_uri_sans_template=true with "
    "allowed_uri_sans=ISSUER#{{identity.entity.aliases.ACCESSOR.name}}, use_csr_sans=true, and user_claim=sub in the "
    "role of the auth method"
)
"""What a role must have, so that its certificates name the identity and no other one."""

_LOGIN_DENIED = ErrorKind(
    PluginAccessDeniedError,
    "Vault at {server} refused the token of {issuer} for {subject}{quotation}",
    "check auth_role and auth_mount, and the role's bound_audiences, bound_subject and bound_claims",
)
_SIGN_DENIED = ErrorKind(
    PluginAccessDeniedError,
    "the login's token lacks the capability update on {path}{quotation}",
    'the login role\'s policy needs: path "{path}" {{ capabilities = ["update"] }}',
)
_SIGN_REFUSED = ErrorKind(
    PluginValidationError,
    "Vault refused to issue a certificate by the role {role}{quotation}",
    "{advice}",
)
_NO_ENGINE = ErrorKind(
    PluginValidationError,
    "{server} has nothing at {path}{quotation}",
    "check the mount and the role in the key id, auth_mount, and the namespace",
)
_BY_STATUS = {
    429: ErrorKind(PluginThrottledError, "Vault at {server} throttled the request{quotation}", "try later"),
    503: ErrorKind(PluginError, "Vault at {server} is sealed or unavailable{quotation}", "have it unsealed"),
}
_FAILED = ErrorKind(PluginError, "Vault at {server} failed with status {status}{quotation}", "try again later")


def request_certificate(settings: Settings, token: IdentityToken, key: PrivateKey) -> tuple[list[str], Expected]:
    """Logs in and has a certificate issued for a key.

    Args:
        settings: Settings of the key id.
        token: Checked token.
        key: The key.

    Returns:
        The certificates in PEM, the new one first, and what it must be.

    Raises:
        PluginError: Vault refused, or its answer is malformed.
    """
    if _NOT_IN_URI.search(token.issuer):
        raise PluginValidationError(
            f"the issuer {token.issuer!r} has a character that no issuer in a certificate of Vault's can have"
        )
    subject = settings.subject or token.subject
    identity = Identity(token.issuer, subject)
    redactor = Redactor(_TOKENS)
    redactor.remember(token.reveal())
    server = settings.server
    with ServiceClient(
        server.address, ca_file=server.tls_ca, is_plain_allowed=server.is_plain_allowed, advice=_ADDRESS_ADVICE
    ) as client:
        session = _Session(client, settings, token, redactor)
        session.log_in()
        pems = session.sign(make_request(key, settings.key_spec, identity), identity)
    name = f"Vault at {server.address}"
    return pems, Expected(name, token.issuer, (subject,), ROLE_ADVICE, IDENTITY_ADVICE)


class _Session:
    """Requests of one login."""

    def __init__(self, client: ServiceClient, settings: Settings, token: IdentityToken, redactor: Redactor) -> None:
        self._client = client
        self._settings = settings
        self._token = token
        self._redactor = redactor
        self._headers = {"Content-Type": "application/json", "X-Vault-Request": "true"}
        if settings.namespace:
            self._headers["X-Vault-Namespace"] = settings.namespace

    def log_in(self) -> None:
        """Exchanges the identity token for one of Vault."""
        path = f"auth/{self._settings.auth_mount}/login"
        role = {"role": self._settings.auth_role} if self._settings.auth_role else {}
        response = self._client.post(f"/v1/{path}", _encode({"jwt": self._token.reveal(), **role}), self._headers)
        if response.status != _OK:
            raise self._error(_LOGIN_DENIED if response.status in (400, 401, 403) else None, path, response)
        with reject_malformed(f"Vault at {self._client.address} answered the login without a token"):
            secret = json.loads(response.body)["auth"]["client_token"]
            if not (isinstance(secret, str) and secret.isascii() and secret.isprintable()):
                raise TypeError
        self._redactor.remember(secret)
        self._headers = {**self._headers, "X-Vault-Token": secret}

    def sign(self, request: str, identity: Identity) -> list[str]:
        """Has a certificate issued, and returns it with those above it, in PEM."""
        key_id = self._settings.key_id
        path = f"{key_id.mount}/sign/{key_id.role}"
        body = {
            "csr": request,
            "format": "pem",
            "ttl": self._settings.ttl,
            # For a role that does not take it from the request.
            "uri_sans": [identity.uri],
        }
        response = self._client.post(f"/v1/{path}", _encode(body), self._headers)
        if response.status != _OK:
            kind = {400: _SIGN_REFUSED, _FORBIDDEN: _SIGN_DENIED}.get(response.status)
            raise self._error(kind, path, response)
        with reject_malformed(f"Vault at {self._client.address} returned no certificate"):
            members = json.loads(response.body)
            data = members["data"]
            pems = [data["certificate"], *(data.get("ca_chain") or [data["issuing_ca"]])]
            if not all(isinstance(each, str) for each in pems):
                raise TypeError
        if members.get("lease_id"):
            raise PluginValidationError(
                f"Vault will revoke the certificate of the role {key_id.role} when the login's token ends",
                advice="the PKI role needs generate_lease=false",
            )
        return pems

    def _error(self, kind: ErrorKind | None, path: str, response: ServiceResponse) -> PluginError:
        messages = self._messages(response.body)
        if kind is None and response.status == _NOT_FOUND:
            kind = _NO_ENGINE
        kind = kind or _BY_STATUS.get(response.status, _FAILED)
        return kind.to_error(
            {"path": path, "status": str(response.status)},
            server=self._client.address,
            path=path,
            role=self._settings.key_id.role,
            issuer=self._token.issuer,
            subject=self._token.subject,
            status=response.status,
            advice=_advice_for(messages),
            quotation=f": {messages}" if messages else "",
        )

    def _messages(self, body: bytes) -> str:
        try:
            errors = json.loads(body)["errors"]
            text = " ".join(each for each in errors if isinstance(each, str))
        except (ValueError, KeyError, TypeError, RecursionError):
            return ""
        return self._redactor.show(text)


def _advice_for(messages: str) -> str:
    if "URI Subject Alternative" in messages or "SANs" in messages:
        return IDENTITY_ADVICE
    if "common_name" in messages:
        return "the PKI role needs require_cn=false: the identity is in the URI, and Vault compares that with the login"
    if "unknown role" in messages:
        return "check the role in the key id: 'vault list MOUNT/roles'"
    return ROLE_ADVICE


def _encode(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members).encode()
