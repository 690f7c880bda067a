"""Identity tokens from their sources; every time anew, since they live for minutes."""

import base64
import json
import os
from urllib.parse import quote, urlencode

from notarykit.plugin import (
    PluginAccessDeniedError,
    PluginError,
    ServiceClient,
    read_file,
    reject_malformed,
    without_marks,
)
from notarykit_identity.address import check_address, split_address
from notarykit_identity.issuer import discover
from notarykit_identity.settings import Settings
from notarykit_identity.token import LARGEST_TOKEN, IdentityToken
from notarykit_identity.token_source import FILE, GITHUB, GITLAB, KUBERNETES, VARIABLE, TokenSource

_OK = 200
_URL_OF_GITHUB, _TOKEN_OF_GITHUB = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
_BY_GITHUB = "give the job 'permissions: id-token: write'"


def get_checked_token(settings: Settings) -> IdentityToken:
    """Returns a token that may be sent to the certificate authority; errors as in `get_token` and `check`."""
    source, audience = settings.source, settings.audience
    token = get_token(source, audience, settings.issuer)
    token.check(audience, settings.issuer, source.audience_advice(audience), source.expiry_advice)
    return token


def get_token(source: TokenSource, audience: str, issuer: str | None) -> IdentityToken:
    """Returns a token; files and variables are read again each time.

    Args:
        source: The source.
        audience: Audience to request, where the source can be asked for one.
        issuer: Issuer, which `CLIENT` needs.

    Raises:
        PluginAccessDeniedError: There is no token.
        PluginError: A service did not return one.
        SigningKeyError: A file cannot be read.
    """
    if source.kind in (FILE, KUBERNETES):
        return IdentityToken(_read(source.place, "the identity token's file"), f"the token in {source.place}")
    if source.kind in (VARIABLE, GITLAB):
        text = _variable(source.place, "the identity token is to be there")
        return IdentityToken(text, f"the token in ${source.place}")
    if source.kind == GITHUB:
        return IdentityToken(_from_github(source, audience), "the token of GitHub Actions")
    configuration = discover(issuer or "", source)
    return IdentityToken(_from_client(source, configuration.token_endpoint, audience), "the token of the issuer")


def _read(path: str, what: str) -> str:
    content = read_file(path, what)
    if len(content) > 2 * LARGEST_TOKEN:
        raise PluginAccessDeniedError(f"{what} {path} is too large for a secret", advice="name another file")
    return _check_secret(without_marks(content).decode("utf-8", "replace"), f"{what} {path}")


def _variable(name: str, meaning: str, advice: str = "") -> str:
    text = os.environ.get(name)
    if not text:
        raise PluginAccessDeniedError(
            f"${name} is not set, and {meaning}", advice=advice or "set it, or name another source"
        )
    return _check_secret(text, f"${name}")


def _check_secret(text: str, source: str) -> str:
    """Returns a secret without surrounding blanks; one that cannot be sent in a header is refused unquoted."""
    text = text.strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise PluginAccessDeniedError(f"{source} is not one line of printable characters", advice="check its contents")
    return text


def _from_github(source: TokenSource, audience: str) -> str:
    """GitHub Docs, "OpenID Connect reference", "Methods for requesting the OIDC token"."""
    url = _variable(_URL_OF_GITHUB, "GitHub Actions sets it", _BY_GITHUB)
    bearer = _variable(_TOKEN_OF_GITHUB, "GitHub Actions sets it", _BY_GITHUB)
    check_address(f"${_URL_OF_GITHUB}", url, is_plain_allowed=source.is_plain_allowed)
    origin, path = split_address(url)
    path = f"{path}{'&' if '?' in path else '?'}audience={quote(audience, safe='')}"
    with ServiceClient(origin, ca_file=source.tls_ca, is_plain_allowed=source.is_plain_allowed) as client:
        response = client.get(path, {"Authorization": f"Bearer {bearer}", "Accept": "application/json"})
    if response.status != _OK:
        raise PluginError(f"GitHub Actions returned no token: status {response.status}", advice=_BY_GITHUB)
    return _member(response.body, "value", "GitHub Actions")


def _from_client(source: TokenSource, endpoint: str, audience: str) -> str:
    """RFC 6749, section 4.4, with the client's secret in the header (section 2.3.1)."""
    secret = _read(source.secret_file, "client_secret_file")
    pair = ":".join(quote(each, safe="") for each in (source.client_id, secret))
    form = {"grant_type": "client_credentials", "audience": audience} | (
        {"scope": source.scope} if source.scope else {}
    )
    headers = {
        "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    origin, path = split_address(endpoint)
    with ServiceClient(origin, ca_file=source.tls_ca, is_plain_allowed=source.is_plain_allowed) as client:
        response = client.post(path, urlencode(form).encode(), headers)
    if response.status != _OK:
        raise PluginAccessDeniedError(
            f"the issuer's token endpoint refused the client: status {response.status}",
            advice="check client_id, client_secret_file and scope, and that the client may use client credentials",
        )
    try:
        return _member(response.body, "id_token", "the issuer")
    except PluginError:
        return _member(response.body, "access_token", "the issuer")


def _member(body: bytes, name: str, who: str) -> str:
    with reject_malformed(f"{who} returned no token"):
        text = json.loads(body)[name]
        if not isinstance(text, str):
            raise TypeError
        return _check_secret(text, f"the token of {who}")
