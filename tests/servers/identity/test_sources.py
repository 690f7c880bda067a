"""Where tokens come from: CI systems, clients of an issuer, and what their servers must not do."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from notarykit.errors import NotarykitError, PluginAccessDeniedError, PluginError, PluginValidationError
from notarykit_identity.diagnosis import walk
from notarykit_identity.issuer import check_signature, discover
from notarykit_identity.token import IdentityToken
from notarykit_identity.token_request import get_token
from notarykit_identity.token_source import TokenSource
from tests.servers.identity.issuer import (
    AUDIENCE,
    CLIENT,
    CLIENT_SECRET,
    REQUEST_TOKEN,
    SUBJECT,
    Issuer,
    Signer,
    claims_of,
    encode,
)
from tests.servers.identity.scene import Scene
from tests.servers.identity.vault_ca import VaultCA
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.http_server import Reply


@pytest.fixture
def access(registry_ca: RegistryCA) -> TokenSource:
    """Access to the issuer."""
    return TokenSource("file", tls_ca=registry_ca.ca_file)


@pytest.fixture
def job(issuer: Issuer, access: TokenSource, monkeypatch: pytest.MonkeyPatch) -> TokenSource:
    """Source in a job of GitHub Actions."""
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{issuer.url}/github?api-version=2.0")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN)
    return access._replace(kind="github")


def test_job_of_github_gets_a_token_for_its_audience(issuer: Issuer, job: TokenSource) -> None:
    """The audience is requested, and the job's own token is sent in the header alone."""
    token = get_token(job, "https://ca.example/?a=b&c", None)
    assert token.audiences == ("https://ca.example/?a=b&c",)
    (seen,) = issuer.seen
    assert seen.query == {"api-version": ["2.0"], "audience": ["https://ca.example/?a=b&c"]}
    assert REQUEST_TOKEN not in seen.target


def test_job_of_github_signs(scene: Scene, session_vault_ca: VaultCA, job: TokenSource) -> None:
    """A job signs with nothing but the variables that its runner sets."""
    config = {name: value for name, value in scene.for_vault(session_vault_ca).items() if name != "token_file"}
    scene.sign(session_vault_ca.key_id, config | {"token_source": "github"})


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500),
        Reply(401, (), b"bad " + REQUEST_TOKEN.encode()),
        Reply(200, (), b"{}"),
        Reply(200, (), b'{"value": 7}'),
        Reply(200, (), b'{"value": "two words"}'),
        Reply(200, (), b"<html>"),
        Reply(302, (("Location", "https://elsewhere.example/"),)),
    ],
)
def test_job_without_a_token(issuer: Issuer, job: TokenSource, reply: Reply, monkeypatch: pytest.MonkeyPatch) -> None:
    """What GitHub's server answers otherwise is an error, which shows no secret."""
    monkeypatch.setattr("notarykit.net.client.HttpClient.wait_to_retry", lambda *_: None)
    issuer.answers["/github"] = reply
    with pytest.raises(PluginError) as caught:
        get_token(job, AUDIENCE, None)
    assert REQUEST_TOKEN not in caught.value.one_line()
    assert "two words" not in caught.value.one_line()


@pytest.fixture
def client(scene: Scene, access: TokenSource) -> TokenSource:
    """Source of a client of the issuer."""
    secret = scene.folder / "secret"
    secret.write_text(f"{CLIENT_SECRET}\n")
    return access._replace(kind="client-credentials", client_id=CLIENT, secret_file=str(secret), scope="sign")


def test_client_gets_a_token_by_discovery(issuer: Issuer, client: TokenSource) -> None:
    """The endpoint is found by discovery; the secret is in the header alone."""
    token = get_token(client, AUDIENCE, issuer.url)
    assert (token.issuer, token.subject, token.audiences) == (issuer.url, SUBJECT, (AUDIENCE,))
    first, second = issuer.seen
    assert first.path == "/.well-known/openid-configuration"
    assert second.form == {"grant_type": ["client_credentials"], "audience": [AUDIENCE], "scope": ["sign"]}
    assert CLIENT_SECRET.encode() not in second.body


def test_client_signs(scene: Scene, session_vault_ca: VaultCA, client: TokenSource) -> None:
    """A workload of any issuer with a client of its own signs."""
    config = {name: value for name, value in scene.for_vault(session_vault_ca).items() if name != "token_file"}
    config |= {"token_source": client.kind, "client_id": CLIENT, "client_secret_file": client.secret_file}
    scene.sign(session_vault_ca.key_id, config | {"issuer": scene.issuer.url})


def test_client_that_is_refused(issuer: Issuer, client: TokenSource) -> None:
    """A wrong secret is told as such, and not shown."""
    with open(client.secret_file, "w", encoding="utf-8") as file:
        file.write("wrong-secret")
    with pytest.raises(PluginAccessDeniedError, match="refused the client: status 401") as caught:
        get_token(client, AUDIENCE, issuer.url)
    assert "wrong-secret" not in caught.value.one_line()
    issuer.answers["/token"] = Reply(200, (), b'{"access_token": ["a"]}')
    with pytest.raises(PluginError, match="returned no token"):
        get_token(client, AUDIENCE, issuer.url)


def _configuration(server: Issuer, **changes: Any) -> Reply:
    members = server.pages["/.well-known/openid-configuration"] | changes
    return Reply(200, (), json.dumps(members).encode())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": "https://other.example"}, "is of the issuer 'https://other.example'"),
        ({"issuer": None}, "is of the issuer"),
        ({"token_endpoint": "http://127.0.0.1:1/token"}, "token_endpoint is an http:// URL"),
        ({"token_endpoint": "http://other.example/token"}, "of another machine"),
        ({"jwks_uri": "ftp://other.example"}, "is not an https:// URL"),
    ],
)
def test_configuration_that_leads_astray(
    issuer: Issuer, client: TokenSource, changes: dict[str, Any], reason: str
) -> None:
    """Another issuer's configuration, and addresses without TLS, are refused before the secret is sent."""
    issuer.answers["/.well-known/openid-configuration"] = _configuration(issuer, **changes)
    with pytest.raises(NotarykitError, match=reason):
        get_token(client, AUDIENCE, issuer.url)
    assert [seen.path for seen in issuer.seen] == ["/.well-known/openid-configuration"]


@pytest.fixture
def plain_issuer() -> Iterator[Issuer]:
    """An issuer without TLS."""
    with Issuer() as issuer:
        yield issuer


def test_discovery_is_over_tls(plain_issuer: Issuer, issuer: Issuer, access: TokenSource) -> None:
    """Discovery over plain HTTP is for this machine, where it is allowed; elsewhere TLS is verified."""
    with pytest.raises(PluginValidationError, match="is an http:// URL"):
        discover(plain_issuer.url, access)
    assert plain_issuer.seen == []
    assert discover(plain_issuer.url, access._replace(is_plain_allowed=True)).issuer == plain_issuer.url
    with pytest.raises(PluginValidationError, match="of another machine"):
        discover("http://issuer.example", access._replace(is_plain_allowed=True))
    with pytest.raises(PluginError, match="certificate"):
        discover(issuer.url, access._replace(tls_ca=""))
    assert issuer.seen == []


@pytest.mark.parametrize("is_rsa", [False, True])
def test_signature_is_checked_under_published_keys(
    issuer: Issuer, access: TokenSource, monkeypatch: pytest.MonkeyPatch, *, is_rsa: bool
) -> None:
    """The doctor tells a token of the issuer's key from a forged one, of either kind."""
    monkeypatch.setattr(issuer, "signer", Signer("2", is_rsa=is_rsa))
    check_signature(IdentityToken(issuer.token(), "the token"), access)
    forged = IdentityToken(Signer("2", is_rsa=is_rsa).sign(claims_of(issuer.url)), "the token")
    with pytest.raises(PluginAccessDeniedError, match="none of the keys"):
        check_signature(forged, access)
    other = IdentityToken(Signer("2", is_rsa=not is_rsa).sign(claims_of(issuer.url)), "the token")
    with pytest.raises(PluginAccessDeniedError, match="none of the keys"):
        check_signature(other, access)


@pytest.mark.parametrize(
    "keys",
    [
        b"{}",
        b'{"keys": 7}',
        b'{"keys": [7, {}, {"kid": "1"}, {"kid": "1", "crv": "P-256", "x": "", "y": "!"}]}',
        b'{"keys": [{"kid": "1", "crv": "P-256", "x": 1, "y": null}]}',
    ],
)
def test_keys_that_are_none(issuer: Issuer, access: TokenSource, keys: bytes) -> None:
    """Malformed keys made no signature."""
    issuer.answers["/keys"] = Reply(200, (), keys)
    with pytest.raises(PluginAccessDeniedError, match="none of the keys"):
        check_signature(IdentityToken(issuer.token(), "the token"), access)


def test_unsigned_token_is_not_good(issuer: Issuer, access: TokenSource) -> None:
    """`none` is no algorithm."""
    parts = [encode(json.dumps(each).encode()) for each in ({"alg": "none"}, claims_of(issuer.url))]
    with pytest.raises(PluginAccessDeniedError, match="'none', which is not supported"):
        check_signature(IdentityToken(f"{parts[0]}.{parts[1]}.", "the token"), access)


def test_doctor_warns_of_an_issuer_that_it_cannot_ask(scene: Scene, session_vault_ca: VaultCA, issuer: Issuer) -> None:
    """The certificate authority may reach an issuer that this machine does not, so that is no failure."""
    issuer.answers["/.well-known/openid-configuration"] = Reply(404)
    findings = list(walk(session_vault_ca.key_id, scene.for_vault(session_vault_ca)))
    assert [(finding.step, finding.result) for finding in findings] == [("token", "ok"), ("issuer", "warning")]
    assert findings[1].advice
    (finding,) = walk(session_vault_ca.key_id, {})
    assert (finding.step, finding.result, bool(finding.advice)) == ("configuration", "FAILED", True)
